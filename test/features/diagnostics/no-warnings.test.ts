// Good code gets no warning: for each check of plugin/src/check what comes close to what it warns of. What it warns of has goldens.
import { expect, test } from "vitest";
import { renderDiagnostics } from "../../../plugin/src/diagnostic/render.ts";
import { compileCase, goldenCases, parameterOf, requestOf, textsBelow, UPSTREAMS } from "../../support/golden.ts";
import { requestFor } from "../../support/request.ts";
import { together } from "../../support/together.ts";

interface App {
  readonly file?: string;
  readonly service?: string;
  readonly let?: readonly string[];
  readonly fields?: readonly string[];
  readonly more?: string;
}

function protosOf({ file = "", service = "", let: steps = [], fields = [ID], more = "" }: App) {
  return {
    "app/v1/app.proto": `syntax = "proto3";
package app.v1;
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
import "google/protobuf/timestamp.proto";
${file}
service AppService {
  option (bff.v1.service) = { ${service} };
  rpc GetPage(GetPageRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetPageRequest { string id = 1; int32 count = 2; repeated string ids = 3; }
message Page {
  option (bff.v1.message) = { let: [ ${steps.join(",\n")} ] };
  ${fields.join("\n  ")}
  repeated bff.v1.Degradation degraded = 15;
}
${more}`,
  };
}

function warnings(app: App): string {
  const protos = protosOf(app);
  const texts = { ...UPSTREAMS, ...protos };
  const { diagnostics } = compileCase(requestFor(texts, Object.keys(protos)), texts);
  return renderDiagnostics([...diagnostics], (name) => texts[name as keyof typeof texts], "text");
}

const ID = `string id = 14 [(bff.v1.field).by = "args.id"];`;
const field = (type: string, by: string, n = 1) => `${type} f${n} = ${n} [(bff.v1.field).by = "${by}"];`;
const getItem = (more = "") =>
  `call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } ${more} }`;
const getOrder = (id: string, more = "") =>
  `call: { method: "up.v1.OrderService/GetOrder" set: { name: "id" by: "${id}" } ${more} }`;
const item = (more = "") => `{ name: "item" ${getItem(more)} }`;
const find = (text: string, more = "") =>
  `{ name: "found" call: { method: "up.v1.ItemService/FindItems" set: { name: "text" by: "${text}" } cache: { ttl: "5s" } ${more} } }`;
const total = field("int32", "found.total");
const orders = (each: string, more = "") =>
  `{ name: "orders" each: { var: "id" in: "args.ids" ${each} ${getOrder("id", more)} } }`;
const ordered = field("repeated string", "orders.map(o, o.id)");

const IDENTITY = `import "bff/v1/identity.proto";
option (bff.v1.file).identity = { source: { name: "user" jwt: { issuer: "https://login.example" audience: "app" } } };`;
const showing = (permit: string, request: string, by = "args.id"): App => ({
  file: IDENTITY,
  service: "permit: {}",
  fields: [ID],
  more: `service ShowService {
    option (bff.v1.service) = { permit: ${permit} };
    rpc Show(ShowRequest) returns (Shown) { option idempotency_level = NO_SIDE_EFFECTS; }
  }
  message ShowRequest { ${request} }
  message At { string id = 1; }
  message Shown {
    option (bff.v1.message) = { let: ${item().replace("args.id", by)} };
    ${field("string", "item.name")}
  }`,
});

const good: Readonly<Record<string, App>> = {
  "BFF146: rules for different codes, and one for the rest": {
    let: [
      item(
        `on_error: [ { on: NOT_FOUND if: "error.message == ''" ignore: true }, { on: NOT_FOUND fail: {} }, { ignore: true } ]`,
      ),
    ],
    fields: [field("optional string", "item.name")],
  },
  "BFF347: a service's variable that only a step of it reads": {
    service: `env: { name: "NAME" type: "string" } let: { guard: { if: "env.NAME == ''" fail: { code: INTERNAL } } }`,
  },
  "BFF347: a service's variable that only an entry for another upstream reads": {
    file: `option (bff.v1.file).upstream = { service: "up.v1.OrderService" metadata: { name: "x-name" by: "env.NAME" } };`,
    service: `env: { name: "NAME" type: "string" }`,
  },
  "BFF347: a service's variable that only a message inside reads": {
    service: `env: { name: "NAME" type: "string" }`,
    let: [`{ name: "inner" compose: { message: "Inner" } }`],
    fields: [ID, `Inner f1 = 1 [(bff.v1.field).by = "inner"];`],
    more: `message Inner { string name = 1 [(bff.v1.field).by = "env.NAME"]; }`,
  },
  "BFF347: a variable that only an entry for another upstream reads": {
    file: `option (bff.v1.file) = {
      env: { name: "KEY" type: "string" }
      upstream: { service: "up.v1.OrderService" metadata: { name: "x-key" by: "env.KEY" } }
    };`,
  },
  "BFF348: conditions that differ in a text": {
    let: [
      `{ name: "kind" switch: { case: [ { if: "args.id == 'a b'" by: "1" }, { if: "args.id == 'ab'" by: "2" } ] default: "3" } }`,
    ],
    fields: [field("int64", "kind")],
  },
  "BFF350: a macro's variable of its own, and a field of a step's name": {
    let: [item()],
    fields: [field("repeated string", "item.sizes.map(s, string(s.width))"), field("string", "item.name", 2)],
  },
  "BFF351: a list that only its `if` tells apart": {
    let: [`{ name: "some" each: { var: "id" in: "args.ids" by: "id == '' ? 'none' : args.id" } }`],
    fields: [field("repeated string", "some")],
  },
  "BFF352: an order between steps that do not read each other": {
    let: [item(), `{ name: "order" after: "item" ${getOrder("args.id")} }`],
    fields: [field("string", "item.name"), field("bool", "order.paid", 2)],
  },
  "BFF580: an id that all callers may name": showing("{}", "string id = 1 [(bff.v1.field).public_id = true];"),
  "BFF580: an id in a field that all callers may fill": showing(
    "{}",
    "At at = 1 [(bff.v1.field).public_id = true];",
    "args.at.id",
  ),
  "BFF580: an id in a message with the option": showing(
    "{}",
    "Marked at = 1; } message Marked { string id = 1 [(bff.v1.field).public_id = true];",
    "args.at.id",
  ),
  "BFF580: an id in a public service": showing("{ public: true }", "string id = 1;"),
  "BFF513: a rate here, and what is slow on another entry": {
    file: `option (bff.v1.file) = {
      upstream: [ { breaker: { slow: "300ms" } }, { service: "up.v1.ItemService" breaker: { slow_rate: 0.2 } } ]
    };`,
    let: [item()],
    fields: [field("string", "item.name")],
  },
  "BFF514: slow for one of two calls": {
    file: `option (bff.v1.file).upstream = { timeout: "200ms" breaker: { slow: "300ms" } };`,
    let: [item(), `{ name: "order" ${getOrder("args.id", `timeout: "400ms"`)} }`],
    fields: [field("string", "item.name"), field("bool", "order.paid", 2)],
  },
  "BFF516: a line break that is compared, and bytes": {
    let: [
      item(
        `metadata: [ { name: "x-lines" by: "args.id.contains('\\\\n') ? 'many' : 'one'" }, { name: "x-raw-bin" by: "b'\\\\n'" } ]`,
      ),
    ],
    fields: [field("string", "item.name")],
  },
  "BFF517: a limit with a queue": {
    let: [orders("max: 50", "limit: { concurrent: 4 queued: 50 }")],
    fields: [ordered],
  },
  "BFF608: a step that a field needs too, through another": {
    let: [
      item(),
      `{ name: "title" by: "item.name + '!'" }`,
      `{ name: "order" supplementary: true ${getOrder("item.id")} }`,
    ],
    fields: [field("string", "title"), field("optional bool", "order.paid", 2)],
  },
  "BFF609: a value that may fail": {
    let: [item(), `{ name: "first" supplementary: true by: "item.tags[0]" }`],
    fields: [field("optional string", "first"), field("string", "item.name", 2)],
  },
  "BFF610: an item that may fail": {
    let: [`{ name: "numbers" each: { var: "id" in: "args.ids" partial: true by: "int(id)" } }`],
    fields: [field("repeated int64", "numbers")],
  },
  "BFF656: messages that are tested, by `has` or a value, and fields of the answer itself": {
    let: [
      item(),
      `{ name: "box" if: "has(item.size)" by: "item.size" }`,
      `{ guard: { if: "has(item.placeholder) && item.stock == 0" fail: { code: NOT_FOUND } } }`,
    ],
    fields: [
      field("bool", "has(item.size) && item.size.width == item.size.height"),
      field("bool", "item.size.width > 0 && item.size.width == item.size.height", 2),
      field("optional bool", "box.width > box.height", 3),
      field("bool", "item.placeholder.width > item.placeholder.height", 4),
      field("bool", "item.stock > int(item.price_cents)", 5),
      field("bool", "item.sizes.all(s, s.width > s.height)", 6),
      field("bool", "item.size.width > item.stock", 7),
    ],
  },
  "BFF648: a declared number of values, an empty list, one item, and lists of lists": {
    let: [
      orders("max: 5 partial: true min: 0"),
      `{ name: "some" each: { var: "id" in: "args.ids" max: 5 partial: true ${getOrder("id")} } }`,
    ],
    fields: [
      field("int32", "orders.map(o, o.count).sum()"),
      field("bool", "some.size() == 0", 2),
      field("string", "size(some) > 0 ? some[0].id : ''", 3),
      field("repeated string", "some.filter(o, o.paid).map(o, o.id).take(3)", 4),
    ],
  },
  "BFF611: members whose presence decides": {
    let: [item()],
    fields: [
      "oneof what {",
      field("string", "item.image_url"),
      field("string", "item.note", 2),
      field("string", "item.name", 3),
      "}",
    ],
  },
  "BFF612: fields with a source of their own": {
    let: [`{ name: "item" autobind: true ${getItem()} }`],
    fields: [`string name = 1 [(bff.v1.field).by = "item.name + '!'"];`],
  },
  "BFF704: bounded, where the upstream takes one key only": { let: [orders("max: 20")], fields: [ordered] },
  "BFF704: the same call for all items is made once": {
    let: [
      `{ name: "cards" each: { var: "id" in: "args.ids" max: 9 compose: { message: "Card" args: [ { name: "id" by: "id" }, { name: "page" by: "args.id" } ] } } }`,
    ],
    fields: [field("repeated Card", "cards")],
    more: `message Card {
      option (bff.v1.message) = { let: { name: "item" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.page" } } } };
      ${field("string", "item.name + args.id")}
    }`,
  },
  "BFF705: fewer at a time than there may be": { let: [orders("max: 20 concurrent: 4")], fields: [ordered] },
  "BFF802: the day, a comparison, a header of identity": {
    let: [
      find(
        "args.id + string(now.getFullYear()) + (now > timestamp('2030-01-01T00:00:00Z') ? 'new' : 'old')",
        `forward: ["authorization", "x-request-id"]`,
      ),
    ],
    fields: [total],
  },
  "BFF803: copies, and types of nobody in particular": {
    let: [item()],
    fields: [field("Size", "item.size"), field("google.protobuf.Timestamp", "item.created_at", 2)],
    more: `message Size { option (bff.v1.message).alias = "up.v1.Size"; int32 width = 1; }`,
  },
  "BFF706: a list of an item that is followed, which an upstream sends": {
    more: `service Follower {
  option (bff.v1.service) = {};
  rpc Follow(GetPageRequest) returns (stream Update) {
    option (bff.v1.method).stream = {
      var: "item"
      call: { method: "up.v1.ItemService/WatchItem" set: { name: "id" by: "args.id" } read_only: true }
    };
  }
}
message Update {
  option (bff.v1.message).let = { name: "tags" each: { var: "t" in: "args.item.tags" compose: { message: "Tag" args: { name: "t" by: "t" } } } };
  repeated Tag tags = 1 [(bff.v1.field).by = "tags"];
}
message Tag { string text = 1 [(bff.v1.field).by = "args.t"]; }`,
  },
  "BFF803: what is composed, in a package that an upstream has, too": {
    let: [
      `{ name: "depot" call: { method: "app.v1.DepotService/GetDepot" set: { name: "id" by: "args.id" } } }`,
      `{ name: "box" compose: { message: "Box" args: { spread: "depot" } } }`,
    ],
    fields: [field("Box", "box")],
    more: `service DepotService { rpc GetDepot(GetDepotRequest) returns (Depot) { option idempotency_level = NO_SIDE_EFFECTS; } }
message GetDepotRequest { string id = 1; }
message Depot { string name = 1; }
message Box { string name = 1 [(bff.v1.field).by = "args.name"]; }`,
  },
  "BFF804: an upstream's text that only decides": {
    let: [
      item(`on_error: { if: "error.message.contains('gone')" fail: { code: NOT_FOUND message: "no item {args.id}" } }`),
    ],
    fields: [field("string", "item.name")],
  },
};

together(UPSTREAMS, [...Object.values(good).map(protosOf), ...goldenCases("emit").map(({ protos }) => protos)]);

test.each(Object.entries(good))("%s", (_, app) => {
  expect(warnings(app)).toBe("");
});

const SHOWN: Readonly<Record<string, readonly string[]>> = {
  enums: ["BFF355"],
  "missing-fields": ["BFF647"],
  "ok-of-what-is-never-absent": ["BFF316"],
  "packages-in-one-folder": ["BFF821"],
  "what-may-be-null": ["BFF348", "BFF349"],
};

test.each(goldenCases("emit"))("golden $name", (golden) => {
  const texts = { ...UPSTREAMS, ...golden.protos };
  const { diagnostics } = compileCase(requestOf(golden), texts, parameterOf(golden));
  // Goldens also pass on messages of the same type, leave lists and page sizes without a bound, and have conditions that
  // are known beforehand.
  const shown = new Set(["BFF803", "BFF706", "BFF707", ...(SHOWN[golden.name] ?? [])]);
  const found = diagnostics.filter(({ code }) => !shown.has(code));
  expect(renderDiagnostics([...found], (name) => texts[name], "text")).toBe("");
});

test.each(["test/bffs/second/proto", "proto/example"])("%s", (folder) => {
  const texts = textsBelow(new URL(`../../../${folder}`, import.meta.url).pathname);
  const protos = Object.fromEntries(Object.entries(texts).filter(([name]) => name.endsWith(".proto")));
  const targets = Object.keys(protos).filter((name) => protos[name]?.includes("bff/v1/options.proto"));
  expect(targets.length).toBeGreaterThan(1);
  const { diagnostics } = compileCase(requestFor(protos, targets), protos);
  // Random requests of the second project have sizes of pages without a bound.
  const found = diagnostics.filter(({ code }) => folder !== "test/bffs/second/proto" || code !== "BFF707");
  expect(renderDiagnostics([...found], (name) => protos[name], "text")).toBe("");
});
