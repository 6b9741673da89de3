// Holds the table of protocols and kinds of rpc in docs/edge.md: a request has the same answer, status and degradations
// over every protocol that can carry it.
import type { DescService, JsonObject } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { GeneratedProject } from "../../support/generated-project.ts";
import { UPSTREAMS } from "../../support/golden.ts";
import { requestFor, schemaOf } from "../../support/request.ts";
import { CARRIERS, type Refused, type Seen, type Target } from "./protocol-carriers.ts";
import { CELLS, isRefusal } from "./protocol-cells.ts";

const STEPS = `
      { guard: { if: "args.id == 'absent'" fail: { code: FAILED_PRECONDITION message: "no such page: a/b?c%" } } },
      { name: "item" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } } },
      { name: "order" supplementary: true LATE call: {
        method: "up.v1.OrderService/GetOrder" set: { name: "id" by: "args.id" }
      } }`;
const FIELDS = `
  string name = 1 [(bff.v1.field).by = "item.name"];
  optional int64 price = 2 [(bff.v1.field).by = "item.price_cents"];
  optional string customer = 3 [(bff.v1.field).by = "order.item_id"];
  repeated bff.v1.Degradation degraded = 15;`;
const stream = `stream: {
        var: "item"
        call: { method: "up.v1.ItemService/WatchItem" READ set: { name: "id" by: "args.id" } }
      }`;
const PROTOS = {
  "app/v1/app.proto": `syntax = "proto3";
package app.v1;
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
import "bff/v1/stream.proto";
import "google/api/annotations.proto";
service PageService {
  option (bff.v1.service) = {};
  rpc Read(Ref) returns (Page) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (google.api.http).get = "/v1/pages/{id}";
    option (bff.v1.method).tool = {};
  }
  rpc Write(Ref) returns (Page) {
    option (google.api.http) = { post: "/v1/pages" body: "*" };
    option (bff.v1.method).tool = { confirm: false };
  }
  rpc Run(Ref) returns (stream Row) {
    option (bff.v1.method) = { tool: { confirm: false } ${stream.replace("READ", "")} };
  }
  rpc Follow(Ref) returns (stream Row) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method) = { tool: {} ${stream.replace("READ", "read_only: true")} };
  }
  rpc Load(Ref) returns (stream Late) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method).tool = {};
  }
}
message Ref { string id = 1; }
message Page {
  option (bff.v1.message) = { let: [${STEPS.replace("LATE", "")}] };${FIELDS}
}
message Row {
  option (bff.v1.message) = { let: [
      { guard: { if: "args.id == 'absent'" fail: { code: FAILED_PRECONDITION message: "no such page: a/b?c%" } } },
      { name: "order" supplementary: true call: {
        method: "up.v1.OrderService/GetOrder" set: { name: "id" by: "args.id" }
      } }
    ] };
  string name = 1 [(bff.v1.field).by = "args.item.name"];
  optional int64 price = 2 [(bff.v1.field).by = "args.item.price_cents"];
  optional string customer = 3 [(bff.v1.field).by = "order.item_id"];
  repeated bff.v1.Degradation degraded = 15;
}
message Late {
  option (bff.v1.message) = { let: [${STEPS.replace("LATE", "defer: true").replace("supplementary: true", "")}] };${FIELDS}
  repeated bff.v1.Part parts = 14;
}
`,
};
const project = new GeneratedProject("protocol-table", PROTOS);
const { registry } = schemaOf(requestFor({ ...UPSTREAMS, ...PROTOS }));
const service = registry.getService("app.v1.PageService") as DescService;

const item = (id: string) => ({ id, name: `item ${id}`, priceCents: 2n ** 53n + 1n });
function found(id: string): object {
  if (id === "broken") throw new ConnectError("secret words", Code.NotFound);
  return item(id);
}
beforeAll(() => project.generate());
afterAll(() => project.remove());
const served = async (): Promise<Target> => {
  const handlers = {
    "up.v1.ItemService/GetItem": (({ id }: { id: string }) => found(id)) as never,
    "up.v1.ItemService/WatchItem": async function* ({ id }: { id: string }) {
      yield found(id);
      yield item(id);
    } as never,
    "up.v1.OrderService/GetOrder": (({ id }: { id: string }) => {
      if (id === "less") throw new ConnectError("secret words", Code.NotFound);
      return { itemId: "ann" };
    }) as never,
  };
  return { url: (await project.served("app/v1/server.ts", handlers)).url, service };
};

/** The cells of the table, by protocol. */
const KINDS = [["Read"], ["Write"], ["Run"], ["Follow", "Load"]] as const;
const DEGRADED = [
  { path: "customer", effect: "EFFECT_MISSING", reason: "REASON_REJECTED", upstream: "up.v1.OrderService" },
];
const whole = (id: string) => ({ name: `item ${id}`, price: "9007199254740993" });
const ANSWERS: Readonly<Record<string, JsonObject>> = {
  ok: { ...whole("ok"), customer: "ann" },
  less: { ...whole("less"), degraded: DEGRADED },
};
const ERRORS: Readonly<Record<string, Seen["error"]>> = {
  absent: { code: "FAILED_PRECONDITION", text: "no such page: a/b?c%", reason: "DECLARED" },
  broken: { code: "INTERNAL", text: "internal error", reason: "UPSTREAM_REJECTED" },
};

test("the table has all protocols", () => {
  expect([...CELLS.keys()]).toEqual([...new Set(CARRIERS.map(([row]) => row))]);
});

test.each(CARRIERS)("%s: %s", { timeout: 60_000 }, async (row, _, send) => {
  const target = await served();
  for (const [column, rpcs] of KINDS.entries())
    for (const rpc of rpcs) {
      const cell = CELLS.get(row)?.[column] ?? "";
      const seen = async (id: string): Promise<unknown> => [rpc, id, withoutParts(await send(target, rpc, { id }))];
      if (isRefusal(cell) || cell === "JSON") expect(await seen("ok")).toMatchObject([rpc, "ok", { refused: cell }]);
      else {
        for (const [id, message] of Object.entries(ANSWERS))
          expect(await seen(id)).toEqual([rpc, id, { messages: expected(rpc, message, cell) }]);
        for (const [id, error] of Object.entries(ERRORS))
          expect(await seen(id)).toEqual([rpc, id, { messages: [], error }]);
      }
    }
});

/** Both items of a stream, where the table names no other answer. */
const expected = (rpc: string, message: JsonObject, cell: string): readonly JsonObject[] =>
  (rpc === "Run" || rpc === "Follow") && cell === "yes" ? [message, message] : [message];

/** Merges the messages of a response in parts, whose number depends on time. */
function withoutParts(seen: Seen | Refused): Seen | Refused {
  if ("refused" in seen) return { refused: String(seen.refused) };
  const messages = seen.messages as readonly JsonObject[];
  if (!messages.some(({ parts }) => parts !== undefined)) return seen;
  const { parts: _, ...merged } = Object.assign({}, ...messages) as JsonObject;
  return { ...seen, messages: [merged] };
}
