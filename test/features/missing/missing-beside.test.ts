// Missing fields of composed messages beside other features: masks, caches, copies, late parts and streams.
import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Stubbed, type StubbedBff, stubbed } from "../../support/stubbed-bff.ts";

const UPSTREAM = `syntax = "proto3";
package up.v1;
service Products {
  rpc Get(GetRequest) returns (Product) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc GetKept(GetRequest) returns (Product) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc Watch(WatchRequest) returns (stream Event) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetRequest { string id = 1; }
message Product { int64 units = 1; oneof media { string url = 2; int64 width = 3; } }
message WatchRequest { uint64 after = 1; }
message Event { string id = 1; uint64 seq = 2; }
`;
const BFF = `syntax = "proto3";
package app.v1;
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
import "bff/v1/stream.proto";
import "google/protobuf/field_mask.proto";
import "up/v1/up.proto";
service PageService {
  option (bff.v1.service) = {};
  rpc GetPage(PageRequest) returns (Page) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method) = { fields: "args.fields" cache: { ttl: "60s" } http_cache: { max_age: "30s" } };
  }
  rpc GetKept(PageRequest) returns (Kept) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc StreamLate(PageRequest) returns (stream Late) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc Follow(FollowRequest) returns (stream Tick) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method).stream = {
      var: "event"
      call: { method: "up.v1.Products/Watch" set: { name: "after" by: "resume.orValue(0u)" } }
      position: "event.seq"
    };
  }
}
message PageRequest { string id = 1; google.protobuf.FieldMask fields = 2; }
message FollowRequest {}
message Page {
  option (bff.v1.message) = { let: [
    { name: "part" compose: { message: "Part" args: { name: "id" by: "args.id" } } },
    { name: "outer" compose: { message: "Outer" args: { name: "id" by: "args.id" } } },
    { name: "deep" compose: { message: "Deep" args: { name: "id" by: "args.id" } } },
    { name: "shelf" compose: { message: "Shelf" args: { name: "id" by: "args.id" } } }
  ] };
  Part part = 1 [(bff.v1.field).by = "part"];
  optional int64 twice = 2 [(bff.v1.field).by = "part.units * 2"];
  optional int64 asked = 3 [(bff.v1.field) = { on_request: true by: "part.units + 1" }];
  string note = 4 [(bff.v1.field).by = "'n'"];
  bool known = 5 [(bff.v1.field).by = "ok(part.units)"];
  optional int64 of_copy = 6 [(bff.v1.field).by = "outer.copy.units * 2"];
  optional int64 of_copies = 7 [(bff.v1.field).by = "outer.copies.map(c, c.units).sum()"];
  optional int64 area = 8 [(bff.v1.field).by = "part.width * 2"];
  optional int64 of_again = 9 [(bff.v1.field).by = "deep.again.units * 2"];
  optional int64 of_outer = 10 [(bff.v1.field).by = "deep.outer.copy.units * 2"];
  optional int64 of_plain = 11 [(bff.v1.field).by = "shelf.copy.amount * 2"];
  optional int64 of_filled = 12 [(bff.v1.field).by = "shelf.filled.units * 2"];
  repeated bff.v1.Degradation degraded = 15;
}
message Part {
  option (bff.v1.message).let = {
    name: "product" supplementary: true
    call: { method: "up.v1.Products/Get" set: { name: "id" by: "args.id" } retry: { attempts: 1 } } };
  string id = 1 [(bff.v1.field).by = "args.id"];
  optional int64 units = 2 [(bff.v1.field).by = "product.units"];
  oneof media {
    string url = 3 [(bff.v1.field) = { by: "product.url" if: "has(product.url)" }];
    int64 width = 4 [(bff.v1.field) = { by: "product.width" if: "has(product.width)" }];
  }
}
message Copy { option (bff.v1.message).alias = "Part"; optional int64 units = 2; }
message Again { option (bff.v1.message).alias = "Copy"; optional int64 units = 2; }
message Outer {
  option (bff.v1.message).let = { name: "part" compose: { message: "Part" args: { name: "id" by: "args.id" } } };
  Copy copy = 1 [(bff.v1.field).by = "part"];
  repeated Copy copies = 2 [(bff.v1.field).by = "[part]"];
}
message Plain {
  option (bff.v1.message) = {};
  optional int64 units = 1 [(bff.v1.field).by = "args.part.units"];
}
message PlainCopy { option (bff.v1.message).alias = "Plain"; optional int64 amount = 1 [(bff.v1.field).alias = "units"]; }
message Filled {
  option (bff.v1.message).alias = "Plain";
  optional int64 units = 1 [(bff.v1.field).fallback = "7"];
}
message Shelf {
  option (bff.v1.message).let = { name: "part" compose: { message: "Part" args: { name: "id" by: "args.id" } } };
  option (bff.v1.message).let = { name: "plain" compose: { message: "Plain" args: { name: "part" by: "part" } } };
  PlainCopy copy = 1 [(bff.v1.field).by = "plain"];
  Filled filled = 2 [(bff.v1.field).by = "plain"];
}
message OuterCopy { option (bff.v1.message).alias = "Outer"; Copy copy = 1; }
message Deep {
  option (bff.v1.message).let = { name: "outer" compose: { message: "Outer" args: { name: "id" by: "args.id" } } };
  Again again = 1 [(bff.v1.field).by = "outer.copy"];
  OuterCopy outer = 2 [(bff.v1.field).by = "outer"];
}
message Kept {
  option (bff.v1.message).let = { name: "part" compose: { message: "KeptPart" args: { name: "id" by: "args.id" } } };
  optional int64 twice = 1 [(bff.v1.field).by = "part.units * 2"];
  bool known = 2 [(bff.v1.field).by = "ok(part.units)"];
  repeated bff.v1.Degradation degraded = 15;
}
message KeptPart {
  option (bff.v1.message).let = {
    name: "product" supplementary: true
    call: { method: "up.v1.Products/GetKept" set: { name: "id" by: "args.id" } retry: { attempts: 1 }
            cache: { ttl: "1ms" stale: "1h" } } };
  optional int64 units = 1 [(bff.v1.field).by = "product.units"];
}
message Late {
  option (bff.v1.message).let = { name: "early" compose: { message: "Part" args: { name: "id" by: "args.id" } } };
  option (bff.v1.message).let = {
    name: "later" defer: true compose: { message: "Part" args: { name: "id" by: "'slow ' + args.id" } } };
  optional int64 early = 1 [(bff.v1.field).by = "early.units"];
  optional int64 twice = 2 [(bff.v1.field).by = "later.units * 2"];
  Part later = 3 [(bff.v1.field).by = "later"];
  optional bool known = 4 [(bff.v1.field).by = "ok(later.units)"];
  repeated bff.v1.Part parts = 14;
  repeated bff.v1.Degradation degraded = 15;
}
message Tick {
  option (bff.v1.message).let = { name: "part" compose: { message: "Part" args: { name: "id" by: "args.event.id" } } };
  string id = 1 [(bff.v1.field).by = "args.event.id"];
  optional int64 twice = 2 [(bff.v1.field).by = "part.units * 2"];
  bff.v1.Position position = 14;
  repeated bff.v1.Degradation degraded = 15;
}
`;

let project: Stubbed;
let bff: StubbedBff;
let isDown = true;
/** Calls for late parts wait for it. */
let arrival = Promise.withResolvers<void>();
beforeAll(async () => {
  project = await stubbed({
    name: "missing-beside",
    protos: { "up/v1/up.proto": UPSTREAM, "app/v1/app.proto": BFF },
    targets: ["app/v1/app.proto"],
  });
  const product = async ({ id }: { id?: unknown }) => {
    if (String(id).startsWith("slow")) await arrival.promise;
    if (isDown && String(id).endsWith("down")) throw new ConnectError("down", Code.NotFound);
    return { units: "5", width: "3" };
  };
  bff = await project.serve({
    stubs: {
      "up.v1.Products/Get": product,
      "up.v1.Products/GetKept": product,
      "up.v1.Products/Watch": ({ after = "0" }) => ({
        items: ["a", "down", "b", "down"].map((id, i) => ({ id, seq: String(i + 1) })).slice(Number(after)),
      }),
    },
  });
});
afterAll(async () => {
  await bff.close();
  project.remove();
});

const SERVICE = "app.v1.PageService";
const effectsOf = ({ degraded = [] }: { degraded?: unknown }) =>
  Object.fromEntries(
    (degraded as { path: string; effect: string }[]).map(({ path, effect }) => [path, effect.replace("EFFECT_", "")]),
  );

async function page(id: string, fields?: string) {
  const before = bff.upstreamCalls.length;
  const reply = await bff.send(`${SERVICE}/GetPage`, { id }, fields === undefined ? {} : { "bff-fields": fields });
  expect([reply.status, reply.body.code]).toEqual([200, undefined]);
  const { degraded, ...values } = reply.body;
  const calls = bff.upstreamCalls.length - before;
  return { values, effects: effectsOf({ degraded }), calls };
}

const OF_PART = { "part.units": "MISSING", "part.url": "MISSING", "part.width": "MISSING" };
const ALL = {
  ...OF_PART,
  ...{ twice: "MISSING", known: "REPLACED", of_copy: "MISSING", of_copies: "MISSING", of_again: "MISSING" },
  ...{ of_outer: "MISSING", of_plain: "MISSING", of_filled: "REPLACED", area: "MISSING" },
};

test.each([
  [undefined, { part: { id: "down" }, note: "n", ofFilled: "14" }, ALL],
  ["note", { note: "n" }, {}],
  ["part.id,note", { part: { id: "down" }, note: "n" }, {}],
  ["part", { part: { id: "down" } }, OF_PART],
  ["twice", {}, { twice: "MISSING" }],
  ["twice,part.id", { part: { id: "down" } }, { twice: "MISSING" }],
  ["asked", {}, { asked: "MISSING" }],
  ["known", {}, { known: "REPLACED" }],
  ["of_copy", {}, { of_copy: "MISSING" }],
  ["of_copies", {}, { of_copies: "MISSING" }],
  ["of_again", {}, { of_again: "MISSING" }],
  ["of_outer", {}, { of_outer: "MISSING" }],
  ["of_plain", {}, { of_plain: "MISSING" }],
  ["of_filled", { ofFilled: "14" }, { of_filled: "REPLACED" }],
  ["area", {}, { area: "MISSING" }],
  ["part.width", { part: {} }, { "part.width": "MISSING" }],
])(
  "a mask %s of a failed part has the entries of its fields alone, and is not cached",
  async (fields, values, effects) => {
    const first = await page("down", fields);
    expect(first).toEqual({ values, effects, calls: expect.anything() });
    expect(first.calls > 0).toBe(fields !== "note");
    expect(await page("down", fields)).toEqual(first);
  },
);

test("an answer without failures is cached, after a failure, too", async () => {
  isDown = false;
  const first = await page("down", "twice");
  expect(first).toMatchObject({ values: { twice: "10" }, effects: {}, calls: 1 });
  isDown = true;
  expect(await page("down", "twice")).toMatchObject({ values: { twice: "10" }, effects: {}, calls: 0 });
});

test("a stale value of a call is present, and read", async () => {
  isDown = false;
  const get = () => bff.send(`${SERVICE}/GetKept`, { id: "kept down" });
  expect((await get()).body).toEqual({ twice: "10", known: true });
  isDown = true;
  await expect.poll(async () => (await get()).body.degraded).toBeDefined();
  const { body } = await get();
  expect(body).toMatchObject({ twice: "10", known: true });
  expect(effectsOf(body)).toEqual({ twice: "STALE", known: "STALE" });
});

interface Seen {
  readonly values: Readonly<Record<string, unknown>>;
  readonly effects: Readonly<Record<string, unknown>>;
}

/** Sends a request to a stream, over Connect with JSON, and yields its messages as they arrive. */
async function* items(rpc: string, request: object, headers: Readonly<Record<string, string>> = {}) {
  const text = Buffer.from(JSON.stringify(request));
  const head = Buffer.alloc(5);
  head.writeUInt32BE(text.length, 1);
  const { body } = await fetch(`${bff.url}/${SERVICE}/${rpc}`, {
    method: "POST",
    headers: { "content-type": "application/connect+json", ...headers },
    body: Buffer.concat([head, text]),
  });
  let bytes = Buffer.alloc(0);
  for await (const chunk of body ?? []) {
    bytes = Buffer.concat([bytes, chunk]);
    while (bytes.length >= 5 && bytes.length >= 5 + bytes.readUInt32BE(1)) {
      const end = 5 + bytes.readUInt32BE(1);
      const { degraded, ...values } = JSON.parse(bytes.subarray(5, end).toString());
      // The end of the stream has no failure.
      if (bytes[0] === 2) expect(values).toEqual({});
      else yield { values, effects: effectsOf({ degraded }) } satisfies Seen;
      bytes = bytes.subarray(end);
    }
  }
}

test.each([
  ["a", { early: "5" }, {}, { twice: "10", known: true, later: { id: "slow a", units: "5", width: "3" } }, {}],
  [
    ...["down", {}, { early: "MISSING" }, { known: false, later: { id: "slow down" } }],
    {
      ...{ twice: "MISSING", known: "REPLACED" },
      ...{ "later.units": "MISSING", "later.url": "MISSING", "later.width": "MISSING" },
    },
  ],
] as const)("a field of a late part has entries when the part arrives (%s)", async (id, first, early, last, late) => {
  arrival = Promise.withResolvers();
  const seen: Seen[] = [];
  for await (const message of items("StreamLate", { id })) {
    seen.push(message);
    arrival.resolve();
  }
  const [{ values, effects } = {}, ...rest] = seen;
  expect([values, effects]).toEqual([first, early]);
  const parts = rest.map((message) => message.values);
  expect(Object.assign({}, ...parts, { parts: undefined })).toEqual(last);
  expect(Object.assign({}, ...rest.map((message) => message.effects))).toEqual(late);
});

async function collected(messages: AsyncIterable<Seen>): Promise<Seen[]> {
  const seen: Seen[] = [];
  for await (const message of messages) seen.push(message);
  return seen;
}

test("an item with a missing field is the same after a resumption", async () => {
  const all = await collected(items("Follow", {}));
  expect(all.map(({ values: { id, twice }, effects }) => ({ id, twice, effects }))).toEqual([
    { id: "a", twice: "10", effects: {} },
    { id: "down", effects: { twice: "MISSING" } },
    { id: "b", twice: "10", effects: {} },
    { id: "down", effects: { twice: "MISSING" } },
  ]);
  const [{ values: { position = {} } = {} } = {}] = all;
  const { token } = position as { token: string };
  expect(await collected(items("Follow", {}, { "bff-resume": token }))).toEqual(all.slice(1));
});
