// `protobff golden` against a server of connect-node, over Connect and gRPC.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer, type Server } from "node:http";
import { createServer as createHttp2Server, type Http2Server, type ServerHttp2Session } from "node:http2";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { create, createFileRegistry, type FileRegistry, fromJson, type JsonObject } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { requestFor } from "../../../test/support/request.ts";
import { run } from "../testing/run.ts";

const PROTOS = {
  "bff/v1/degradation.proto": `syntax = "proto3";
package bff.v1;
message Degradation { string path = 1; }
`,
  "shop/v1/shop.proto": `syntax = "proto3";
package shop.v1;
import "bff/v1/degradation.proto";
import "google/protobuf/any.proto";
import "google/protobuf/timestamp.proto";
service ShopService {
  rpc GetPage(GetPageRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc Buy(GetPageRequest) returns (Page);
  rpc Follow(GetPageRequest) returns (stream Page);
}
message GetPageRequest { string sku = 1; }
message Page {
  string title = 1;
  google.protobuf.Timestamp made = 2;
  repeated Offer offers = 3;
  map<string, Offer> by_shop = 4;
  string token = 5 [debug_redact = true];
  google.protobuf.Any extra = 6;
  State state = 7;
  repeated string tags = 8;
  repeated bff.v1.Degradation degraded = 15;
}
message Offer { string shop_name = 1; int64 age = 2; string secret = 3 [debug_redact = true]; }
enum State { STATE_UNSPECIFIED = 0; STATE_IN = 1; }
`,
};
const GET = "shop.v1.ShopService/GetPage";
const BUY = "shop.v1.ShopService/Buy";
const PAGE: JsonObject = {
  title: "Tea",
  made: "2026-01-02T03:04:05Z",
  offers: [{ shopName: "a", age: "1" }, { shopName: "b" }],
  byShop: { a: { shopName: "a" } },
  state: "STATE_IN",
};

interface Call {
  readonly sku: string;
  /** From 0. */
  readonly number: number;
  readonly context: HandlerContext;
}

let dir: string;
/** Answers each call. */
let reply: (call: Call) => JsonObject | Promise<JsonObject>;
let calls: Call[] = [];
const urls = { connect: "", grpc: "" };
const servers: (Server | Http2Server)[] = [];
const sessions = new Set<ServerHttp2Session>();

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "protobff-golden-"));
  for (const [name, text] of Object.entries(PROTOS)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), text);
  }
  writeFileSync(join(dir, "buf.gen.yaml"), "version: v2\nplugins:\n  - local: protoc-gen-bff\n    out: gen\n");
  const { protoFile } = requestFor(PROTOS, Object.keys(PROTOS));
  const handler = handlerOf(createFileRegistry(create(FileDescriptorSetSchema, { file: protoFile })));
  const http2 = createHttp2Server(handler).on("session", (session) => sessions.add(session));
  servers.push(createHttpServer(handler), http2);
  const ports = await Promise.all(servers.map(listen));
  [urls.connect, urls.grpc] = ports.map((port) => `http://127.0.0.1:${port}`) as [string, string];
});
afterAll(() => {
  for (const session of sessions) session.destroy();
  for (const server of servers) server.close();
  rmSync(dir, { recursive: true, force: true });
});
beforeEach(() => {
  calls = [];
  reply = () => PAGE;
});

const listen = (server: Server | Http2Server) =>
  new Promise<number>((done) => server.listen(0, "127.0.0.1", () => done((server.address() as AddressInfo).port)));

function handlerOf(registry: FileRegistry) {
  const service = registry.getService("shop.v1.ShopService");
  const page = registry.getMessage("shop.v1.Page");
  if (service === undefined || page === undefined) throw new Error("no service");
  const handle = async (request: object, context: HandlerContext) => {
    const call = { sku: (request as { sku: string }).sku, number: calls.length, context };
    calls.push(call);
    return fromJson(page, await reply(call), { registry });
  };
  return connectNodeAdapter({
    routes: (router) => router.service(service, { getPage: handle, buy: handle } as never),
  });
}

const example = (more: object = {}): object => ({ method: GET, request: { sku: "s1" }, ...more });
const write = (...examples: readonly object[]): void =>
  writeFileSync(join(dir, "golden.json"), JSON.stringify(examples));
const read = (): JsonObject[] => JSON.parse(readFileSync(join(dir, "golden.json"), "utf8"));

type Protocol = keyof typeof urls;
const golden = (action: string, protocol: Protocol, ...more: readonly string[]) =>
  run(["golden", action, "--url", urls[protocol], "--file", "golden.json", "--protocol", protocol, ...more], dir);
const faults = ({ stdout }: { readonly stdout: string }): string[] =>
  [...stdout.matchAll(/^ {4}(.*)$/gm)].map(([, text = ""]) => text);

describe.each(["connect", "grpc"] as const)("golden requests over %s", (protocol) => {
  test("an answer is recorded by two calls, and checked by one", async () => {
    write(example());
    expect(await golden("record", protocol)).toEqual({
      exitCode: 0,
      stdout: `golden.json: ${urls[protocol]}: 1 of 1 example recorded\n`,
      stderr: "",
    });
    expect(calls.length).toBe(2);
    expect(read()).toEqual([{ method: GET, request: { sku: "s1" }, response: PAGE }]);
    expect(await golden("check", protocol)).toEqual({
      exitCode: 0,
      stdout: `golden.json: ${urls[protocol]}: 1 of 1 example answered as recorded\n`,
      stderr: "",
    });
    expect(calls.length).toBe(3);
  });

  test("a changed answer is a failure with path, expected and received value", async () => {
    write(example({ response: PAGE }), example({ response: { ...PAGE, title: "Coffee" } }));
    const ran = await golden("check", protocol);
    expect(ran.exitCode).toBe(1);
    expect(ran.stdout).toBe(
      `golden.json: ${urls[protocol]}: 1 of 2 examples answered as recorded\n` +
        `break: example 2, ${GET}\n    title: expected "Coffee", received "Tea"\n`,
    );
  });

  test.each<[string, JsonObject, string]>([
    ["an item", { offers: [{ shopName: "a", age: "1" }] }, "offers: expected 1 item, received 2 items"],
    ["a nested field", { offers: [{ age: "1" }, {}] }, 'offers[0].shop_name: expected "", received "a"'],
    ["an entry", { byShop: {} }, 'by_shop["a"]: expected none, received a message'],
    [
      "a time",
      { made: "2025-01-02T03:04:05Z" },
      'made: expected "2025-01-02T03:04:05Z", received "2026-01-02T03:04:05Z"',
    ],
    ["an enum", { state: "STATE_UNSPECIFIED" }, "state: expected STATE_UNSPECIFIED, received STATE_IN"],
  ])("%s that changed is reported", async (_, recorded, message) => {
    write(example({ response: { ...PAGE, ...recorded } }));
    expect(faults(await golden("check", protocol))[0]).toBe(message);
  });

  test("paths that change between the two calls are ignored from then on", async () => {
    reply = ({ number }) => ({
      ...PAGE,
      made: new Date(1_700_000_000_000 + number).toISOString(),
      offers: [{ shopName: "a", age: `${number}` }, { shopName: "b" }],
      byShop: { a: { age: `${number}` } },
      tags: ["x", `${number}`],
    });
    write(example({ ignore: ["title"] }));
    const ran = await golden("record", protocol);
    const added = ["made", "offers[*].age", "by_shop[*].age", "tags[*]"];
    expect(ran.stdout).toContain(`note: example 1: ignores ${added.join(", ")}, which changed\n`);
    const [recorded] = read();
    expect(recorded).toEqual({
      ...example(),
      ignore: ["title", ...added],
      response: {
        offers: [{ shopName: "a" }, { shopName: "b" }],
        byShop: { a: {} },
        state: "STATE_IN",
        tags: ["x", "0"],
      },
    });
    expect((await golden("check", protocol)).exitCode).toBe(0);
    const before = readFileSync(join(dir, "golden.json"), "utf8");
    calls = [];
    expect((await golden("record", protocol, "--update")).exitCode).toBe(0);
    expect(readFileSync(join(dir, "golden.json"), "utf8")).toBe(before);
    reply = () => ({ offers: [{ shopName: "c" }, { shopName: "b" }], byShop: { a: {} }, state: "STATE_IN" });
    expect(faults(await golden("check", protocol))).toEqual([
      'offers[0].shop_name: expected "a", received "c"',
      "tags: expected 2 items, received 0 items",
    ]);
  });

  test.each<[string, (call: Call) => JsonObject, string]>([
    [
      "header",
      ({ context }) => {
        context.responseHeader.set("bff-degraded", "offers,title");
        return PAGE;
      },
      "is degraded: offers,title",
    ],
    ["field", () => ({ ...PAGE, degraded: [{ path: "offers" }] }), "is degraded: degraded"],
  ])("a degraded answer, known by its %s, is not recorded and is a failure", async (_, degraded, message) => {
    reply = degraded;
    write(example());
    const recording = await golden("record", protocol);
    expect([recording.exitCode, faults(recording), read()]).toEqual([1, [message], [example()]]);
    write(example({ response: PAGE }));
    const check = await golden("check", protocol);
    expect([check.exitCode, faults(check)]).toEqual([1, [message]]);
  });

  test("a late answer is not recorded and is a failure", async () => {
    reply = () => new Promise(() => {});
    write(example(), example({ response: PAGE }), example({ error: "NOT_FOUND" }));
    const check = await golden("check", protocol, "--timeout", "50");
    expect(check.exitCode).toBe(1);
    expect(faults(check)).toEqual([
      "has no answer yet: `protobff golden record` adds it",
      expect.stringMatching(/^is answered DEADLINE_EXCEEDED .*, and an answer was recorded$/),
      expect.stringMatching(/^is answered DEADLINE_EXCEEDED .*, and NOT_FOUND was recorded$/),
    ]);
    const recording = await golden("record", protocol, "--timeout", "50");
    expect([recording.exitCode, read()[0]]).toEqual([1, example()]);
    expect(faults(recording)).toEqual([
      expect.stringMatching(/^is answered DEADLINE_EXCEEDED .*, which is not recorded$/),
    ]);
  });

  test("a server that cannot be reached is a failure of each request", async () => {
    const closed = createHttpServer();
    const port = await listen(closed);
    await new Promise((done) => closed.close(done));
    write(example(), example({ error: "NOT_FOUND" }));
    for (const action of ["record", "check"]) {
      const args = ["--file", "golden.json", "--url", `http://127.0.0.1:${port}`, "--protocol", protocol];
      const ran = await run(["golden", action, ...args], dir);
      expect([ran.exitCode, faults(ran).at(-1)]).toEqual([1, expect.stringMatching(/^is answered UNAVAILABLE /)]);
    }
    expect(read()[0]).toEqual(example());
  });

  test("a status by which the rpc refuses is recorded, another one is not", async () => {
    reply = ({ sku }) => {
      throw new ConnectError("so it is", sku === "none" ? Code.NotFound : Code.Internal);
    };
    write(example({ request: { sku: "none" } }), example());
    const recording = await golden("record", protocol);
    expect([recording.exitCode, faults(recording)]).toEqual([
      1,
      ['is answered INTERNAL ("so it is"), which is not recorded'],
    ]);
    expect(read()).toEqual([example({ request: { sku: "none" }, error: "NOT_FOUND" }), example()]);
    expect(faults(await golden("check", protocol))).toEqual(["has no answer yet: `protobff golden record` adds it"]);
    reply = () => PAGE;
    expect(faults(await golden("check", protocol))[0]).toBe("is answered, and NOT_FOUND was recorded");
  });

  test("two calls with different statuses are not recorded", async () => {
    reply = ({ number }) => {
      if (number === 1) throw new ConnectError("gone", Code.NotFound);
      return PAGE;
    };
    write(example());
    expect(faults(await golden("record", protocol))).toEqual(["is answered OK, and then NOT_FOUND"]);
  });

  test("secrets and values of Any are neither stored nor printed", async () => {
    const secrets = {
      token: "SECRET-1",
      offers: [{ shopName: "a", secret: "SECRET-2" }],
      byShop: { a: { secret: "SECRET-3" } },
      extra: { "@type": "type.googleapis.com/shop.v1.Offer", secret: "SECRET-4" },
    };
    reply = () => ({ ...PAGE, ...secrets });
    write(example());
    expect((await golden("record", protocol)).exitCode).toBe(0);
    expect(read()[0]?.response).toEqual({ ...PAGE, offers: [{ shopName: "a" }], byShop: { a: {} } });
    expect((await golden("check", protocol)).exitCode).toBe(0);
    write(example({ response: { ...secrets, byShop: {}, title: "Coffee", token: "other" } }));
    const check = await golden("check", protocol, "--junit", "golden.xml");
    expect(check.exitCode).toBe(1);
    expect(check.stdout + readFileSync(join(dir, "golden.xml"), "utf8")).not.toMatch(/SECRET|token|other/);
  });

  test("an rpc with side effects is sent with --writes only", async () => {
    write(example({ method: BUY }));
    for (const action of ["record", "check"]) {
      const ran = await golden(action, protocol);
      expect([ran.exitCode, calls.length]).toEqual([0, 0]);
      expect(ran.stdout).toContain(`note: example 1, ${BUY}: it may have side effects: --writes sends it\n`);
    }
    expect((await golden("record", protocol, "--writes")).exitCode).toBe(0);
    expect(calls.length).toBe(2);
    expect((await golden("check", protocol, "--writes")).exitCode).toBe(0);
    expect(calls.length).toBe(3);
  });

  test("headers of the file and of the command line are sent, and only the former are stored", async () => {
    write(example({ headers: { "Accept-Language": "de", "x-tenant": "a" } }));
    await golden("record", protocol, "--header", "authorization: Bearer x", "--header", "x-tenant: b");
    const sent = calls.map(({ context: { requestHeader: headers } }) =>
      ["accept-language", "authorization", "x-tenant"].map((name) => headers.get(name)),
    );
    expect(sent).toEqual(Array.from({ length: 2 }, () => ["de", "Bearer x", "b"]));
    expect(read()[0]?.headers).toEqual({ "Accept-Language": "de", "x-tenant": "a" });
  });

  test("an answer of more than 4 MiB is not recorded and is a failure", async () => {
    reply = () => ({ title: "x".repeat(4 << 20) });
    write(example(), example({ response: {} }));
    expect(faults(await golden("record", protocol))[0]).toMatch(/^is answered RESOURCE_EXHAUSTED /);
    expect(faults(await golden("check", protocol))[1]).toMatch(/^is answered RESOURCE_EXHAUSTED /);
  });
});

test("existing answers stay, unless --update is set", async () => {
  write(example({ response: { title: "Coffee" } }));
  expect(await golden("record", "connect")).toMatchObject({ exitCode: 0 });
  expect([calls.length, read()[0]?.response]).toEqual([0, { title: "Coffee" }]);
  expect(await golden("record", "connect", "--update")).toMatchObject({ exitCode: 0 });
  expect(read()[0]?.response).toEqual(PAGE);
  reply = () => {
    throw new ConnectError("broken", Code.Internal);
  };
  expect(await golden("record", "connect", "--update")).toMatchObject({ exitCode: 1 });
  expect(read()[0]?.response).toEqual(PAGE);
});

test("comparison by shape accepts other values, and no unknown values of enums", async () => {
  write(example({ compare: "shape", response: { ...PAGE, title: "Coffee", offers: [{ shopName: "z" }] } }));
  expect(await golden("check", "connect")).toMatchObject({ exitCode: 0 });
  reply = () => ({ ...PAGE, offers: [], state: 77 });
  expect(faults(await golden("check", "connect"))).toEqual([
    "offers: expected items, received none",
    "state: expected a known value, received 77",
  ]);
});

test("four requests are sent at a time", async () => {
  const four = Promise.withResolvers<void>();
  let [waiting, most] = [0, 0];
  reply = async ({ number }) => {
    most = Math.max(most, ++waiting);
    if (number === 3) four.resolve();
    await four.promise;
    // Later calls get the chance to arrive.
    await new Promise((done) => setImmediate(done));
    waiting--;
    return PAGE;
  };
  write(...Array.from({ length: 20 }, () => example({ response: PAGE })));
  expect(await golden("check", "connect")).toMatchObject({ exitCode: 0 });
  expect([calls.length, most]).toEqual([20, 4]);
});

test("answers that do not fit into a file of 16 MiB are not recorded", async () => {
  reply = () => ({ title: "x".repeat(3 << 20) });
  write(...Array.from({ length: 6 }, () => example()));
  const ran = await golden("record", "connect");
  expect([ran.exitCode, faults(ran)]).toEqual([1, ["does not fit into the file, which has at most 16777216 bytes"]]);
  expect(read().filter(({ response }) => response !== undefined).length).toBe(5);
});
test("an example with too many changing paths is not recorded", async () => {
  reply = ({ number }) => ({ ...PAGE, title: `${number}` });
  write(example({ ignore: Array.from({ length: 100 }, () => "state") }));
  expect(faults(await golden("record", "connect"))).toEqual(["changes in more paths than the 100 that may be ignored"]);
});

test("the JUnit report has one case per example", async () => {
  write(
    example({ response: PAGE }),
    example({ response: { ...PAGE, title: '<Coffee & "Tea">\u0007' } }),
    example({ method: BUY, response: PAGE }),
  );
  expect(await golden("check", "connect", "--junit", "golden.xml")).toMatchObject({ exitCode: 1 });
  const report = readFileSync(join(dir, "golden.xml"), "utf8");
  expect(report.replaceAll(/ time="\d+\.\d{3}"/g, "")).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="protobff golden" tests="3" failures="1" errors="0">
  <testsuite name="golden.json" tests="3" failures="1" errors="0" skipped="1">
    <testcase classname="shop.v1.ShopService" name="GetPage (example 1)"/>
    <testcase classname="shop.v1.ShopService" name="GetPage (example 2)"><failure type="failure" message="title: expected &#34;&#60;Coffee &#38; \\&#34;Tea\\&#34;&#62;\\u0007&#34;, received &#34;Tea&#34;">title: expected &#34;&#60;Coffee &#38; \\&#34;Tea\\&#34;&#62;\\u0007&#34;, received &#34;Tea&#34;</failure></testcase>
    <testcase classname="shop.v1.ShopService" name="Buy (example 3)"><skipped message="it may have side effects: --writes sends it"/></testcase>
  </testsuite>
</testsuites>
`);
});

describe("invalid input has exit code 2:", () => {
  const refused = async (message: string, ...args: readonly string[]) => {
    expect(await golden("check", "connect", ...args)).toMatchObject({
      exitCode: 2,
      stdout: "",
      stderr: expect.stringContaining(message),
    });
    expect(calls).toEqual([]);
  };
  test.each<[string, object, string]>([
    [
      "an unknown rpc",
      { method: "shop.v1.ShopService/Nope" },
      "example 1: shop.v1.ShopService/Nope is in none of the protos",
    ],
    ["a stream", { method: "shop.v1.ShopService/Follow" }, "is a stream, and only unary rpcs are recorded"],
    ["an unknown field of the request", { request: { skew: "a" } }, "its request is none of shop.v1.GetPageRequest: "],
    ["an unknown field of the answer", { response: { titel: "a" } }, "its response is none of shop.v1.Page: "],
    ["an unknown key", { ignores: [] }, 'it has "ignores", and an example has only method, request, headers, '],
    ["an answer and a status", { response: {}, error: "NOT_FOUND" }, 'either "response" or "error"'],
    ["the status of a broken server", { error: "UNAVAILABLE" }, '"error" cannot be UNAVAILABLE'],
    ["authorization", { headers: { authorization: "x" } }, '"headers" must not have authorization, a credential'],
    ["cookie", { headers: { Cookie: "x" } }, '"headers" must not have Cookie, a credential'],
    ["x-api-key", { headers: { "X-API-KEY": "x" } }, '"headers" must not have X-API-KEY, a credential'],
    [
      "a header with a line break",
      { headers: { a: "b\r\nc: d" } },
      '"headers" has a name or a value that HTTP does not',
    ],
    ["a header that is no text", { headers: { a: 1 } }, '"headers" has to be an object of texts'],
    ["too many paths", { ignore: Array.from({ length: 101 }, () => "title") }, "at most 100 paths"],
    ["a path that is none", { ignore: ["offers[0].age"] }, '"offers[0].age" is no path: write it as in runs[*].age'],
    ["an unknown path", { ignore: ["offers[*].nope"] }, '"offers[*].nope" is no path: shop.v1.Offer has no field nope'],
    ["a path into a value", { ignore: ["made.seconds"] }, '"made.seconds" is no path: made has no field seconds'],
    ["a path without [*]", { ignore: ["offers.age"] }, '"offers.age" is no path: write offers[*]'],
    ["[*] of one value", { ignore: ["title[*]"] }, '"title[*]" is no path: title is neither a list nor a map'],
  ])("%s", async (_, more, message) => {
    write(example(more));
    await refused(message);
  });
  test("a file that is absent", async () => {
    rmSync(join(dir, "golden.json"), { force: true });
    await refused("golden.json cannot be read: ");
  });
  test("a file that is no JSON, and one without examples", async () => {
    writeFileSync(join(dir, "golden.json"), "[");
    await refused("golden.json: it is no JSON: ");
    writeFileSync(join(dir, "golden.json"), "[]");
    await refused("golden.json: it has to be a list of examples");
  });
  test("more than 1,000 examples", async () => {
    write(...Array.from({ length: 1_001 }, () => example()));
    await refused("it has 1001 examples, and at most 1000 are read");
  });
  test("more than 16 MiB", async () => {
    writeFileSync(join(dir, "golden.json"), "");
    truncateSync(join(dir, "golden.json"), (16 << 20) + 1);
    await refused("golden.json has 16777217 bytes, and a golden file at most 16777216");
  });
  test("arguments that do not fit", async () => {
    write(example());
    await refused("check has no --update", "--update");
    await refused("write milliseconds", "--timeout", "0");
    await refused('"x" is no header', "--header", "x");
    expect(await golden("compare", "connect")).toMatchObject({ exitCode: 2 });
  });
});
