// `protobff replay --against`: what it says of another build is what that build does, live on the same upstreams.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, expect, test } from "vitest";
import { run } from "../../../cli/src/testing/run.ts";
import { compiled } from "../../../runtime/src/testing/compile-cache.ts";
import { root } from "../../../scripts/workspaces.ts";
import { GeneratedProject, type Handlers } from "../../support/generated-project.ts";
import { sampled } from "../../support/seed/sampled.ts";

const UP = `syntax = "proto3";
package up.v1;
service ItemService {
  rpc GetItem(GetItemRequest) returns (Item) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc GetPrice(GetItemRequest) returns (Price) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc GetStock(GetStockRequest) returns (Stock) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc ListItems(ListItemsRequest) returns (Items) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetItemRequest { string id = 1; }
message GetStockRequest { string id = 1; string region = 2; }
message ListItemsRequest { repeated string ids = 1; }
message Item { string id = 1; string name = 2; int32 rank = 3; repeated string related = 4; }
message Items { repeated Item items = 1; }
message Price { int64 cents = 1; string currency = 2; }
message Stock { int32 available = 1; }
`;
const BASE = `// opt: server=true
syntax = "proto3";
package shop.v1;
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
import "up/v1/up.proto";
option (bff.v1.file).upstream = { timeout: "500ms" };
service ShopService {
  option (bff.v1.service) = {};
  rpc GetPage(GetPageRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetPageRequest { string id = 1; string region = 2; int32 top = 3; }
message Page {
  option (bff.v1.message) = { let: [
    { name: "item" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } } },
    { name: "price" supplementary: true
      call: { method: "up.v1.ItemService/GetPrice" set: { name: "id" by: "item.id" } } },
    { name: "stock" supplementary: true
      call: { method: "up.v1.ItemService/GetStock"
        set: [ { name: "id" by: "args.id" }, { name: "region" by: "args.region" } ] } },
    { name: "related" supplementary: true
      call: { method: "up.v1.ItemService/ListItems" set: { name: "ids" by: "item.related" } } }
  ] };
  string title = 1 [(bff.v1.field).by = "item.name"];
  optional int64 cents = 2 [(bff.v1.field).by = "price.cents"];
  optional int32 available = 3 [(bff.v1.field).by = "stock.available"];
  repeated Related related = 4 [(bff.v1.field).by = "related.items"];
  repeated bff.v1.Degradation degraded = 15;
}
message Related {
  option (bff.v1.message).alias = "up.v1.Item";
  string name = 1;
  int32 rank = 2;
}
`;

type Edit = readonly [from: string, to: string];
const edited = (...edits: readonly Edit[]): string =>
  edits.reduce((text, [from, to]) => {
    expect(text.split(from)).toHaveLength(2);
    return text.replace(from, to);
  }, BASE);

/** Requests, one after the other: some items have no price, slow stock, or nothing at all. */
const REQUESTS = [
  { id: "a", region: "eu" },
  { id: "b", region: "us", top: 2 },
  { id: "free", region: "eu" },
  { id: "slow", region: "eu", top: 1 },
  { id: "gone", region: "eu" },
  { id: "a", region: "us" },
];

/** Upstreams that note their calls, as `package.Service/Method {"id":"a"}`. */
function upstreams() {
  const calls: string[] = [];
  const noting = <T extends object>(name: string, answer: (request: T) => object | Promise<object>) =>
    [
      `up.v1.ItemService/${name}`,
      (request: T) => {
        const { $typeName, ...fields } = request as T & { $typeName: string };
        calls.push(`up.v1.ItemService/${name} ${JSON.stringify(fields)}`);
        return answer(request);
      },
    ] as const;
  const fails = (code: Code): never => {
    throw new ConnectError("refused", code);
  };
  const handlers = Object.fromEntries([
    noting("GetItem", ({ id }: { id: string }) =>
      id === "gone" ? fails(Code.NotFound) : { id, name: `Item ${id}`, rank: id.length, related: ["x", "y"] },
    ),
    noting("GetPrice", async ({ id }: { id: string }) => {
      if (id === "slow") await new Promise((resolve) => setTimeout(resolve, 100));
      return id === "free" ? fails(Code.Unavailable) : { cents: BigInt(id.length * 100), currency: "EUR" };
    }),
    noting("GetStock", async ({ id, region }: { id: string; region: string }) => {
      if (id === "slow") await new Promise((resolve) => setTimeout(resolve, 200));
      return { available: region === "eu" ? 3 : 0 };
    }),
    noting("ListItems", ({ ids }: { ids: string[] }) => ({
      items: ids.map((id, rank) => ({ id, name: `Item ${id}`, rank })),
    })),
  ]) as unknown as Handlers<never>;
  return { handlers, calls };
}

/** What a client and the upstreams see of one request. */
interface Seen {
  readonly status: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly calls: readonly string[];
}

/** Generates a build, and sends it the requests. */
async function live(proto: string, env: Readonly<Record<string, string>> = {}, atOnce: readonly object[] = []) {
  const project = new GeneratedProject(
    `against-${builds++}`,
    { "shop/v1/shop.proto": proto },
    { "up/v1/up.proto": UP },
  );
  made.push(() => project.remove());
  const [server = ""] = project.generate();
  const { handlers, calls } = upstreams();
  const bff = await project.served(server, handlers, env);
  const seen: Seen[] = [];
  for (const request of REQUESTS) {
    calls.length = 0;
    const { status, body } = await bff.post("shop.v1.ShopService/GetPage", request);
    seen.push({ status: status === 200 ? "OK" : String(body.code).toUpperCase(), body, calls: calls.toSorted() });
  }
  const left = [...atOnce];
  const lane = async (): Promise<void> => {
    for (let next = left.pop(); next !== undefined; next = left.pop())
      await bff.post("shop.v1.ShopService/GetPage", next);
  };
  await Promise.all(Array.from({ length: 16 }, lane));
  await bff.stop();
  return { server: join(project.folder, server), seen };
}
let builds = 0;
const made: (() => void)[] = [];
afterAll(() => {
  for (const remove of made) remove();
});

/** A build of the base with its captures. */
async function captured(atOnce: readonly object[] = []) {
  const folder = mkdtempSync(join(tmpdir(), "protobff-against-"));
  made.push(() => rmSync(folder, { recursive: true, force: true }));
  const build = await live(BASE, { BFF_CAPTURE: `all;dir=${folder}` }, atOnce);
  const [file = ""] = readdirSync(folder);
  return { ...build, folder, file: join(folder, file) };
}

/** How often each text is there. */
const counted = (texts: readonly string[]): Readonly<Record<string, number>> =>
  Object.fromEntries(
    Object.entries(Object.groupBy(texts, (text) => text)).map(([text, all]) => [text, all?.length ?? 0]),
  );

/** Fields that differ, as `Related.rank`. */
function fieldsOf(type: string, before: Seen["body"] = {}, after: Seen["body"] = {}): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((name) => {
    const [was, is] = [before[name], after[name]];
    if (name === "degraded" || JSON.stringify(was) === JSON.stringify(is)) return [];
    if (!Array.isArray(was) || !Array.isArray(is)) return [`${type}.${name}`];
    return was.flatMap((item, i) => (i < is.length ? fieldsOf("Related", item, is[i]) : [`${type}.${name}`]));
  });
}

/** What a report has to say, by what both builds did: the kind and what differs, with the number of requests. */
function expected(before: readonly Seen[], after: readonly Seen[]): Readonly<Record<string, number>> {
  return counted(
    before.flatMap((was, i) => {
      const is = after[i] as Seen;
      const other = is.calls.filter((call) => !was.calls.includes(call)).map((call) => call.replace(/ .*/, ""));
      if (other.length > 0) return [`unknown ${other.sort()[0]}`];
      const status = was.status === is.status ? [] : [`status ${was.status} -> ${is.status}`];
      const fields = was.status === "OK" && is.status === "OK" ? fieldsOf("Page", was.body, is.body) : [];
      const [had, has] = [was, is].map(({ calls }) => counted(calls.map((call) => call.replace(/ .*/, ""))));
      const calls = [...new Set([...Object.keys(had ?? {}), ...Object.keys(has ?? {})])].flatMap((rpc) => {
        const more = (has?.[rpc] ?? 0) - (had?.[rpc] ?? 0);
        return more === 0 ? [] : [`calls ${more > 0 ? "+" : ""}${more} ${rpc}`];
      });
      return [...new Set([...status, ...fields.map((field) => `answer ${field}`), ...calls])];
    }),
  );
}

interface Report {
  readonly requests: number;
  readonly groups: readonly { readonly kind: string; readonly what: string; readonly requests: number }[];
}
/** The command's program, without the command. */
function against(files: readonly string[], server: string, more: object = {}) {
  const main = join(root, "packages/replay/src/main.ts");
  const args = JSON.stringify({ files, against: server, ...more });
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, args], { cwd: root, encoding: "utf8", env });
  return { exitCode: status, stdout, stderr };
}
const env = { ...process.env, ...compiled };

/** The same of a report. Other tests look at times and degradations. */
function reported({ groups }: Report): Readonly<Record<string, number>> {
  const kept = groups.filter(({ kind }) => ["answer", "status", "calls", "unknown"].includes(kind));
  return Object.fromEntries(
    kept.map(({ kind, what, requests }) => [
      kind === "unknown" ? `unknown ${what.replace(/ has no captured answer.*/, "")}` : `${kind} ${what}`,
      requests,
    ]),
  );
}

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
    ['{ method: "up.v1.ItemService/GetStock"', '{ method: "up.v1.ItemService/GetStock" timeout: "50ms"'],
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
test("a build is the same as itself", async () => {
  base = await captured();
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
  expect(/"item retries 1","no",1\]/.test(readFileSync(file, "utf8"))).toBe(true);
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

test("unusable captures are named, and the others count", () => {
  const lines = readFileSync(base.file, "utf8").split("\n");
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
  const cut = against([killed], base.server, { maxUnknown: 0.5 });
  expect([cut.exitCode, cut.stdout]).toEqual([
    0,
    expect.stringContaining("not comparable: the last line of its file is incomplete: 1\n"),
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
