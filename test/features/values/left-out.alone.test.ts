// Holds docs/runtime.md#bytes
// Values that a protocol cannot carry: an Any of a type that the server does not know, and values that their own type
// forbids. The field is left out and named, in one answer, in items of streams, in parts and in tools.
import { create, createRegistry, type DescService } from "@bufbuild/protobuf";
import { anyPack, DurationSchema } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, expect, test } from "vitest";
import { GeneratedProject } from "../../support/generated-project.ts";
import { requestFor, schemaOf } from "../../support/request.ts";
import { CARRIERS, type Seen } from "../protocols/protocol-carriers.ts";

const UPSTREAM = `syntax = "proto3";
package up.v1;
import "google/protobuf/any.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/timestamp.proto";
service Things {
  rpc Get(Ref) returns (Thing) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc Watch(Ref) returns (stream Thing);
}
service Others { rpc Get(Ref) returns (Thing) { option idempotency_level = NO_SIDE_EFFECTS; } }
message Ref { string id = 1; }
message Thing {
  string name = 1;
  google.protobuf.Any any = 2;
  repeated google.protobuf.Any many = 3;
  map<int64, google.protobuf.Any> named = 4;
  repeated Thing things = 5;
  google.protobuf.Timestamp at = 6;
  google.protobuf.Duration wait = 7;
}
`;
const FIELDS = `
  string name = 1 [(bff.v1.field).by = "THING.name"];
  google.protobuf.Any any = 2 [(bff.v1.field).by = "THING.any"];
  repeated google.protobuf.Any many = 3 [(bff.v1.field).by = "THING.many"];
  map<int64, google.protobuf.Any> named = 4 [(bff.v1.field).by = "THING.named"];
  up.v1.Thing whole = 5 [(bff.v1.field).by = "THING"];
  google.protobuf.Timestamp at = 6 [(bff.v1.field).by = "THING.at"];
  google.protobuf.Timestamp other = 7 [(bff.v1.field).by = "other.at"];
  repeated bff.v1.Degradation degraded = 15;`;
const OTHER = `{ name: "other" supplementary: true LATE
        call: { method: "up.v1.Others/Get" set: { name: "id" by: "args.id" } } }`;
const STEPS = `{ name: "thing" call: { method: "up.v1.Things/Get" set: { name: "id" by: "args.id" } } }, ${OTHER}`;
const stream = `stream: { var: "item" call: { method: "up.v1.Things/Watch" READ set: { name: "id" by: "args.id" } } }`;
const PROTOS = {
  "app/v1/app.proto": `syntax = "proto3";
package app.v1;
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
import "bff/v1/stream.proto";
import "google/api/annotations.proto";
import "google/protobuf/any.proto";
import "google/protobuf/timestamp.proto";
import "up/v1/up.proto";
option (bff.v1.file) = { upstream: { breaker: { off: true } } };
service App {
  option (bff.v1.service) = {};
  rpc Read(up.v1.Ref) returns (Page) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (google.api.http) = { get: "/v1/pages/{id}" additional_bindings: { get: "/v1/any/{id}" response_body: "any" } };
    option (bff.v1.method).tool = {};
  }
  rpc Follow(up.v1.Ref) returns (stream Row) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method) = { tool: {} ${stream.replace("READ", "read_only: true")} };
  }
  rpc Load(up.v1.Ref) returns (stream Late) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method).tool = {};
  }
}
message Page {
  option (bff.v1.message) = { let: [${STEPS.replace("LATE", "")}] };${FIELDS.replaceAll("THING", "thing")}
}
message Row {
  option (bff.v1.message) = { let: [${OTHER.replace("LATE", "")}] };${FIELDS.replaceAll("THING", "args.item")}
}
message Late {
  option (bff.v1.message) = { let: [${STEPS.replace("LATE", "defer: true").replace("supplementary: true", "")}] };${FIELDS.replaceAll("THING", "thing")}
  repeated bff.v1.Part parts = 14;
}
`,
};
const project = new GeneratedProject("left-out", PROTOS, { "up/v1/up.proto": UPSTREAM });
const { registry } = schemaOf(requestFor({ "up/v1/up.proto": UPSTREAM, ...PROTOS }));
const service = registry.getService("app.v1.App") as DescService;
beforeAll(() => project.generate());
afterAll(() => project.remove());

const known = anyPack(DurationSchema, create(DurationSchema, { seconds: 5n }));
const unknown = { typeUrl: "type.googleapis.com/gone.v1.Gone", value: Uint8Array.of(8, 1) };
const untyped = { typeUrl: "", value: Uint8Array.of(8, 1) };
const AT = { seconds: 1n };
const FAR = { seconds: 253_402_300_800n };
const plain = { name: "n", any: known, many: [known], named: { 7: known }, at: AT };
const THINGS: Readonly<Record<string, object>> = {
  plain: { ...plain, things: [plain] },
  other: { ...plain, things: [plain] },
  unknown: {
    name: "n",
    any: unknown,
    many: [known, unknown],
    named: { 7: known, 8: unknown },
    at: AT,
    things: [plain, { ...plain, any: unknown }],
  },
  far: { ...plain, at: FAR, things: [plain, { ...plain, at: FAR }] },
  untyped: { ...plain, any: untyped },
};

const ANY = { "@type": "type.googleapis.com/google.protobuf.Duration", value: "5s" };
const DAY = "1970-01-01T00:00:01Z";
const INSIDE = { name: "n", any: ANY, many: [ANY], named: { 7: ANY }, at: DAY };
const WHOLE = { ...INSIDE, things: [INSIDE] };
const missing = (path: string, upstream = "") => ({
  path,
  effect: "EFFECT_MISSING",
  reason: "REASON_INVALID",
  ...(upstream !== "" && { upstream }),
});
const incomplete = (path: string) => ({ ...missing(path), effect: "EFFECT_INCOMPLETE" });
const PLAIN = { ...INSIDE, whole: WHOLE, other: DAY };
const { any: _, ...WITHOUT } = INSIDE;
const UNKNOWN = {
  ...WITHOUT,
  other: DAY,
  whole: { ...WITHOUT, things: [INSIDE, WITHOUT] },
  degraded: [
    missing("any"),
    incomplete("many"),
    incomplete("named"),
    missing("whole.any"),
    incomplete("whole.many"),
    incomplete("whole.named"),
    missing("whole.things[1].any"),
  ],
};
const served = async () => {
  const handlers = {
    "up.v1.Things/Get": (({ id }: { id: string }) => THINGS[id]) as never,
    "up.v1.Things/Watch": async function* ({ id }: { id: string }) {
      yield THINGS[id] as object;
      yield THINGS.plain as object;
    } as never,
    "up.v1.Others/Get": (({ id }: { id: string }) => ({ at: id === "other" ? FAR : AT })) as never,
  };
  return project.served("app/v1/server.ts", handlers);
};

const JSON_NAMES = ["Connect in JSON", "gRPC in JSON", "REST", "a tool of MCP", "server-sent events", "WebSocket"];
const JSON_CARRIERS = CARRIERS.filter(([, name]) => JSON_NAMES.includes(name));
const types = createRegistry(registry, DurationSchema);

test("an Any of an unknown type is left out of JSON, in answers, items, parts and tools", {
  timeout: 60_000,
}, async () => {
  const server = await served();
  for (const [row, name, send] of JSON_CARRIERS) {
    const seen = async (rpc: string) => {
      const answer = await send({ url: server.url, service, registry: types }, rpc, { id: "unknown" });
      return "refused" in answer ? undefined : [name, answer];
    };
    const isTool = row === "tools of MCP";
    if (row !== "server-sent events")
      expect((await seen("Read")) ?? [name, { messages: [UNKNOWN] }]).toEqual([name, { messages: [UNKNOWN] }]);
    const follow = { messages: isTool ? [PLAIN] : [UNKNOWN, PLAIN] };
    expect((await seen("Follow")) ?? [name, follow]).toEqual([name, follow]);
    // A deferred part may be in the first message.
    const [, load] = (await seen("Load")) ?? [name, { messages: [UNKNOWN] }];
    expect([name, Object.assign({}, ...(load as Seen).messages, { parts: undefined })]).toEqual([name, UNKNOWN]);
  }
  await server.stop();
  expect(server.log()).toMatch(/App\/Read degraded in any, many, named/);
  expect(server.log()).toMatch(/App\/Follow degraded in any, many, named/);
  expect(server.log()).toMatch(/App\/Load degraded in any, many, named/);
});

test("GET, a part of the answer by REST, and binary protocols", async () => {
  const { url } = await served();
  const get = `${url}/app.v1.App/Read?connect=v1&encoding=json&message=${encodeURIComponent('{"id":"unknown"}')}`;
  const got = await fetch(get);
  expect([got.status, await got.json()]).toEqual([200, UNKNOWN]);
  expect(got.headers.get("bff-degraded")).toBe("any,many,named,whole.any,whole.many,whole.named,whole.things[*].any");
  const part = await fetch(`${url}/v1/any/unknown`);
  expect([part.status, await part.json(), part.headers.get("bff-degraded")]).toEqual([200, null, "any"]);
  const message = Buffer.from("\n\x07unknown");
  const headers = { "content-type": "application/proto" };
  const binary = await fetch(`${url}/app.v1.App/Read`, { method: "POST", headers, body: new Uint8Array(message) });
  expect(binary.headers.get("bff-degraded")).toBeNull();
  expect(
    Buffer.from(await binary.arrayBuffer())
      .toString("latin1")
      .match(/gone\.v1\.Gone/g),
  ).toHaveLength(7);
});

test("a forbidden value is missing over every protocol, and a stream continues", { timeout: 60_000 }, async () => {
  const server = await served();
  const { other: _other, ...without } = PLAIN;
  const lost = { ...without, degraded: [missing("other", "up.v1.Others")] };
  // In the source of a stream: the item has all other fields.
  const { at: _at, ...item } = PLAIN;
  const { at: _inside, ...inside } = INSIDE;
  const far = {
    ...item,
    whole: { ...inside, things: [INSIDE, inside] },
    degraded: [missing("whole.things[1].at"), missing("whole.at"), missing("at")],
  };
  const untyped = { ...WITHOUT, other: DAY, whole: WITHOUT, degraded: [missing("any"), missing("whole.any")] };
  for (const [row, name, send] of CARRIERS.filter(([row]) => row !== "REST")) {
    const seen = (rpc: string, id: string) => send({ url: server.url, service, registry: types }, rpc, { id });
    for (const [id, first] of Object.entries({ far, other: lost, untyped })) {
      const follow = await seen("Follow", id);
      if ("refused" in follow) continue;
      const second = id === "other" ? lost : PLAIN;
      expect([name, follow]).toEqual([name, { messages: row === "tools of MCP" ? [second] : [first, second] }]);
    }
    if (row === "server-sent events" || row === "WebSocket") continue;
    expect([name, await seen("Read", "other")]).toEqual([name, { messages: [lost] }]);
    expect([name, await seen("Read", "untyped")]).toMatchObject([name, { messages: [], error: { code: "INTERNAL" } }]);
  }
  await server.stop();
  expect(server.log()).toMatch(/Follow degraded in whole\.things\[\*\]\.at, whole\.at, at: /);
  expect(server.log()).toMatch(/Follow degraded in other: /);
});
