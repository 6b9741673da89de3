// Requests with deprecated fields, sent to a generated server by clients that nobody here has written.
import {
  type DescMessage,
  type DescService,
  fromJson,
  type JsonValue,
  type Message,
  toBinary,
} from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { freePort } from "../../../runtime/src/testing/ports.ts";
import { GeneratedProject } from "../../support/generated-project.ts";
import { UPSTREAMS } from "../../support/golden.ts";
import { requestFor, schemaOf } from "../../support/request.ts";
import { headersForPage, metadataOfGrpcJs, PageClient, TRANSPORTS } from "../../support/upstreams/page-clients.ts";

const PROTOS = {
  "page/v1/page.proto": `syntax = "proto3";
package page.v1;
import "bff/v1/options.proto";
import "google/api/annotations.proto";
service PageService {
  option (bff.v1.service) = {};
  rpc Get(GetRequest) returns (Page) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (google.api.http).get = "/v1/pages/{id}";
  }
  rpc Current(CurrentRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc Follow(GetRequest) returns (stream Row) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method).stream = {
      var: "item"
      call: { method: "up.v1.ItemService/WatchItem" read_only: true set: { name: "id" by: "args.id" } }
    };
  }
}
message GetRequest {
  string id = 1;
  string old_id = 2 [deprecated = true];
  Filter filter = 3;
  repeated Line lines = 4;
  map<string, Line> by_name = 5;
}
message Filter {
  string text = 1 [deprecated = true];
  repeated Filter any = 2;
}
message Line {
  optional int32 sku = 1 [deprecated = true];
  oneof note {
    string text = 2;
    bool loud = 3 [deprecated = true];
  }
}
message CurrentRequest { string id = 1; }
message Page {
  option (bff.v1.message) = { let: { guard: { if: "args.id == ''" fail: { code: INVALID_ARGUMENT } } } };
  string title = 1 [(bff.v1.field).by = "'page ' + args.id"];
}
message Row { string name = 1 [(bff.v1.field).by = "args.item.name"]; }
`,
};
const PATHS = ["old_id", "filter.text", "lines[*].sku", "lines[*].loud", "by_name[*].sku", "by_name[*].loud"];
/** A request with deprecated fields of every kind, one in a filter of filters. */
const REQUEST = {
  id: "7",
  oldId: "6",
  filter: { any: [{}, { any: [{ text: "x" }] }] },
  lines: [{}, { sku: 0 }, { text: "y" }],
  byName: { a: { loud: false }, b: { loud: true } },
};
const SENT = "old_id, lines[*].sku, by_name[*].loud, filter.text";

const project = new GeneratedProject("deprecated-fields", PROTOS);
const { registry } = schemaOf(requestFor({ ...UPSTREAMS, ...PROTOS }));
const service = registry.getService("page.v1.PageService") as DescService;
const schema = registry.getMessage("page.v1.GetRequest") as DescMessage;
const requestOf = (json: JsonValue): Message => fromJson(schema, json);

beforeAll(() => project.generate());
afterAll(() => project.remove());

const HANDLERS = {
  "up.v1.ItemService/WatchItem": async function* () {
    yield { name: "one" };
    yield { name: "two" };
  } as never,
};
const served = (env: Readonly<Record<string, string>> = {}) => project.served("page/v1/server.ts", HANDLERS, env);

test.each(TRANSPORTS)("an answer, a failure and a stream by %s name the deprecated fields", async (_, make, more) => {
  const { url } = await served();
  const client = new PageClient(service, url, [make, more]);
  const rpc = (name: string, request: object): unknown => client.call(name, request);
  const sent = (): string | null | undefined => client.headers?.get("bff-deprecated-fields");

  expect(await rpc("get", requestOf(REQUEST))).toMatchObject({ title: "page 7" });
  expect(sent()).toBe(SENT);
  const answer = rpc("get", requestOf({ ...REQUEST, id: "" })) as Promise<unknown>;
  const failure = await answer.catch((error: unknown) => ConnectError.from(error));
  expect(failure).toMatchObject({ code: Code.InvalidArgument });
  expect((failure as ConnectError).metadata.get("bff-deprecated-fields")).toBe(SENT);
  const names: string[] = [];
  for await (const { name } of rpc("follow", requestOf(REQUEST)) as AsyncIterable<{ name: string }>) names.push(name);
  expect(names).toEqual(["one", "two"]);
  expect(sent()).toBe(SENT);
  for (const [name, message] of [
    ["get", requestOf({ id: "7", lines: [{ text: "y" }], filter: {} })],
    ["current", { id: "7" }],
  ] as const) {
    await rpc(name, message);
    expect(sent()).toBeNull();
  }
});

test("grpc-js has the header in its metadata", async () => {
  const { url } = await served();
  const sent = await metadataOfGrpcJs(url, toBinary(schema, requestOf(REQUEST)));
  expect(sent.get("bff-deprecated-fields")).toEqual([SENT]);
});

test("REST and server-sent events have the header, which scripts of other origins may read", async () => {
  const { url } = await served({ BFF_CORS_ORIGINS: "https://app.example" });
  const get = (path: string, accept?: string): Promise<Headers> => headersForPage(url + path, accept);
  const rest = await get("/v1/pages/7?old_id=6&filter.text=x");
  expect(rest.get("bff-deprecated-fields")).toBe("old_id, filter.text");
  expect(rest.get("access-control-expose-headers")?.split(", ")).toContain("bff-deprecated-fields");
  expect((await get("/v1/pages/7?filter.text=")).get("bff-deprecated-fields")).toBeNull();
  const query = `encoding=json&message=${encodeURIComponent(JSON.stringify(REQUEST))}`;
  const events = await get(`/page.v1.PageService/Follow?${query}`, "text/event-stream");
  expect(events.get("bff-deprecated-fields")).toBe(SENT);
});

test("fields are counted from 0 on, and logged once for each caller and field", async () => {
  const port = await freePort();
  const { post, log } = await served({ BFF_ADMIN_PORT: String(port) });
  const counts = async (): Promise<Record<string, number>> => {
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    const found = text.matchAll(
      /^bff_deprecated_fields_total\{rpc_method="page\.v1\.PageService\/Get",field="(.+)"\} (\d+)$/gm,
    );
    return Object.fromEntries([...found].map(([, field = "", count = ""]) => [field, Number(count)]));
  };
  const none = Object.fromEntries(PATHS.map((path) => [path, 0]));
  expect(await counts()).toEqual(none);
  for (let i = 0; i < 3; i++) expect((await post("page.v1.PageService/Get", REQUEST)).status).toBe(200);
  await post("page.v1.PageService/Get", { id: "7", oldId: "6" });
  await post("page.v1.PageService/Current", { id: "7" });
  const sent = SENT.split(", ");
  expect(await counts()).toEqual({ ...none, ...Object.fromEntries(sent.map((path) => [path, 3])), old_id: 4 });
  const line = (path: string): string =>
    `page.v1.PageService/Get receives the deprecated field ${path}: sent by an anonymous caller with "node"`;
  await vi.waitFor(() =>
    expect(
      log()
        .replaceAll(/^\S+ |, request .*/gm, "")
        .trim()
        .split("\n"),
    ).toEqual(sent.map(line)),
  );
});
