// `protobff replay --against`: what it says of another build is what that build does, live on the same upstreams.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { run } from "../../../cli/src/testing/run.ts";
import { root } from "../../../scripts/workspaces.ts";
import { sampled } from "../../support/seed/sampled.ts";
import {
  against,
  captured,
  type Edit,
  edited,
  expected,
  linesOf,
  live,
  made,
  REQUESTS,
  reported,
} from "./two-builds.ts";

afterAll(() => {
  for (const remove of made) remove();
});

const ITEM: Edit = ['by: "args.id" } } },', 'by: "args.id" } } }, // reviewed'];
const VISIBLE: Readonly<Record<string, readonly Edit[]>> = {
  "a text": [['"item.name"]', "\"'The ' + item.name\"]"]],
  "a number": [['"price.cents"]', '"price.cents + 1"]']],
  "a field less": [["  optional int32 available = 3", "  // "]],
  "a field more": [
    [
      "  repeated bff.v1.Degradation",
      '  int32 rank = 5 [(bff.v1.field).by = "item.rank"];\n  repeated bff.v1.Degradation',
    ],
  ],
  "a field of items": [["  int32 rank = 2;", ""]],
  "items less": [['"related.items"]', '"related.items.take(1)"]']],
  "a condition on a call": [
    ['{ name: "price" supplementary: true', '{ name: "price" supplementary: true if: "args.top < 2"'],
  ],
  "a step that must not fail": [['{ name: "price" supplementary: true', '{ name: "price"']],
  "other arguments": [['by: "args.region" }', "by: \"'eu'\" }"]],
  "a further attempt": [
    ['set: { name: "id" by: "item.id" } }', 'set: { name: "id" by: "item.id" } retry: { attempts: 4 } }'],
  ],
  "a shorter timeout": [
    ['{ method: "up.v1.ItemService/GetStock"', '{ method: "up.v1.ItemService/GetStock" timeout: "100ms"'],
  ],
};
const INVISIBLE: Readonly<Record<string, readonly Edit[]>> = {
  "a comment": [ITEM],
  "another name of a step": [
    ['name: "stock"', 'name: "left"'],
    ['"stock.available"', '"left.available"'],
  ],
  "a message that nothing uses": [
    ["message GetPageRequest", "message Unused { string x = 1; }\nmessage GetPageRequest"],
  ],
  "a longer timeout": [
    ['{ method: "up.v1.ItemService/GetStock"', '{ method: "up.v1.ItemService/GetStock" timeout: "450ms"'],
  ],
};

let base: Awaited<ReturnType<typeof captured>>;
/** Each test may be the first one that runs. */
let capturing: Promise<typeof base> | undefined;
beforeEach(async () => {
  capturing ??= captured();
  base = await capturing;
});

test("a build is the same as itself", () => {
  const { exitCode, stdout } = against([base.file], base.server);
  expect([exitCode, stdout]).toEqual([
    0,
    "6 requests: 6 same, 0 with differences that are not allowed, 0 not comparable\n",
  ]);
});

test("requests that share a budget of retries are the same, with captured refusals at their attempts", async () => {
  const atOnce = Array.from({ length: 600 }, (_, i) => ({ id: i % 7 === 0 ? "free" : `i${i % 50}`, region: "eu" }));
  const { file, server } = await captured(atOnce);
  // A first retry is admitted, and no second one.
  expect(linesOf(file)).toMatch(/"item retries 1","no",1\]/);
  expect(against([file], server).stdout).toBe(
    "606 requests: 606 same, 0 with differences that are not allowed, 0 not comparable\n",
  );
});

const edits = Object.entries({ ...VISIBLE, ...INVISIBLE });
test.each(sampled(edits, 4))("%s: reports what the build answers and calls, and nothing else", async (name, edit) => {
  const build = await live(edited(...edit));
  const wanted = expected(base.seen, build.seen);
  expect(Object.keys(wanted).length > 0).toBe(name in VISIBLE);
  // Only the build that wrote the captures names a field that the other one has lost.
  const numbers = (text: string) =>
    text.replaceAll("Page.#3", "Page.available").replaceAll("Related.#2", "Related.rank");
  for (const server of [undefined, base.server]) {
    const { stdout, stderr } = against([base.file], build.server, { format: "json", server });
    expect([stderr, reported(JSON.parse(numbers(stdout)))]).toEqual(["", wanted]);
  }
});

test("reports later answers, and what is missing in time", async () => {
  const later = await live(
    edited(['{ name: "price" supplementary: true', '{ name: "price" supplementary: true after: ["stock"]']),
  );
  const { stdout } = against([base.file], later.server);
  expect(stdout).toMatch(
    /\nslower on the critical path: critical path: \d\n {4}request \d of .*: \d+\.\d -> \d+\.\d ms\n/,
  );
  const shorter = await live(edited(...(VISIBLE["a shorter timeout"] ?? [])));
  const found = against([base.file], shorter.server, { allow: ["Page.available"] });
  expect(found.stdout).toMatch(/\nother degradations: bff-degraded: 1\n {4}request 4 of .*: none -> available/);
  expect(found.stdout).toContain("other answer: Page.available: 1 (allowed)\n");
  expect(found.exitCode).toBe(1);
  expect(against([base.file], shorter.server, { allow: ["Page.available, degradations"] }).exitCode).toBe(0);
});

test("exits by what it finds, within what is allowed", async () => {
  const codes = (server: string, allow: readonly string[], maxUnknown?: number) =>
    against([base.file], server, { allow, maxUnknown }).exitCode;
  expect(codes(base.server, [])).toBe(0);
  const text = await live(edited(...(VISIBLE["a text"] ?? [])));
  expect([codes(text.server, []), codes(text.server, ["Page.title"]), codes(text.server, ["Page.cents"])]).toEqual([
    1, 0, 1,
  ]);
  const again = await live(edited(...(VISIBLE["a further attempt"] ?? [])));
  expect([
    codes(again.server, []),
    codes(again.server, ["calls+1, slower"]),
    codes(again.server, ["calls-1, slower"]),
  ]).toEqual([1, 0, 1]);
  const others = await live(edited(...(VISIBLE["other arguments"] ?? [])));
  expect([codes(others.server, []), codes(others.server, [], 0.5)]).toEqual([3, 0]);
  const wrong = against([base.file], text.server, { allow: ["title"] });
  expect([wrong.exitCode, wrong.stderr]).toEqual([
    2,
    expect.stringContaining('--allow "title" is no difference: write Message.field, '),
  ]);
});

test("a field of requests that the build has lost makes them incomparable", async () => {
  const { server } = await live(edited([" int32 top = 3;", ""]));
  const { exitCode, stdout } = against([base.file], server);
  expect(stdout).toContain("not comparable: the request sets GetPageRequest.#3, which the build has no field for: 2\n");
  expect(exitCode).toBe(3);
});

test("headers and claims that the capture lacks make requests incomparable", async () => {
  const header = await live(edited(['"item.name"]', "\"item.name + headers['x-greeting']\"]"]));
  expect(against([base.file], header.server).stdout).toContain(
    "not comparable: the header x-greeting was not captured: 5\n",
  );

  const identity = (claims: string, ...edits: readonly Edit[]): string =>
    edited(
      [
        'upstream = { timeout: "500ms" };',
        `upstream = { timeout: "500ms" };
option (bff.v1.file).identity = {
  type: "shop.v1.Caller"
  source: { name: "edge" trusted: { header: "x-caller" claims: "shop.v1.Claims" } set: { spread: "claims" } }
};
message Claims { ${claims} }
message Caller { ${claims} }`,
      ],
      [
        "rpc GetPage(GetPageRequest) returns (Page) {",
        "rpc GetPage(GetPageRequest) returns (Page) { option (bff.v1.method).permit = {};",
      ],
      ...edits,
    );
  const env = { BFF_TRUSTED_PROXIES: "127.0.0.1" };
  const caller = { "x-caller": Buffer.from('{"subject":"ada"}').toString("base64url") };
  const folder = mkdtempSync(join(tmpdir(), "protobff-against-"));
  made.push(() => rmSync(folder, { recursive: true, force: true }));
  const old = await live(identity("string subject = 1;"), { ...env, BFF_CAPTURE: `all;dir=${folder}` }, [], caller);
  expect(old.seen.map(({ status }) => status)).toContain("OK");
  const files = readdirSync(folder).map((name) => join(folder, name));
  expect(against(files, old.server).stdout).toMatch(/^6 requests: 6 same,/);
  const more = "string subject = 1; string tenant = 2;";
  const named: Edit = ['"item.name"]', '"item.name + principal.tenant"]'];
  const build = await live(identity(more, named), env, [], caller);
  for (const server of [undefined, old.server])
    expect(against(files, build.server, { server }).stdout).toContain(
      "not comparable: the claim tenant was not captured: 6\n",
    );
});

test("unusable captures are named, and the others count", () => {
  const lines = linesOf(base.file).split("\n");
  const written = (name: string, change: (all: string[]) => string[]): string => {
    const path = join(base.folder, name);
    writeFileSync(path, change([...lines]).join("\n"));
    return path;
  };
  const [header = "", ...requests] = lines;
  const other = written("other.jsonl", () => [header.replace('"shop.v1"', '"evil\\u001b[2J.v1"'), ...requests]);
  const newer = written("newer.jsonl", () => [header.replace(/"capture":\d+/, '"capture":99'), ...requests]);
  const forged = written("forged.jsonl", (all) =>
    all.with(2, (all[2] ?? "").replace('"tape":[', '"tape":[["reply"],')),
  );
  const killed = written("killed.jsonl", (all) => [...all.slice(0, 2), (all[2] ?? "").slice(0, 90)]);
  const none = join(base.folder, "none.jsonl");
  const { exitCode, stdout } = against([other, newer, forged, none, base.file], base.server);
  expect(exitCode).toBe(2);
  expect(stdout).toContain(`${REQUESTS.length * 2 - 1} requests: ${REQUESTS.length * 2 - 1} same`);
  expect(stdout).toContain(`unusable: ${other} is a capture of evil\\u001b[2J.v1, and the build serves shop.v1\n`);
  expect(stdout).toContain(`unusable: ${newer}:1 has format 99`);
  expect(stdout).toContain(`unusable: ${forged}:3 is damaged: \`tape\``);
  expect(stdout).toContain(`unusable: ${none} cannot be read`);
  const folder = against([base.folder], base.server);
  expect([folder.exitCode, folder.stdout]).toEqual([2, expect.stringContaining(`unusable: ${newer}:1 has format 99`)]);
  const cut = against([killed], base.server, { maxUnknown: 0.5 });
  expect([cut.exitCode, cut.stdout]).toEqual([
    0,
    expect.stringContaining("not comparable: the last request of its file is incomplete: 1\n"),
  ]);
});

/** Prints each element with its attributes and its text. */
const READ_XML = `import json, sys, xml.etree.ElementTree as tree
print(json.dumps([[e.tag, e.attrib, (e.text or "").strip()] for e in tree.fromstring(sys.stdin.buffer.read()).iter()]))`;

test("reports in the forms of JUnit and Markdown have texts of captures as data", async () => {
  const { server } = await live(edited(...(VISIBLE["a text"] ?? [])));
  const evil = join(base.folder, "a`|<b>&.jsonl");
  writeFileSync(evil, readFileSync(base.file));
  const junit = against([evil], server, { format: "junit" }).stdout;
  const read = spawnSync("python3", ["-c", READ_XML], { input: junit, encoding: "utf8" });
  expect(JSON.parse(read.stdout)).toEqual([
    ["testsuite", { name: "protobff replay", tests: "1", failures: "1", errors: "0" }, ""],
    ["testcase", { classname: "shop.v1.ShopService", name: "GetPage" }, ""],
    ["failure", { message: "5 of 6 requests differ" }, "other answer: Page.title"],
  ]);
  const markdown = against([evil], server, { format: "markdown" }).stdout;
  expect(markdown).toMatch(
    /^\| other answer \| `Page\.title` \| 5 \| `request 1 of a'\\\|<b>&\.jsonl \(.*: title: "Item a" -> "The Item a"` \|$/m,
  );
});

test("the command passes files, options and the exit code on, and refuses those of the other form", async () => {
  const of = (...args: string[]) => run(["replay", base.file, ...args], root);
  const whole = await of(
    base.file,
    "--against",
    base.server,
    "--allow",
    "calls+1,Page.title",
    "--max-unknown",
    "0.5",
    "--format",
    "text",
  );
  expect([whole.exitCode, whole.stdout]).toEqual([
    0,
    `${REQUESTS.length * 2} requests: ${REQUESTS.length * 2} same, 0 with differences that are not allowed, 0 not comparable\n`,
  ]);
  for (const [args, error] of [
    [[], "--server is missing: write --server generated/web/v1/server.ts"],
    [["--against", "x.ts", "--json"], "--json is of the form without --against"],
    [["--server", "x.ts", "--max-unknown", "1"], "--max-unknown is of the form with --against"],
    [["--server", "x.ts", "--allow", "calls"], "--allow is of the form with --against"],
    [["more.jsonl", "--server", "x.ts"], "one file is replayed at a time: several need --against"],
  ] as const) {
    const { exitCode, stderr } = await of(...args);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(error)]);
  }
});
