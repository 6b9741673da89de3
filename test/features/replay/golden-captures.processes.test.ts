// `protobff golden from-captures`: few requests that reach what the traffic reached.
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, relative } from "node:path";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type GoldenDocument, parseGolden } from "../../../cli/src/golden/document.ts";
import { run } from "../../../cli/src/testing/run.ts";
import { root } from "../../../scripts/workspaces.ts";
import { GeneratedProject, type Handlers } from "../../support/generated-project.ts";
import { linesOf } from "./two-builds.ts";

const UP = `syntax = "proto3";
package up.v1;
service ItemService {
  rpc GetItem(GetItemRequest) returns (Item) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc GetStock(GetItemRequest) returns (Stock) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetItemRequest { string id = 1; }
message Item { string id = 1; string name = 2; int64 cents = 3; repeated string tags = 4; string code = 5; }
message Stock { int32 available = 1; }
`;
const PROTO = `// opt: server=true
syntax = "proto3";
package shop.v1;
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/wrappers.proto";
import "up/v1/up.proto";
option (bff.v1.file).upstream = { timeout: "20s" };
service ShopService {
  option (bff.v1.service) = {};
  rpc GetPage(GetPageRequest) returns (Page) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method).timeout = "60s";
  }
  rpc GetOther(GetPageRequest) returns (Other) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method).timeout = "60s";
  }
}
enum Kind { KIND_UNSPECIFIED = 0; KIND_BOOK = 1; KIND_TEA = 2; }
message GetPageRequest {
  string id = 1;
  int32 top = 2;
  Kind kind = 3;
  bool full = 4;
  string secret = 5 [debug_redact = true];
  repeated string words = 6;
  map<string, int64> numbers = 7;
  google.protobuf.StringValue note = 8;
  google.protobuf.Struct more = 9;
}
message Page {
  option (bff.v1.message) = { let: [
    { guard: { if: "args.id == ''" fail: { code: INVALID_ARGUMENT message: "id is missing" } } },
    { name: "item" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } } },
    { name: "stock" supplementary: true if: "args.full"
      call: { method: "up.v1.ItemService/GetStock" set: { name: "id" by: "args.id" } } }
  ] };
  string title = 1 [(bff.v1.field).by = "args.kind == Kind.KIND_TEA ? 'Tea: ' + item.name : item.name"];
  int64 cents = 2 [(bff.v1.field).by = "args.top > 5 ? item.cents * 2 : item.cents"];
  optional int32 available = 3 [(bff.v1.field).by = "stock.available"];
  repeated string tags = 4 [(bff.v1.field).by = "item.tags"];
  string code = 5 [debug_redact = true, (bff.v1.field).by = "item.code"];
  repeated bff.v1.Degradation degraded = 15;
}
message Other {
  option (bff.v1.message) = { let: [
    { name: "item" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } } }
  ] };
  string title = 1 [(bff.v1.field).by = "item.name"];
}
`;

const EVIL = `\u001b[2J\u009b\u202e\`${"$"}{process.exit()}\`../../x`;
const REQUESTS: readonly object[] = [
  { id: "ada@example.org" },
  { id: "b", kind: "KIND_BOOK", words: ["x", "y", "x"], numbers: { k: 7 } },
  { id: "c", kind: "KIND_TEA", full: true, secret: "hidden", note: EVIL, more: { secretKey: [1] } },
  { id: "" },
  { id: "gone" },
  { id: "broken", full: true },
  { id: "down" },
  { id: "c2", kind: "KIND_TEA" },
];

let folder: string;
let file: string;
let server: string;
let name: string;
let project: GeneratedProject;
const fails = (code: Code): never => {
  throw new ConnectError("refused", code);
};
const handlers = {
  "up.v1.ItemService/GetItem": ({ id }: { id: string }) => {
    if (id === "gone") fails(Code.NotFound);
    if (id === "down") fails(Code.Unavailable);
    return { id, name: `Item of ${id}`, cents: 4_711n, tags: ["p", "q"], code: "hidden" };
  },
  "up.v1.ItemService/GetStock": ({ id }: { id: string }) => (id === "broken" ? fails(Code.Internal) : { available: 3 }),
} as unknown as Handlers<never>;

async function capture(): Promise<void> {
  const bff = await project.served(name, handlers, { BFF_CAPTURE: `all;dir=${folder}/captures` });
  for (const request of REQUESTS)
    await bff.post("shop.v1.ShopService/GetPage", request, { headers: { "x-request-id": "request-1" } });
  await bff.stop();
  file = join(folder, "captures", readdirSync(join(folder, "captures"))[0] ?? "");
}
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "protobff-golden-captures-"));
  project = new GeneratedProject("golden-captures", { "shop/v1/shop.proto": PROTO }, { "up/v1/up.proto": UP });
  [name = ""] = project.generate();
  server = join(project.folder, name);
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  project.remove();
});

let written = 0;
async function golden(files: readonly string[], ...more: readonly string[]) {
  const out = join(folder, `golden-${written++}.json`);
  const ran = await run(["golden", "from-captures", ...files, "--file", out, "--server", server, ...more], root);
  const text = ran.stdout.includes("\nwrote ") ? readFileSync(out, "utf8") : "";
  return { ...ran, text, document: documentOf(text, out), out };
}
/** The file, which a person's file has to equal in form. */
function documentOf(text: string, path: string): GoldenDocument | undefined {
  if (text === "") return undefined;
  parseGolden(text, path);
  return JSON.parse(text);
}
const GET = "shop.v1.ShopService/GetPage";
const PAGE = { title: "title-1", cents: "1", tags: ["tags-1", "tags-2"] };

test("writes few requests that reach the rpcs, steps and conditions, with samples", async () => {
  await capture();
  const { exitCode, stdout, stderr, text, document, out } = await golden([file]);
  expect([exitCode, stderr]).toEqual([0, ""]);
  expect(document).toEqual({
    note: "Requests from captures of traffic. Texts and numbers are samples of the same shape.",
    examples: [
      { method: GET, request: { id: "id-1" }, compare: "shape", response: PAGE },
      {
        method: GET,
        request: { id: "id-1", kind: "KIND_TEA", full: true, note: "value-1", more: {} },
        compare: "shape",
        response: { ...PAGE, available: 1 },
      },
      { method: GET, request: {}, compare: "shape", error: "INVALID_ARGUMENT" },
    ],
  });
  expect(text).not.toMatch(/ada|hidden|secret|4711/i);
  const code = relative(root, server).replace("server.ts", "shop_bff.ts");
  const [first, ...lines] = stdout.replaceAll(code, "shop_bff.ts").split("\n");
  expect(first).toBe("8 requests reach 1 of 2 rpcs; 3 of them reach the same");
  expect(lines.map((line) => line.replace(/shop_bff.ts:\d+/, "shop_bff.ts:1"))).toEqual([
    "never reached: shop.v1.ShopService/GetOther",
    "never reached: shop_bff.ts:1: ? cel.multiplyInt(item.cents, 2n)",
    expect.stringMatching(/^never reached: shop_bff.ts:1: async function composeOther\(.*…$/),
    "reached only by requests that are left out: shop_bff.ts:1: (page, entries) => { page.degraded = entries; }",
    expect.stringContaining(
      'reached only by requests that are left out: shop_bff.ts:1: { cx.touched(page, "available"',
    ),
    `left out: request 5 of ${basename(file)}: its status is INTERNAL, of a broken server`,
    `left out: request 6 of ${basename(file)}: its answer is degraded`,
    `left out: request 7 of ${basename(file)}: its status is UNAVAILABLE, of a broken server`,
    "left out: the fields shop.v1.GetPageRequest.secret, shop.v1.Page.code, which are masked, unknown, or have no JSON",
    "left out: the headers x-request-id: pass them by --header",
    `wrote 3 examples to ${out}`,
    "",
  ]);
  // Requests are counted in batches.
  expect((await golden(Array.from({ length: 9 }, () => file))).document).toEqual(document);
});

test("a server gives the sampled answers, and a check reports another status", async () => {
  const { out } = await golden([file]);
  for (const [path, text] of Object.entries({ "shop/v1/shop.proto": PROTO, "up/v1/up.proto": UP }))
    project.write(path, text);
  for (const options of ["bff", "third_party/buf"])
    cpSync(join(root, "proto", options), join(project.folder, basename(options)), { recursive: true });
  project.write("buf.gen.yaml", "version: v2\nplugins:\n  - local: protoc-gen-bff\n    out: gen\n");
  const bff = await project.served(name, handlers);
  const check = () => run(["golden", "check", "--url", bff.url, "--file", out, "--timeout", "60000"], project.folder);
  expect(await check()).toMatchObject({ exitCode: 0, stderr: "", stdout: expect.stringContaining("3 of 3 examples") });
  writeFileSync(out, readFileSync(out, "utf8").replace('"INVALID_ARGUMENT"', '"NOT_FOUND"'));
  expect((await check()).exitCode).toBe(1);
});

test("captured texts and numbers remain with --as-captured, with a note, and as data", async () => {
  const { text, document, stdout } = await golden([file], "--as-captured");
  expect(document?.note).toContain("they may be personal data");
  expect(text.indexOf("personal data")).toBeLessThan(150);
  const [first, second] = document?.examples ?? [];
  expect(first).toMatchObject({
    request: { id: "ada@example.org" },
    headers: { "x-request-id": "request-1" },
    response: { title: "Item of ada@example.org", cents: "4711", tags: ["p", "q"] },
  });
  expect(first).not.toHaveProperty("compare");
  expect(second?.request).toMatchObject({ note: EVIL, more: { secretKey: [1] } });
  expect(text).not.toMatch(/hidden/);
  for (const shown of [text, stdout]) expect(shown.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}]/u);
});

test("unusable captures, damaged lines, and requests without an rpc or a field are named and left out", async () => {
  const lines = linesOf(file).split("\n");
  const changed = (path: string, change: (all: string[]) => string[]): string => {
    const full = join(folder, path);
    writeFileSync(full, change([...lines]).join("\n"));
    return full;
  };
  const [header = "", ...requests] = lines;
  const other = changed("other.jsonl", () => [header.replace('"shop.v1"', '"evil\\u001b[2J.v1"'), ...requests]);
  const newer = changed("newer.jsonl", () => [header.replace(/"capture":\d+/, '"capture":99'), ...requests]);
  const damaged = changed("damaged.jsonl", (all) => all.with(2, "{").with(3, (all[3] ?? "").slice(0, -9)));
  const cut = changed("cut.jsonl", (all) => [...all.slice(0, 2), (all[2] ?? "").slice(0, 90)]);
  const lost = changed("lost.jsonl", (all) => [
    header,
    (all[1] ?? "").replace("/GetPage", "/GetLost\\u001b[2J"),
    (all[1] ?? "").replace(/"message":"[^"]*"/, `"message":"${Buffer.from([0xf8, 0x3f, 1]).toString("base64")}"`),
    (all[1] ?? "").replace(/"message":"[^"]*"/, '"message":"/w=="'),
    "",
  ]);
  const { exitCode, stdout, document } = await golden([other, newer, damaged, cut, lost, file]);
  expect(exitCode).toBe(2);
  expect(document?.examples).toHaveLength(3);
  for (const line of [
    `unusable: ${other} is a capture of evil\\u001b[2J.v1, and the server serves shop.v1`,
    `unusable: ${newer}:1 has format 99`,
    `unusable: ${damaged}:3 is damaged: it is no object of JSON`,
    `unusable: ${damaged}:4 is damaged`,
    "left out: cut.jsonl: the last request of its file is incomplete",
    "left out: request 1 of lost.jsonl: the build has no shop.v1.ShopService/GetLost\\u001b[2J",
    "left out: request 1 of lost.jsonl: the request sets GetPageRequest.#1023, which the build has no field for",
    `unusable: ${lost}: request 1: the capture is damaged: \`message\` of request 1 cannot be read`,
  ])
    expect(stdout).toContain(`\n${line}`);
});

test("wrong arguments are refused, and a file is not replaced without --update", async () => {
  const { out } = await golden([file]);
  const refused = async (args: readonly string[], error: string) => {
    const { exitCode, stderr } = await run(["golden", ...args, "--file", out], root);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(error)]);
  };
  await refused(["from-captures", file, "--server", server], `${out} exists: --update replaces it`);
  await refused(["from-captures", file, "--update", "--url", "http://x"], "from-captures has no --url");
  await refused(["from-captures", "--update"], "captures are missing");
  await refused(["from-captures", file, "--update", "--server", join(folder, "none.ts")], "cannot be loaded");
  await refused(["check", "--url", "http://x", "--as-captured"], "check has no captures, --server and --as-captured");
  await refused(["check"], "--url is missing");
  expect(
    (await run(["golden", "from-captures", file, "--server", server, "--update", "--file", out], root)).exitCode,
  ).toBe(0);
  const empty = join(folder, "empty.jsonl");
  writeFileSync(empty, `${linesOf(file).split("\n")[0]}\n`);
  expect((await golden([empty])).stderr).toContain("no request is left for the file");
});
