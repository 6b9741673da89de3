// Examples against real servers: gRPC by grpc-js with proto-loader, Connect by connect-node.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer, type Server as HttpServer } from "node:http";
import { type AddressInfo, createServer, type Server as NetServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, createFileRegistry, type FileRegistry, fromJson, type JsonValue } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { type Metadata, Server, ServerCredentials } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { compile, parseLock } from "protoc-gen-bff/compiler";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { requestFor } from "../../../test/support/request.ts";
import { parseGolden } from "../golden/document.ts";
import { run } from "../testing/run.ts";
import { cutContract } from "./cut-contract.ts";
import { type Contract, parseContract, renderContract } from "./document.ts";
import { cutExamples, type Example } from "./example.ts";

const STOCK = `syntax = "proto3";
package stock.v1;
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
service StockService {
  rpc GetStock(GetStockRequest) returns (Stock) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc TakeStock(GetStockRequest) returns (Stock);
}
message GetStockRequest { string sku = 1; string unset = 2; string mail = 3 [debug_redact = true]; }
message Stock {
  int64 pieces = 1;
  optional string note = 2;
  State state = 3;
  repeated Shelf shelves = 4;
  map<string, Shelf> by_name = 5;
  google.protobuf.Timestamp counted = 6;
  google.protobuf.StringValue label = 7;
  Shelf first = 8;
  string unread = 9;
  bytes hash = 10;
  double weight = 11;
  Owner owner = 12;
}
message Owner { string mail = 1 [debug_redact = true]; }
message Shelf { string name = 1; string unread = 2; }
enum State { STATE_UNSPECIFIED = 0; STATE_IN = 1; STATE_OUT = 2; STATE_NEW = 3; }
`;
const FIELDS = [
  "int64 pieces = 1 [(bff.v1.field).by = 'stock.pieces'];",
  "optional string note = 2 [(bff.v1.field).by = 'stock.?note'];",
  "State state = 3 [(bff.v1.field).by = 'stock.state'];",
  "repeated string shelves = 4 [(bff.v1.field).by = 'stock.shelves.map(s, s.name)'];",
  `repeated string named = 5 [(bff.v1.field).by = "stock.by_name.map(k, stock.by_name[k].name)"];`,
  "google.protobuf.Timestamp counted = 6 [(bff.v1.field).by = 'stock.counted'];",
  "google.protobuf.StringValue label = 7 [(bff.v1.field).by = 'stock.label'];",
  "string first = 8 [(bff.v1.field).by = 'stock.first.name'];",
  "bytes hash = 10 [(bff.v1.field).by = 'stock.hash'];",
  "double weight = 11 [(bff.v1.field).by = 'stock.weight'];",
  "string mail = 12 [(bff.v1.field).by = 'stock.owner.mail', debug_redact = true];",
];
const SHOP = `syntax = "proto3";
package shop.v1;
import "bff/v1/options.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
service ShopService {
  option (bff.v1.service) = {};
  rpc GetPage(GetPageRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc Take(TakeRequest) returns (Taken);
}
message GetPageRequest { string sku = 1; string mail = 2 [debug_redact = true]; }
message Page {
  option (bff.v1.message).let = {
    name: "stock" call: { method: "stock.v1.StockService/GetStock" set: { spread: "args" } }
  };
  ${FIELDS.join("\n  ")}
}
message TakeRequest { string sku = 1; }
message Taken {
  option (bff.v1.message).let = {
    name: "stock" call: { method: "stock.v1.StockService/TakeStock" set: { spread: "args" } }
  };
  int64 pieces = 1 [(bff.v1.field).by = "stock.pieces"];
}
enum State {
  option (bff.v1.enum).alias = "stock.v1.State";
  STATE_UNSPECIFIED = 0 [(bff.v1.enum_value).default = true];
  STATE_IN = 1;
}
`;
const ANSWER: Readonly<Record<string, JsonValue>> = {
  pieces: "9007199254740993",
  note: "fragile",
  state: "STATE_IN",
  shelves: [{ name: "a", unread: "x" }, { name: "b" }],
  byName: { k: { name: "a" } },
  counted: "2026-01-02T03:04:05Z",
  label: "L",
  first: { name: "a", unread: "y" },
  unread: "z",
  hash: "AQI=",
  weight: "NaN",
};
const GET = "stock.v1.StockService/GetStock";
const TAKE = "stock.v1.StockService/TakeStock";

let dir: string;
let registry: FileRegistry;
let contract: Omit<Contract, "examples">;
/** What servers answer next; a number is a status. */
let answer: JsonValue | number | "never";
/** What they have got. */
let got: { readonly sku: string; readonly authorization: unknown }[] = [];
let grpc: Server;
let connect: HttpServer;
const urls = { grpc: "", connect: "" };

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "protobff-"));
  const protos = { "shop/v1/shop.proto": SHOP, "stock/v1/stock.proto": STOCK };
  const request = requestFor(protos, ["shop/v1/shop.proto"]);
  const { lock, diagnostics } = compile(request, () => undefined, { text: undefined, ci: false });
  expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  registry = createFileRegistry(create(FileDescriptorSetSchema, { file: request.protoFile }));
  const read = parseLock(lock ?? "", "bff.lock.json");
  if ("message" in read) throw new Error(read.message);
  contract = cutContract(read, ["stock.v1.StockService"], "shop", "bff.lock.json");
  mkdirSync(join(dir, "stock/v1"), { recursive: true });
  writeFileSync(join(dir, "stock/v1/stock.proto"), STOCK);
  await startGrpc();
  await startConnect();
}, 60_000);
afterAll(async () => {
  grpc.forceShutdown();
  connect.closeAllConnections();
  await new Promise((done) => connect.close(done));
  rmSync(dir, { recursive: true, force: true });
});
beforeEach(() => {
  answer = { ...ANSWER };
  got = [];
});

async function startGrpc(): Promise<void> {
  const loaded = loadSync(join(dir, "stock/v1/stock.proto"), { enums: String, longs: String, keepCase: false });
  const definition = loaded["stock.v1.StockService"];
  if (definition === undefined || "format" in definition) throw new Error("no service");
  grpc = new Server();
  const handle = (
    call: { request: { sku: string }; metadata: Metadata },
    reply: (e: object | null, a?: object) => void,
  ) => {
    got.push({ sku: call.request.sku, authorization: call.metadata.get("authorization")[0] });
    if (answer === "never") return;
    if (typeof answer === "number") reply({ code: answer, details: "so it is" });
    else {
      // proto-loader knows nothing of JSON's forms.
      const fields = answer as Record<string, JsonValue>;
      reply(null, {
        ...fields,
        ...("counted" in fields && { counted: { seconds: Date.parse(String(fields.counted)) / 1000 } }),
        ...("label" in fields && { label: { value: fields.label } }),
        ...("hash" in fields && { hash: Buffer.from(String(fields.hash), "base64") }),
        ...("weight" in fields && { weight: Number(fields.weight) }),
      });
    }
  };
  grpc.addService(definition, { GetStock: handle, TakeStock: handle });
  const port = await new Promise<number>((done, failed) =>
    grpc.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? done(bound) : failed(error),
    ),
  );
  urls.grpc = `http://127.0.0.1:${port}`;
}

async function startConnect(): Promise<void> {
  const service = registry.getService("stock.v1.StockService");
  const output = registry.getMessage("stock.v1.Stock");
  if (service === undefined || output === undefined) throw new Error("no service");
  const { ConnectError } = await import("@connectrpc/connect");
  const handle = (request: object, { requestHeader }: { requestHeader: Headers }) => {
    got.push({ sku: (request as { sku: string }).sku, authorization: requestHeader.get("authorization") ?? undefined });
    if (answer === "never") return new Promise<never>(() => {});
    if (typeof answer === "number") throw new ConnectError("so it is", answer);
    return fromJson(output, answer);
  };
  const routes = connectNodeAdapter({
    routes: (router) => router.service(service, { getStock: handle, takeStock: handle } as never),
  });
  connect = createHttpServer(routes);
  await new Promise<void>((done) => connect.listen(0, "127.0.0.1", done));
  urls.connect = `http://127.0.0.1:${(connect.address() as AddressInfo).port}`;
}

const example = (more: Partial<Example> = {}): Example => {
  const { error } = more;
  return {
    method: GET,
    request: { sku: "s1" },
    ...(error === undefined && { response: { ...ANSWER } }),
    ...more,
  };
};
async function verify(protocol: "grpc" | "connect", examples: readonly Example[], ...more: string[]) {
  const cut = cutExamples(examples, contract, registry, "examples.json");
  writeFileSync(join(dir, "shop.json"), renderContract({ ...contract, examples: cut }));
  const replay = ["--replay", urls[protocol], "--protocol", protocol, ...more];
  return run(["verify", "--contract", "shop.json", ...replay], dir);
}
const faults = ({ stdout }: { readonly stdout: string }): string[] =>
  [...stdout.matchAll(/^ {4}(.*)$/gm)].map(([, text = ""]) => text);

test("an example contains the fields that are read, and no others", () => {
  const [cut] = cutExamples([example()], contract, registry, "examples.json");
  const { unread: _, ...read } = ANSWER;
  expect(cut?.response).toEqual({ ...read, shelves: [{ name: "a" }, { name: "b" }], first: { name: "a" } });
});
test("an example contains no redacted field", () => {
  const owned = example({ request: { sku: "s1", mail: "ann" }, response: { ...ANSWER, owner: { mail: "ann" } } });
  const [cut] = cutExamples([owned], contract, registry, "examples.json");
  expect(cut).toMatchObject({ request: { sku: "s1" }, response: { owner: {} } });
  expect(JSON.stringify(cut)).not.toContain("ann");
});
test.each<[string, unknown, string]>([
  ["no list", {}, "has to be a list of examples"],
  ["a text", ["a"], "example 1: it is no object"],
  [
    "another method",
    [example({ method: "stock.v1.StockService/Nope" })],
    "the contract has no stock.v1.StockService/Nope",
  ],
  [
    "what is never sent",
    [example({ request: { sku: "a", unset: "b" } })],
    "example 1: its request sets stock.v1.GetStockRequest.unset, which this project never does",
  ],
  [
    "a request that is none",
    [example({ request: { skew: "a" } })],
    "its request is none of stock.v1.GetStockRequest: ",
  ],
  [
    "a response that is none",
    [example(), example({ response: { pieces: "many" } })],
    "example 2: its response is none of stock.v1.Stock: ",
  ],
  ["neither answer nor error", [{ method: GET, request: {} }], 'either "response" or "error"'],
  ["a status that is none", [{ method: GET, request: {}, error: "OK" }], '"error" has to be a status'],
  ["too many", Array.from({ length: 1_001 }, () => example()), "at most 1000"],
])("examples are refused: %s", (_, examples, message) => {
  expect(() => cutExamples(examples, contract, registry, "examples.json")).toThrow(message);
});

test("numbers of a file keep their digits, and what JSON.parse would change is refused", async () => {
  const { pieces: _, ...rest } = ANSWER;
  const withPieces = (pieces: string): string =>
    JSON.stringify([example({ response: rest })]).replace('"response":{', `"response":{"pieces":${pieces},`);
  const parsed = (text: string) =>
    cutExamples(parseGolden(text, "examples.json").examples, contract, registry, "examples.json");
  const cut = parsed(withPieces("9007199254740993"));
  expect(cut[0]?.response).toMatchObject({ pieces: "9007199254740993" });
  const written = renderContract({
    ...contract,
    examples: parseGolden(withPieces("9007199254740993"), "a.json").examples,
  });
  expect(written).toContain('"pieces": 9007199254740993,');
  const read = parseContract(written, "shop.json").examples;
  expect(cutExamples(read, contract, registry, "examples.json")).toEqual(cut);
  expect(() => parsed(withPieces("9223372036854775808"))).toThrow("pieces: expected an int64");
  expect(() => parsed(withPieces('1,"pieces":2'))).toThrow("a name is given twice in one object");
  expect(() => parsed(withPieces('"0x10"'))).toThrow("pieces: expected an int64");
});

describe.each(["grpc", "connect"] as const)("replay over %s", (protocol) => {
  test("a recorded answer passes, whatever its other fields", async () => {
    const { unread: _, ...read } = ANSWER;
    answer = { ...read, unread: "something else", shelves: [{ name: "a", unread: "new" }, { name: "b" }] };
    const headers = ["--header", "authorization: Bearer x"];
    expect(await verify(protocol, [example()], ...headers)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining(`shop.json: ${urls[protocol]}: 1 of 1 example answered as recorded\n`),
    });
    expect(got).toEqual([{ sku: "s1", authorization: "Bearer x" }]);
  });

  test.each<[string, JsonValue, string]>([
    ["another number", { pieces: "9007199254740994" }, "pieces: expected 9007199254740993, received 9007199254740994"],
    ["another text", { note: "sturdy" }, 'note: expected "fragile", received "sturdy"'],
    ["another value of an enum", { state: "STATE_OUT" }, "state: expected STATE_IN, received STATE_OUT"],
    ["one item less", { shelves: [{ name: "a" }] }, "shelves: expected 2 items, received 1 item"],
    ["another item", { shelves: [{ name: "a" }, { name: "c" }] }, 'shelves[1].name: expected "b", received "c"'],
    ["another key", { byName: { l: { name: "a" } } }, 'by_name["k"]: expected a message, received none'],
    ["another value in a map", { byName: { k: { name: "b" } } }, 'by_name["k"].name: expected "a", received "b"'],
    [
      "another time",
      { counted: "2026-01-02T03:04:06Z" },
      'counted: expected "2026-01-02T03:04:05Z", received "2026-01-02T03:04:06Z"',
    ],
    ["another text in a wrapper", { label: "M" }, 'label: expected "L", received "M"'],
    ["another text in a message", { first: { name: "b" } }, 'first.name: expected "a", received "b"'],
    ["other bytes", { hash: "AQM=" }, "hash: expected base64 AQI=, received base64 AQM="],
    ["a number in place of NaN", { weight: 1 }, "weight: expected NaN, received 1"],
  ])("%s is reported", async (_, change, message) => {
    answer = { ...ANSWER, ...(change as Record<string, JsonValue>) };
    const ran = await verify(protocol, [example()]);
    expect([ran.exitCode, faults(ran)[0]]).toEqual([1, expect.stringContaining(message)]);
    expect(ran.stdout).toContain(`break: example 1, ${GET}\n`);
    expect(ran.stdout).toContain("0 of 1 example answered as recorded");
  });

  test("a redacted field is not compared", async () => {
    answer = { ...ANSWER, owner: { mail: "bea" } };
    expect(await verify(protocol, [example({ response: { ...ANSWER, owner: { mail: "ann" } } })])).toMatchObject({
      exitCode: 0,
    });
  });
  test("a missing field is reported", async () => {
    answer = {};
    const ran = await verify(protocol, [example()]);
    expect(faults(ran)).toContain('note: expected "fragile", received none');
    expect(faults(ran)).toContain("first: expected a message, received none");
    expect(faults(ran)).toContain("shelves: expected 2 items, received 0 items");
  });

  test("comparison by shape accepts other values of present fields", async () => {
    answer = { ...ANSWER, pieces: "1", note: "", shelves: [{ name: "c" }], state: "STATE_NEW" };
    expect(faults(await verify(protocol, [example({ compare: "shape" })]))).toEqual([]);
    answer = { ...ANSWER, shelves: [], byName: {}, state: 77 };
    expect(faults(await verify(protocol, [example({ compare: "shape" })]))).toEqual([
      "state: expected a known value, received 77",
      "shelves: expected items, received none",
      "by_name: expected entries, received none",
    ]);
  });

  test("the recorded status passes, and another status is reported", async () => {
    answer = 5;
    const { response: _, ...failing } = example({ error: "NOT_FOUND" });
    expect(faults(await verify(protocol, [failing]))).toEqual([]);
    answer = 7;
    expect(faults(await verify(protocol, [failing]))).toEqual([
      'is answered PERMISSION_DENIED ("so it is"), and NOT_FOUND was recorded',
    ]);
    answer = { ...ANSWER };
    expect(faults(await verify(protocol, [failing]))).toEqual(["is answered, and NOT_FOUND was recorded"]);
  });

  test("an example with side effects is sent on demand only", async () => {
    const write = example({ method: TAKE });
    const without = await verify(protocol, [write]);
    expect([without.exitCode, got]).toEqual([0, []]);
    expect(without.stdout).toContain(`note: example 1, ${TAKE}: it may have side effects: --replay-writes sends it\n`);
    expect((await verify(protocol, [write], "--replay-writes")).exitCode).toBe(0);
    expect(got).toHaveLength(1);
  });

  test("a server that never answers is reported", async () => {
    answer = "never";
    const ran = await verify(protocol, [example()], "--timeout", "50");
    expect(faults(ran)[0]).toMatch(/^is answered DEADLINE_EXCEEDED .*, and an answer was recorded$/);
  });

  test("an oversized answer is reported", async () => {
    answer = { unread: "x".repeat(4 << 20) };
    expect(faults(await verify(protocol, [example()]))[0]).toMatch(/^is answered RESOURCE_EXHAUSTED /);
  });
});

describe("invalid servers", () => {
  test.each(["grpc", "connect"] as const)("an unreachable server is reported (%s)", async (protocol) => {
    const nobody: NetServer = createServer();
    await new Promise<void>((done) => nobody.listen(0, "127.0.0.1", done));
    const before = urls[protocol];
    urls[protocol] = `http://127.0.0.1:${(nobody.address() as AddressInfo).port}`;
    await new Promise((done) => nobody.close(done));
    const ran = await verify(protocol, [example()]);
    urls[protocol] = before;
    expect(faults(ran)[0]).toMatch(/^is answered UNAVAILABLE /);
  });
  test.each([
    [["--replay", "localhost:80"], '"localhost:80" is no URL of a server'],
    [["--replay", "http://localhost", "--header", "x"], '"x" is no header'],
    [["--replay", "http://localhost", "--header", "x: \u2013"], '"x: \u2013" is no header'],
    [["--replay", "http://localhost", "--timeout", "0"], "write milliseconds"],
    [["--replay", "http://localhost", "--protocol", "rest"], "Allowed choices are grpc, connect"],
  ])("%j is refused", async (args, message) => {
    writeFileSync(join(dir, "shop.json"), renderContract({ ...contract, examples: [] }));
    expect(await run(["verify", "--contract", "shop.json", ...args], dir)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining(message),
    });
  });
});
