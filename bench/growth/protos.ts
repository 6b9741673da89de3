// BFFs that grow: in rpcs, in upstreams of one fan-out, in items of a list.

export const RPCS = [10, 100, 500, 2_000];
export const UPSTREAMS = [3, 10, 25, 50];

const many = <Value>(count: number, of: (index: number) => Value): Value[] =>
  Array.from({ length: count }, (_, i) => of(i));

/** Name in its module → text. */
export const growthProtos = (): Readonly<Record<string, string>> => ({
  "grow/up/v1/up.proto": upstreams(Math.max(...UPSTREAMS)),
  "grow/fan/v1/fan.proto": fanOut(),
  "grow/list/v1/list.proto": list(),
  ...Object.fromEntries(RPCS.map((count) => [`grow/rpcs${count}/v1/rpcs.proto`, rpcs(count)])),
});

const upstreams = (count: number): string => `syntax = "proto3";
package grow.up.v1;

${many(count, (i) => `service S${i}Service {\n  rpc GetItem(GetItemRequest) returns (Item) {\n    option idempotency_level = NO_SIDE_EFFECTS;\n  }\n}`).join("\n")}
service ListService {
  rpc ListItems(ListItemsRequest) returns (Items) {
    option idempotency_level = NO_SIDE_EFFECTS;
  }
}

message GetItemRequest {
  string id = 1;
}
message ListItemsRequest {
  int32 count = 1;
}
message Item {
  string id = 1;
  string name = 2;
  string about = 3;
}
message Items {
  repeated Item items = 1;
}
`;

const call = (name: string, service: number): string =>
  `{ name: "${name}" call: { method: "grow.up.v1.S${service}Service/GetItem" set: { name: "id" by: "args.id" } } }`;

const head = (name: string): string => `syntax = "proto3";
package grow.${name}.v1;

import "bff/v1/options.proto";
import "grow/up/v1/up.proto";

option (bff.v1.file) = { upstream: [{ timeout: "1s" }] };

message GetRequest {
  string id = 1;
  int32 count = 2;
}
`;

const service = (names: readonly string[]): string => `
service GrowService {
  option (bff.v1.service) = {};
${names.map((name) => `  rpc Get${name}(GetRequest) returns (${name}) {\n    option idempotency_level = NO_SIDE_EFFECTS;\n  }`).join("\n")}
}
`;

const fanOut = (): string =>
  `${head("fan")}${service(UPSTREAMS.map((count) => `Fan${count}`))}${UPSTREAMS.map(
    (count) => `
message Fan${count} {
  option (bff.v1.message) = {
    let: [
      ${many(count, (i) => call(`c${i}`, i)).join(",\n      ")}
    ]
  };
${many(count, (i) => `  grow.up.v1.Item item${i} = ${i + 1} [(bff.v1.field).by = "c${i}"];`).join("\n")}
}
`,
  ).join("")}`;

const list = (): string => `${head("list")}${service(["Page"])}
message Page {
  option (bff.v1.message) = {
    let: [
      { name: "found" call: { method: "grow.up.v1.ListService/ListItems" set: { name: "count" by: "args.count" } } },
      { name: "entries"
        each: { var: "item" in: "found.items" compose: { message: "Entry" args: { name: "item" by: "item" } } } }
    ]
  };
  repeated Entry entries = 1 [(bff.v1.field).by = "entries"];
}
message Entry {
  string id = 1 [(bff.v1.field).by = "args.item.id"];
  string title = 2 [(bff.v1.field).by = "args.item.name + '!'"];
}
`;

const rpcs = (count: number): string =>
  `${head(`rpcs${count}`)}${service(many(count, (i) => `Page${i}`))}${many(
    count,
    (i) => `
message Page${i} {
  option (bff.v1.message) = {
    let: ${call("item", 0)}
  };
  string id = 1 [(bff.v1.field).by = "item.id"];
  string title = 2 [(bff.v1.field).by = "item.name + '!'"];
}
`,
  ).join("")}`;
