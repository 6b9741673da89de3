// Holds docs/language.md#upstreams-over-httpjson
// Values of clients that have no form in JSON, in a body towards an upstream over HTTP/JSON.
import { afterAll, beforeAll, expect, test } from "vitest";
import { GeneratedProject } from "../../support/generated-project.ts";

const IMPORTS = ["duration", "field_mask", "struct", "timestamp"]
  .map((name) => `import "google/protobuf/${name}.proto";`)
  .join("\n");
const UPSTREAM = `syntax = "proto3";
package up.v1;
import "google/api/annotations.proto";
${IMPORTS}
service Things {
  rpc Put(PutRequest) returns (Done) { option (google.api.http) = { post: "/things/{name}" body: "*" }; }
  rpc Patch(PutRequest) returns (Done) { option (google.api.http) = { patch: "/things/{name}" body: "thing" }; }
}
message PutRequest { string name = 1; Thing thing = 2; google.protobuf.Timestamp at = 3; google.protobuf.Value value = 4; }
message Done { string name = 1; }
message Thing {
  google.protobuf.Timestamp at = 1;
  google.protobuf.Duration wait = 2;
  google.protobuf.FieldMask mask = 3;
  google.protobuf.Value value = 4;
  google.protobuf.Struct extra = 5;
  repeated Thing things = 6;
  repeated google.protobuf.Timestamp times = 8;
  double number = 9;
  map<string, google.protobuf.Timestamp> named = 10;
  oneof choice { google.protobuf.Timestamp chosen = 11; }
}
`;

/** The bindings of each rpc, besides the path's. */
const BINDINGS: Readonly<Record<string, string>> = {
  Whole: '{ name: "thing" by: "args.thing" }',
  Parts: '{ name: "at" by: "args.thing.since" }, { name: "value" by: "args.thing.value" }',
  Inside: '{ name: "thing.at" by: "args.thing.since" }, { name: "thing.wait" by: "args.thing.wait" }',
  Literal: '{ name: "thing" by: "up.v1.Thing{at: args.thing.since, wait: args.thing.wait}" }',
  Json: `{ name: "value" by: "{'n': args.thing.number, 'list': [args.thing.number]}" }`,
  Author: `{ name: "value" by: "args.thing.number * 2.0" }`,
};
const RPCS = Object.entries(BINDINGS).flatMap(([name, set]) =>
  (set.includes('"value"') ? ["Put"] : ["Put", "Patch"]).map((method) => ({ name: `${method}${name}`, method, set })),
);
const BFF = `syntax = "proto3";
package app.v1;
import "bff/v1/options.proto";
${IMPORTS}
option (bff.v1.file) = { upstream: { service: "up.v1.Things" protocol: HTTP_JSON } };
service App {
  option (bff.v1.service) = {};
${RPCS.map(({ name }) => `  rpc ${name}(Request) returns (${name}Answer);`).join("\n")}
}
message Request { Thing thing = 1; }
message Thing {
  option (bff.v1.message) = { alias: "up.v1.Thing" };
  google.protobuf.Timestamp since = 1 [(bff.v1.field).alias = "at"];
  google.protobuf.Duration wait = 2;
  google.protobuf.FieldMask mask = 3;
  google.protobuf.Value value = 4;
  google.protobuf.Struct extra = 5;
  repeated Thing parts = 6 [(bff.v1.field).alias = "things"];
  repeated google.protobuf.Timestamp times = 8;
  double number = 9;
  map<string, google.protobuf.Timestamp> named = 10;
  oneof choice { google.protobuf.Timestamp chosen = 11; }
}
${RPCS.map(
  ({ name, method, set }) => `message ${name}Answer {
  option (bff.v1.message).let = { name: "done" call: { method: "up.v1.Things/${method}" set: [{ name: "name" by: "'n'" }, ${set}] } };
  string name = 1 [(bff.v1.field).by = "done.name"];
}`,
).join("\n")}
`;

const project = new GeneratedProject("unwritable-bodies", { "app/v1/app.proto": BFF }, { "up/v1/up.proto": UPSTREAM });
beforeAll(() => project.generate());
afterAll(() => project.remove());

const within = (no: number, ...parts: readonly Buffer[]): Buffer<ArrayBuffer> => {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([no * 8 + 2, body.length]), body]);
};
const text = (no: number, value: string): Buffer => within(no, Buffer.from(value));
/** A Timestamp or a Duration. */
const FAR = Buffer.from("08808080808080808040", "hex");
const NAN = Buffer.from("000000000000f87f", "hex");
const NAN_VALUE = Buffer.concat([Buffer.from([0x11]), NAN]);

const THINGS: readonly (readonly [field: string, thing: Buffer])[] = [
  ["since", within(1, FAR)],
  ["wait", within(2, FAR)],
  ["mask", within(3, text(1, "aB"))],
  ["value", within(4)],
  ["value", within(4, NAN_VALUE)],
  ["extra", within(5, within(1, text(1, "k"), within(2, NAN_VALUE)))],
  ["times", within(8, FAR)],
  ["named", within(10, text(1, "k"), within(2, FAR))],
  ["chosen", within(11, FAR)],
  ["parts.since", within(6, within(1, FAR))],
  ["parts.parts.wait", within(6, within(6, within(2, FAR)))],
];
const NUMBER = Buffer.concat([Buffer.from([9 * 8 + 1]), NAN]);
const thing = (index: number): Buffer => THINGS[index]?.[1] as Buffer;

test("a value of the client without a form in JSON is the client's fault", async () => {
  const { post } = await project.served("app/v1/server.ts", {}, { UP_V1_THINGS_URL: "http://127.0.0.1:1" });
  const call = (rpc: string, of: Buffer) =>
    post(`app.v1.App/${rpc}`, {}, { body: within(1, of), headers: { "content-type": "application/proto" } });
  const refused = (field: string) => ({
    status: 400,
    body: {
      code: "invalid_argument",
      message: `the value of ${field} is not accepted here: it results in a value without a form in JSON`,
    },
  });
  for (const method of ["Put", "Patch"]) {
    for (const [field, of] of THINGS)
      expect([field, await call(`${method}Whole`, of)]).toMatchObject([field, refused(`thing.${field}`)]);
    for (const rpc of [`${method}Inside`, `${method}Literal`]) {
      expect(await call(rpc, thing(0))).toMatchObject(refused("thing.since"));
      expect(await call(rpc, thing(1))).toMatchObject(refused("thing.wait"));
    }
  }
  expect(await call("PutParts", thing(0))).toMatchObject(refused("thing.since"));
  expect(await call("PutJson", NUMBER)).toMatchObject(refused("thing.number"));
  // Here the author's arithmetic is part of the value.
  expect(await call("PutAuthor", NUMBER)).toMatchObject({ status: 500, body: { code: "internal" } });
});
