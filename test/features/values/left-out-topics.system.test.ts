// Holds docs/runtime.md#bytes
// Items in NATS with values that their own type forbids, or that JSON cannot represent.
import { create, type DescMessage, type DescService, fromJson, type JsonValue, toBinary } from "@bufbuild/protobuf";
import { TimestampSchema } from "@bufbuild/protobuf/wkt";
import { startNats } from "@protobff/runtime/internal/testing/nats-rig";
import { afterAll, beforeAll, expect, test } from "vitest";
import { GeneratedProject } from "../../support/generated-project.ts";
import { requestFor, schemaOf } from "../../support/request.ts";
import { CARRIERS } from "../protocols/protocol-carriers.ts";

const UPSTREAM = `syntax = "proto3";
package up.v1;
import "google/protobuf/any.proto";
import "google/protobuf/timestamp.proto";
message Event { string text = 1; google.protobuf.Timestamp at = 2; google.protobuf.Any any = 3; }
`;
const APP = `syntax = "proto3";
package app.v1;
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
import "google/protobuf/any.proto";
import "google/protobuf/timestamp.proto";
import "up/v1/up.proto";
service App {
  option (bff.v1.service) = {
    topic: { name: "run" type: "up.v1.Event" subject: "runs.{key}.events" jetstream: "RUNS" until: "event.text == 'last'" }
  };
  rpc Follow(Ref) returns (stream Update) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method) = { tool: {} stream: { var: "event" follow: { topic: "run" key: "args.id" } } };
  }
  rpc Read(Ref) returns (State) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message Ref { string id = 1; }
message Update {
  string text = 1 [(bff.v1.field).by = "args.event.text"];
  google.protobuf.Timestamp at = 2 [(bff.v1.field).by = "args.event.at"];
  google.protobuf.Any any = 3 [(bff.v1.field).by = "args.event.any"];
  up.v1.Event whole = 4 [(bff.v1.field).by = "args.event"];
  repeated bff.v1.Degradation degraded = 15;
}
message State {
  option (bff.v1.message).let = { name: "last" supplementary: true latest: { topic: "run" key: "args.id" } };
  optional string text = 1 [(bff.v1.field).by = "last.text"];
  google.protobuf.Timestamp at = 2 [(bff.v1.field).by = "last.at"];
  repeated bff.v1.Degradation degraded = 15;
}
`;
const protos = { "app/v1/app.proto": APP };
const project = new GeneratedProject("left-out-topics", protos, { "up/v1/up.proto": UPSTREAM });
const { registry } = schemaOf(requestFor({ "up/v1/up.proto": UPSTREAM, ...protos }));
const service = registry.getService("app.v1.App") as DescService;
const Event = registry.getMessage("up.v1.Event") as DescMessage;
beforeAll(() => project.generate());
afterAll(() => project.remove());

const DAY = "1970-01-01T00:00:01Z";
const FAR = create(TimestampSchema, { seconds: 253_402_300_800n });
const event = (text: string, more: object = {}): Uint8Array =>
  toBinary(Event, Object.assign(fromJson(Event, { text, at: DAY }), more));
const missing = (path: string): JsonValue => ({ path, effect: "EFFECT_MISSING", reason: "REASON_INVALID" });

test("a topic's items have all fields but those that cannot be sent, and the stream continues", async () => {
  const nats = await startNats();
  await nats.start();
  const admin = await nats.admin();
  await admin.add("RUNS");
  const any = {
    $typeName: "google.protobuf.Any",
    typeUrl: "type.googleapis.com/gone.v1.Gone",
    value: Uint8Array.of(8, 1),
  };
  for (const item of [event("far", { at: FAR }), event("any", { any }), event("last")])
    await admin.js.publish("runs.a.events", item);
  await admin.js.publish("runs.b.events", event("far", { at: FAR }));
  const server = await project.served("app/v1/server.ts", {}, { NATS_URL: nats.url });
  const last = { text: "last", at: DAY, whole: { text: "last", at: DAY } };
  const far = { text: "far", whole: { text: "far" }, degraded: [missing("at"), missing("whole.at")] };
  const anys = {
    text: "any",
    at: DAY,
    whole: { text: "any", at: DAY },
    degraded: [missing("any"), missing("whole.any")],
  };
  for (const [, name, send] of CARRIERS.filter(([, name]) => !/^gRPC(?! in JSON)|REST|binary|GET/.test(name))) {
    const messages = name.includes("tool") ? [last] : [far, anys, last];
    expect([name, await send({ url: server.url, service }, "Follow", { id: "a" })]).toEqual([name, { messages }]);
  }
  expect(await server.post("app.v1.App/Read", { id: "b" })).toMatchObject({
    status: 200,
    body: {
      degraded: [
        { path: "text", reason: "REASON_INVALID" },
        { path: "at", reason: "REASON_INVALID" },
      ],
    },
  });
  await server.stop();
  expect(server.log()).toMatch(/App\/Follow degraded in at, whole\.at: /);
  expect(server.log()).toMatch(/App\/Read degraded in text, at: /);
}, 60_000);
