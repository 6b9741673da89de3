// Headers of answers of a generated server, read by clients and an HTTP cache that nobody here has written.
import {
  type DescMessage,
  type DescService,
  fromJson,
  type JsonValue,
  type Message,
  toBinary,
} from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { Agent, cacheStores, interceptors, request } from "undici";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { GeneratedProject } from "../../support/generated-project.ts";
import { UPSTREAMS } from "../../support/golden.ts";
import { requestFor, schemaOf } from "../../support/request.ts";
import { headersForPage, metadataOfGrpcJs, PageClient, TRANSPORTS } from "../../support/upstreams/page-clients.ts";

const PROTOS = {
  "page/v1/page.proto": `syntax = "proto3";
package page.v1;
import "bff/v1/options.proto";
import "google/api/annotations.proto";
option (bff.v1.file) = {
  env: { name: "BRAND" type: "string" default: "shop" }
  identity: { type: "page.v1.Person" source: { name: "gateway" trusted: { header: "x-gateway" } } }
};
message Person { string id = 1; string tenant = 2; }
service PageService {
  option (bff.v1.service).permit.public = true;
  rpc Get(GetRequest) returns (Page) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (google.api.http).get = "/v1/pages/{id}";
    option (bff.v1.method) = {
      http_cache: { max_age: "60s" }
      header: [
        { name: "x-text" by: "args.text" },
        { name: "x-first" by: "args.rows[0]" },
        { name: "x-title" by: "result.title" if: "size(result.title) > 6" },
        { name: "x-brand" by: "env.BRAND + ' ' + headers['x-language']" },
        { name: "x-address" by: "peer.address" }
      ]
    };
  }
  rpc Cached(GetRequest) returns (Counted) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method) = {
      cache: { ttl: "60s" }
      header: [
        { name: "x-count" by: "string(result.count)" },
        { name: "x-tenant" by: "principal.tenant" },
        { name: "x-language" by: "headers['x-language']" }
      ]
    };
  }
  rpc Follow(GetRequest) returns (stream Row) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method) = {
      stream: {
        var: "item"
        call: { method: "up.v1.ItemService/WatchItem" read_only: true set: { name: "id" by: "args.id" } }
      }
      header: [{ name: "x-text" by: "args.text" }, { name: "x-first" by: "args.rows[0]" }]
    };
  }
  rpc Plain(GetRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetRequest { string id = 1; string text = 2; repeated string rows = 3; }
message Page {
  option (bff.v1.message) = { let: { guard: { if: "args.id == ''" fail: { code: INVALID_ARGUMENT } } } };
  string title = 1 [(bff.v1.field).by = "'page ' + args.id"];
}
message Counted {
  option (bff.v1.message).let = {
    name: "item" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } }
  };
  int32 count = 1 [(bff.v1.field).by = "item.stock"];
}
message Row { string name = 1 [(bff.v1.field).by = "args.item.name"]; }
`,
};
const project = new GeneratedProject("answer-headers", PROTOS);
const { registry } = schemaOf(requestFor({ ...UPSTREAMS, ...PROTOS }));
const service = registry.getService("page.v1.PageService") as DescService;
const schema = registry.getMessage("page.v1.GetRequest") as DescMessage;
const requestOf = (json: JsonValue): Message => fromJson(schema, json);

beforeAll(() => project.generate());
afterAll(() => project.remove());

async function served(env: Readonly<Record<string, string>> = {}) {
  let calls = 0;
  const handlers = {
    "up.v1.ItemService/GetItem": (() => ({ stock: ++calls })) as never,
    "up.v1.ItemService/WatchItem": async function* ({ id }: { id: string }) {
      if (id === "broken") throw new ConnectError("no such item", Code.NotFound); // which is not tried again
      yield { name: "one" };
      yield { name: "two" };
    } as never,
  };
  const server = await project.served("page/v1/server.ts", handlers, { BFF_TRUSTED_PROXIES: "127.0.0.1/32", ...env });
  return { ...server, calls: () => calls };
}

const pathOf = (rpc: string, message: object): string =>
  `/page.v1.PageService/${rpc}?connect=v1&encoding=json&message=${encodeURIComponent(JSON.stringify(message))}`;
const gateway = (tenant: string): Record<string, string> => ({
  "x-gateway": Buffer.from(JSON.stringify({ id: "ann", tenant })).toString("base64url"),
});

/** Requests with values that are sent, and with values that are left out. */
const VALUES = [
  [
    { id: "7", text: "plain, text", rows: ["a"] },
    { "x-text": "plain, text", "x-first": "a", "x-title": null },
  ],
  [
    { id: "72", text: "" },
    { "x-text": null, "x-first": null, "x-title": "page 72" },
  ],
  [{ id: "7", text: "x".repeat(1_024) }, { "x-text": "x".repeat(1_024) }],
  [{ id: "7", text: "x".repeat(2_048) }, { "x-text": null }],
  [{ id: "7", text: "é" }, { "x-text": null }],
  [
    { id: "7", text: "a\r\nx-evil: 1" },
    { "x-text": null, "x-evil": null },
  ],
] as const;

test.each(TRANSPORTS)("by %s, answers and streams have the headers, and failures have none", async (_, make, more) => {
  const { url } = await served();
  const client = new PageClient(service, url, [make, more], { "x-language": "de" });
  const rpc = (name: string, message: JsonValue): unknown => client.call(name, requestOf(message));
  const sent = (names: object) =>
    Object.fromEntries(Object.keys(names).map((name) => [name, client.headers?.get(name)]));

  for (const [message, expected] of VALUES) {
    await rpc("get", message as unknown as JsonValue);
    const all = { ...expected, "x-brand": "shop de", "x-address": "127.0.0.1" };
    expect(sent(all)).toEqual(all);
  }
  const answer = rpc("get", { id: "", text: "a", rows: ["a"] }) as Promise<unknown>;
  const failure = (await answer.catch((error: unknown) => ConnectError.from(error))) as ConnectError;
  expect(failure).toMatchObject({ code: Code.InvalidArgument });
  for (const name of ["x-text", "x-first", "x-brand"]) expect(failure.metadata.get(name)).toBeNull();

  const names: string[] = [];
  const request = { id: "7", text: "é", rows: ["a"] };
  for await (const { name } of rpc("follow", request) as AsyncIterable<{ name: string }>) names.push(name);
  expect(names).toEqual(["one", "two"]);
  expect(sent({ "x-text": "", "x-first": "" })).toEqual({ "x-text": null, "x-first": "a" });
  client.headers = new Headers();
  const broken = rpc("follow", { ...request, id: "broken" }) as AsyncIterable<unknown>;
  const end = await broken[Symbol.asyncIterator]()
    .next()
    .catch((error: unknown) => ConnectError.from(error));
  expect(end).toMatchObject({ code: Code.Internal });
  expect([sent({ "x-first": "" })["x-first"], (end as ConnectError).metadata.get("x-first")]).toEqual([null, null]);
  await rpc("plain", { id: "7", text: "a" });
  expect(sent({ "x-text": "", "x-brand": "" })).toEqual({ "x-text": null, "x-brand": null });
});

test("grpc-js has the headers in its metadata", async () => {
  const { url } = await served();
  for (const [message, expected] of VALUES) {
    const sent = await metadataOfGrpcJs(url, toBinary(schema, requestOf(message as unknown as JsonValue)));
    const found = Object.keys(expected).map((name) => [name, sent.get(name)[0] ?? null]);
    expect(Object.fromEntries(found)).toEqual(expected);
  }
});

test("REST and server-sent events have the headers, which scripts of other origins may read", async () => {
  const { url } = await served({ BFF_CORS_ORIGINS: "https://app.example" });
  const get = (path: string, accept?: string): Promise<Headers> => headersForPage(url + path, accept);
  const rest = await get("/v1/pages/7?text=a&rows=b");
  expect([rest.get("x-text"), rest.get("x-first")]).toEqual(["a", "b"]);
  // Fetch, "CORS-exposed header-name list": names that are not forbidden, compared without regard to case.
  const exposed = rest
    .get("access-control-expose-headers")
    ?.split(",")
    .map((name) => name.trim());
  expect(exposed).toEqual(expect.arrayContaining(["x-text", "x-first", "x-title", "x-brand", "x-count", "x-tenant"]));
  expect(new Set(exposed).size).toBe(exposed?.length);
  const message = encodeURIComponent(JSON.stringify({ id: "7", text: "a", rows: ["b"] }));
  const events = await get(`/page.v1.PageService/Follow?encoding=json&message=${message}`, "text/event-stream");
  expect([events.get("x-text"), events.get("x-first")]).toEqual(["a", "b"]);
  const refused = await fetch(`${url}/v1/pages/7/8`, { headers: { origin: "https://app.example" } });
  expect([refused.ok, refused.headers.get("x-brand")]).toEqual([false, null]);
});

test.each([
  ["Connect's GET", pathOf("Get", { id: "72" })],
  ["REST", "/v1/pages/72"],
])("304 of %s has the headers of this request; the tag is that of the message", async (_, path) => {
  const { url } = await served();
  const get = (language: string, tag = "") =>
    fetch(url + path, { headers: { "x-language": language, ...(tag !== "" && { "if-none-match": tag }) } });
  const first = await get("de");
  const tag = first.headers.get("etag") ?? "";
  expect([first.status, first.headers.get("x-brand"), first.headers.get("x-title")]).toEqual([
    200,
    "shop de",
    "page 72",
  ]);
  expect((first.headers.get("vary") ?? "").split(", ")).toContain("x-language");
  expect((await get("fr")).headers.get("etag")).toBe(tag);
  const second = await get("fr", tag);
  expect([second.status, second.headers.get("x-brand"), second.headers.get("x-title")]).toEqual([
    304,
    "shop fr",
    "page 72",
  ]);
  expect(await second.text()).toBe("");
});

test("an HTTP cache keeps answers with different headers apart, by `vary`", async () => {
  const { url } = await served();
  let sent = 0;
  const agent = new Agent();
  onTestFinished(() => agent.close());
  const store = new cacheStores.MemoryCacheStore();
  const dispatcher = agent.compose(
    (dispatch) => (options, handler) => {
      sent++;
      return dispatch(options, handler);
    },
    interceptors.cache({ store, methods: ["GET"], type: "private" }),
  );
  const get = async (language: string) => {
    const answer = await request(url + pathOf("Get", { id: "72" }), {
      headers: { "x-language": language },
      dispatcher,
    });
    await answer.body.text();
    return answer.headers["x-brand"];
  };
  const all: unknown[] = [];
  for (const language of ["de", "fr", "de", "fr", "de"]) all.push(await get(language));
  expect(all).toEqual(["shop de", "shop fr", "shop de", "shop fr", "shop de"]);
  expect(sent).toBe(2);
});

describe("the BFF's cache", () => {
  const headersOf = ({ headers }: Response) => ["x-count", "x-tenant", "x-language"].map((name) => headers.get(name));
  test("returns the headers of the composition, one answer for each tenant and language", async () => {
    const { url, calls } = await served();
    const post = async (headers: Record<string, string>) =>
      headersOf(
        await fetch(`${url}/page.v1.PageService/Cached`, {
          method: "POST",
          headers: { "content-type": "application/json", ...headers },
          body: JSON.stringify({ id: "1" }),
        }),
      );
    const get = async (headers: Record<string, string>) =>
      headersOf(await fetch(url + pathOf("Cached", { id: "1" }), { headers }));
    expect(await post(gateway("red"))).toEqual(["1", "red", null]);
    expect(await get({ ...gateway("red"), "x-other": "1" })).toEqual(["1", "red", null]);
    expect(await post(gateway("blue"))).toEqual(["2", "blue", null]);
    expect(await get({ ...gateway("blue"), "x-language": "de" })).toEqual(["3", "blue", "de"]);
    expect(await post({})).toEqual(["4", null, null]);
    expect(await get({})).toEqual(["4", null, null]);
    expect(await get(gateway("blue"))).toEqual(["2", "blue", null]);
    expect(calls()).toBe(4);
  });
});

test("values that cannot be sent are logged, without the values", async () => {
  const { post, log } = await served();
  for (const text of ["x".repeat(2_048), "é", ""]) await post("page.v1.PageService/Get", { id: "7", text });
  const lines = () =>
    log()
      .replaceAll(/^\S+ |, request .*/gm, "")
      .trim()
      .split("\n");
  const without = "page.v1.PageService/Get answered without header";
  await vi.waitFor(() =>
    expect(lines()).toEqual([
      `${without} x-text: its value is longer than 1 KiB`,
      expect.stringContaining(`${without} x-first: `),
      `${without} x-text: its value is not printable ASCII`,
    ]),
  );
});

test("the code compiles as strictly as this repository", () => {
  expect(project.typeChecked()).toBe("");
});
