// Levels of the language: parts of a page beside its item and its price.
import { type Factor, type FieldOf, factor } from "../parts.ts";
import { itemOf, priceOf } from "../upstream.ts";

const price = (field: Omit<FieldOf, "ofPrice">): FieldOf => ({ ...field, ofPrice: true });
const PRICE_CALL = `method: "shop.v1.PriceService/GetPrice" set: { name: "item_id" by: "args.id" }`;
const parts = (id: string) => itemOf(id).parts;

export const LANGUAGE: readonly Factor[] = [
  factor("each", {
    call: {
      steps: `{ name: "prices" supplementary: true each: { var: "p" in: "item.parts" if: "p != ''" concurrent: 2 partial: true max: 10 call: { method: "shop.v1.PriceService/GetPrice" set: { name: "item_id" by: "p" } } } }`,
      fields: [
        price({
          type: "repeated int64",
          name: "part_cents",
          options: `by: "prices.map(p, p.cents)"`,
          value: (id) => parts(id).map((part) => `${priceOf(part).cents}`),
        }),
      ],
    },
    batch: {
      steps: `{ name: "items" supplementary: true each: { var: "p" in: "item.parts" partial: true max: 10 call: { method: "shop.v1.ItemService/BatchGetItems" batch: { name: "ids" by: "p" items: "items" key: "id" max: 5 } } } }`,
      fields: [
        {
          type: "repeated string",
          name: "part_names",
          options: `by: "items.map(i, i.name)"`,
          value: (id) => parts(id).map((part) => itemOf(part).name),
        },
      ],
    },
    "batch, key by": {
      steps: `{ name: "items" supplementary: true each: { var: "p" in: "item.parts" max: 10 call: { method: "shop.v1.ItemService/BatchGetItems" batch: { name: "refs" by: "p" items: "items" key_by: "item.id" wrap: "shop.v1.ItemRef{id: key}" } } } }`,
      fields: [
        {
          type: "repeated string",
          name: "part_names",
          options: `by: "items.map(i, i.name)"`,
          value: (id) => parts(id).map((part) => itemOf(part).name),
        },
      ],
    },
    "batch, many": {
      steps: `{ name: "items" supplementary: true each: { var: "p" in: "item.parts" max: 10 call: { method: "shop.v1.ItemService/BatchGetItems" batch: { name: "ids" by: "p" items: "items" key: "id" many: true } } } }`,
      fields: [
        {
          type: "repeated int64",
          name: "part_counts",
          options: `by: "items.map(of, size(of))"`,
          value: (id) => parts(id).map(() => "1"),
        },
      ],
    },
    compose: {
      steps: `{ name: "cards" supplementary: true each: { var: "p" in: "item.parts" partial: true max: 10 compose: { message: "PartCard" args: { name: "id" by: "p" } } } }`,
      fields: [
        price({
          type: "repeated PartCard",
          name: "cards",
          options: `by: "cards"`,
          value: (id) => parts(id).map((part) => ({ id: part, cents: `${priceOf(part).cents}` })),
        }),
      ],
      messages: `message PartCard {
  option (bff.v1.message).let = { name: "cost" supplementary: true call: { ${PRICE_CALL} } };
  string id = 1 [(bff.v1.field).by = "args.id"];
  optional int64 cents = 2 [(bff.v1.field).by = "cost.cents"];
}`,
    },
    keyed: {
      steps: `{ name: "named" each: { var: "p" in: "item.parts" key: "p" by: "p + '!'" } }`,
      fields: [
        {
          type: "map<string, string>",
          name: "named",
          options: `by: "named"`,
          value: (id) => Object.fromEntries(parts(id).map((part) => [part, `${part}!`])),
        },
      ],
    },
    enough: {
      steps: `{ name: "some" supplementary: true each: { var: "p" in: "item.parts" partial: true min: 1 enough: 1 max: 10 call: { method: "shop.v1.PriceService/GetPrice" set: { name: "item_id" by: "p" } } } }`,
      fields: [
        price({
          type: "repeated bool",
          name: "priced",
          options: `by: "some.map(p, p.cents > 0)"`,
          value: () => [true],
        }),
      ],
    },
  }),
  factor("copy", {
    spread: {
      steps: `{ name: "both" compose: { message: "Both" args: { spread: "item" } } }`,
      fields: [{ type: "Both", name: "both", options: `by: "both"`, value: (id) => ({ id, name: itemOf(id).name }) }],
      messages: `message Both { string id = 1 [(bff.v1.field).by = "args.id"]; string name = 2 [(bff.v1.field).by = "args.name"]; }`,
    },
    message: {
      fields: [
        {
          type: "ItemCopy",
          name: "copy",
          options: `by: "item"`,
          value: (id) => ({ id, title: itemOf(id).name, upper: `${id}!` }),
        },
      ],
      messages: `message ItemCopy {
  option (bff.v1.message).alias = "shop.v1.Item";
  string id = 1;
  string title = 2 [(bff.v1.field).alias = "name"];
  string upper = 3 [(bff.v1.field).by = "source.id + '!'"];
}`,
    },
    enum: {
      fields: [
        {
          type: "Sort",
          name: "sort",
          options: `by: "item.kind"`,
          value: (id) => (id.startsWith("g") ? undefined : "SORT_BOOK"),
        },
      ],
      messages: `enum Sort {
  option (bff.v1.enum).alias = "shop.v1.Kind";
  SORT_OTHER = 0 [(bff.v1.enum_value) = { default: true alias: ["KIND_UNSPECIFIED", "KIND_GAME"] }];
  SORT_BOOK = 1 [(bff.v1.enum_value).alias = "KIND_BOOK"];
}`,
    },
    text: {
      fields: [
        {
          type: "Size",
          name: "size",
          options: `by: "item.kind"`,
          value: (id) => (id.startsWith("g") ? undefined : "SIZE_BOOK"),
        },
        { type: "string", name: "size_text", options: `by: "enums.text(Size.SIZE_BOOK)"`, value: () => "a book" },
      ],
      messages: `enum Size {
  option (bff.v1.enum).alias = "shop.v1.Kind";
  SIZE_OTHER = 0 [(bff.v1.enum_value) = { default: true alias: ["KIND_UNSPECIFIED", "KIND_GAME"] text: "other" }];
  SIZE_BOOK = 1 [(bff.v1.enum_value) = { alias: "KIND_BOOK" text: "a book" }];
  SIZE_NONE = 2 [(bff.v1.enum_value) = { no_alias: true text: "none" }];
}`,
    },
    fallback: {
      fields: [{ type: "NoteCopy", name: "note", options: `by: "item"`, value: () => ({ note: "none" }) }],
      messages: `message NoteCopy {
  option (bff.v1.message).alias = "shop.v1.Item";
  optional string note = 1 [(bff.v1.field).fallback = "'none'"];
}`,
    },
    autobind: {
      steps: `{ name: "same" autobind: true call: { method: "shop.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } } }`,
      fields: [{ type: "int64", name: "stock", options: "", value: (id) => `${itemOf(id).stock}` }],
    },
    oneof: {
      steps: `{ name: "choice" compose: { message: "Choice" args: { name: "item" by: "item" } } }`,
      fields: [{ type: "Choice", name: "choice", options: `by: "choice"`, value: (id) => ({ rare: `rare ${id}` }) }],
      messages: `message Choice {
  oneof kind {
    string rare = 1 [(bff.v1.field) = { by: "'rare ' + args.item.id" if: "args.item.stock > 0" }];
    string common = 2 [(bff.v1.field) = { by: "'common'" default: true }];
  }
}`,
    },
    price: {
      fields: [
        price({
          type: "PriceCopy",
          name: "price_copy",
          options: `by: "price"`,
          value: (id) => ({ cents: `${priceOf(id).cents}`, offers: priceOf(id).offers }),
        }),
      ],
      messages: `message PriceCopy { option (bff.v1.message).alias = "shop.v1.Price"; int64 cents = 1; repeated string offers = 2; }`,
    },
  }),
  factor("switch", {
    switch: {
      steps: `{ name: "worth" switch: { case: [{ if: "ok(price) && price.cents > 0" by: "'priced'" }] default: "'free'" } }`,
      fields: [price({ type: "string", name: "worth", options: `by: "worth"`, value: () => "priced" })],
    },
    if: {
      steps: `{ name: "rare" if: "item.stock > 0" by: "'rare ' + item.name" }`,
      fields: [
        { type: "optional string", name: "rare", options: `by: "rare"`, value: (id) => `rare ${itemOf(id).name}` },
      ],
    },
    guard: {
      steps: `{ guard: { if: "args.id == 'forbidden'" fail: { code: FAILED_PRECONDITION message: "not {args.id}" } } }`,
    },
  }),
  factor("expression", {
    function: {
      file: `function: { name: "text.twice" param: ["string"] result: "string" }`,
      fields: [
        {
          type: "string",
          name: "twice",
          options: `by: "text.twice(item.name)"`,
          value: (id) => itemOf(id).name.repeat(2),
        },
      ],
      module: "export const functions = { textTwice: (text) => text + text };",
      needs: ["module"],
    },
    resolver: {
      fields: [
        { type: "optional string", name: "slogan", options: "resolver: true reads: {}", value: (id) => `buy ${id}` },
      ],
      module:
        "const slogan = ({ args }) => 'buy ' + args.id;\nexport const resolvers = { pageSlogan: slogan, rowSlogan: slogan, wholeSlogan: slogan };",
      needs: ["module"],
    },
    "resolver of a step": {
      fields: [
        price({
          type: "optional string",
          name: "slogan",
          options: `resolver: true reads: { step: ["price"] }`,
          value: (id) => `only ${priceOf(id).cents}`,
        }),
      ],
      module:
        "const slogan = ({ steps }) => steps.price && 'only ' + steps.price.cents;\nexport const resolvers = { pageSlogan: slogan, rowSlogan: slogan, wholeSlogan: slogan };",
      needs: ["module"],
    },
    "resolver of a message": {
      steps: `{ name: "extra" compose: { message: "Extra" args: { name: "id" by: "args.id" } } }`,
      fields: [{ type: "Extra", name: "extra", options: `by: "extra"`, value: (id) => ({ text: `more of ${id}` }) }],
      messages: "message Extra { option (bff.v1.message) = { resolver: true reads: {} }; string text = 1; }",
      module: "export const resolvers = { extra: ({ args }) => ({ text: 'more of ' + args.id }) };",
      needs: ["module"],
    },
    "env of the service": {
      service: `env: { name: "BRAND" type: "string" default: "shop" alternate: "OTHER_BRAND" }`,
      fields: [{ type: "string", name: "brand", options: `by: "env.BRAND"`, value: () => "other" }],
      env: { OTHER_BRAND: "other" },
    },
    "env with bounds": {
      file: `env: { name: "SIZE" type: "int" default: "3" min: "1" max: "9" }`,
      fields: [{ type: "int64", name: "units", options: `by: "env.SIZE"`, value: () => "9" }],
      env: { SIZE: "9" },
    },
    env: {
      file: `env: { name: "BRAND" type: "string" default: "shop" }`,
      fields: [{ type: "string", name: "brand", options: `by: "env.BRAND"`, value: () => "own" }],
      env: { BRAND: "own" },
    },
    sum: {
      fields: [
        price({
          type: "optional int64",
          name: "sum",
          options: `by: "price.cents + int(size(price.offers))"`,
          value: (id) => `${priceOf(id).cents + 2n}`,
        }),
      ],
    },
  }),
  factor("service step", {
    call: {
      service: `let: { name: "viewer" call: { method: "shop.v1.ItemService/GetItem" set: { name: "id" by: "headers['x-user'] != '' ? headers['x-user'] : 'ann'" } } }`,
      fields: [{ type: "string", name: "viewer", options: `by: "viewer.name"`, value: () => itemOf("ann").name }],
    },
    fields: {
      service: `let: { name: "viewer" call: { method: "shop.v1.ItemService/GetItem" set: [{ name: "id" by: "'ann'" }, { name: "mask" fields: true }] } }`,
      fields: [{ type: "string", name: "viewer", options: `by: "viewer.name"`, value: () => itemOf("ann").name }],
    },
  }),
  factor("call", {
    request: {
      steps: `{ name: "second" supplementary: true call: { method: "shop.v1.PriceService/GetPrice" request: "shop.v1.GetPriceRequest{item_id: args.id}" timeout: "200ms" } }`,
      fields: [
        price({
          type: "optional int64",
          name: "second_cents",
          options: `by: "second.cents"`,
          value: (id) => `${priceOf(id).cents}`,
        }),
      ],
    },
    "read only": {
      steps: `{ name: "views" call: { method: "shop.v1.ItemService/CountViews" read_only: true set: { name: "id" by: "args.id" } } }`,
      fields: [{ type: "int64", name: "views", options: `by: "views.count"`, value: () => "5" }],
    },
    "read only entry": {
      file: `upstream: { method: "shop.v1.ItemService/CountViews" read_only: true }`,
      steps: `{ name: "views" call: { method: "shop.v1.ItemService/CountViews" set: { name: "id" by: "args.id" } } }`,
      fields: [{ type: "int64", name: "views", options: `by: "views.count"`, value: () => "5" }],
    },
  }),
  factor("mask", {
    fields: { rpc: `fields: "args.fields"`, request: "google.protobuf.FieldMask fields = 7;" },
    "on request": {
      rpc: `fields: "args.fields"`,
      request: "google.protobuf.FieldMask fields = 7;",
      fields: [{ type: "string", name: "asked", options: `by: "item.name" on_request: true`, value: () => undefined }],
    },
  }),
  factor("sensitive", {
    reveal: {
      fields: [
        {
          type: "string",
          name: "secret",
          options: `by: "item.secret" reveal: "the owner asks"`,
          value: (id) => itemOf(id).secret,
        },
      ],
    },
    marked: {
      fields: [{ type: "string", name: "secret", options: `by: "item.secret"`, value: (id) => itemOf(id).secret }],
    },
    fresh: {
      fields: [
        {
          type: "int64",
          name: "in_stock",
          options: `by: "item.stock" fresh: true`,
          value: (id) => `${itemOf(id).stock}`,
        },
      ],
    },
  }),
  factor("pages", {
    tokens: {
      request: "string page_token = 8;",
      steps: `{ name: "state" by: "page.open(args.page_token)" }`,
      fields: [{ type: "bool", name: "first", options: `by: "state.size() == 0"`, value: () => true }],
      env: { BFF_PAGE_KEYS: Buffer.alloc(32, 7).toString("base64") },
    },
  }),
  factor("effect", {
    order: {
      steps: `{ name: "order" call: { method: "shop.v1.OrderService/PlaceOrder" set: { name: "item_id" by: "args.id" } } }`,
      fields: [{ type: "string", name: "order", options: `by: "order.id"`, value: (id) => `order of ${id}` }],
    },
    unordered: {
      steps: `{ name: "order" unordered: true call: { method: "shop.v1.OrderService/PlaceOrder" set: { name: "item_id" by: "args.id" } } }, { name: "gift" unordered: true call: { method: "shop.v1.OrderService/PlaceOrder" set: { name: "item_id" by: "args.id + '!'" } } }`,
      fields: [{ type: "string", name: "order", options: `by: "order.id"`, value: (id) => `order of ${id}` }],
    },
    confirmed: {
      steps: `{ name: "order" call: { method: "shop.v1.OrderService/PlaceOrder" set: { name: "item_id" by: "args.id" } } }`,
      fields: [{ type: "string", name: "order", options: `by: "order.id"`, value: (id) => `order of ${id}` }],
      needs: ["redis"], // processes share which confirmations are used
      env: { BFF_TOOL_KEYS: Buffer.alloc(32, 9).toString("base64") },
    },
    "idempotent entry": {
      file: `upstream: { method: "shop.v1.OrderService/PlaceOrder" idempotent: true }`,
      steps: `{ name: "order" call: { method: "shop.v1.OrderService/PlaceOrder" set: { name: "item_id" by: "args.id" } } }`,
      fields: [{ type: "string", name: "order", options: `by: "order.id"`, value: (id) => `order of ${id}` }],
    },
    idempotent: {
      steps: `{ name: "order" after: ["item"] call: { method: "shop.v1.OrderService/PlaceOrder" idempotent: true set: { name: "item_id" by: "args.id" } } }`,
      fields: [{ type: "string", name: "order", options: `by: "order.id"`, value: (id) => `order of ${id}` }],
    },
  }),
  factor("later", {
    parts: { priceStep: "defer: true", later: { rpc: "Load", options: `parts_timeout: "5s"` } },
    stream: {
      later: {
        rpc: "Follow",
        options: `stream: { var: "event" call: { method: "shop.v1.ItemService/WatchItem" set: { name: "id" by: "args.id" } limit: { streams: 500 } } if: "event.position > 0" until: "event.last" ahead: 4 heartbeat: "5s" idle: "30s" max_age: "60s" overflow: WAIT }`,
      },
    },
    "latest item": {
      later: {
        rpc: "Follow",
        options: `stream: { var: "event" call: { method: "shop.v1.ItemService/WatchItem" set: [{ name: "id" by: "args.id" }, { name: "after" by: "resume.orValue(0)" }] } position: "event.position" until: "event.last" overflow: LATEST min_interval: "5ms" }`,
      },
    },
    "topic of NATS": {
      service: `topic: { name: "items" type: "shop.v1.ItemEvent" subject: "items.{key}.events" jetstream: "ITEMS" keep: 8 until: "event.last" }`,
      later: {
        rpc: "Follow",
        options: `stream: { var: "event" follow: { topic: "items" key: "args.id" } } tool: { confirm: false wait: "10s" }`,
      },
      needs: ["nats"],
    },
    topic: {
      service: `topic: { name: "items" call: { method: "shop.v1.ItemService/WatchItem" set: [{ name: "id" by: "key" }, { name: "after" by: "resume.orValue(0)" }] } position: "event.position" until: "event.last" }`,
      later: { rpc: "Follow", options: `stream: { var: "event" follow: { topic: "items" key: "args.id" } }` },
    },
    latest: {
      service: `topic: { name: "items" call: { method: "shop.v1.ItemService/WatchItem" set: [{ name: "id" by: "key" }, { name: "after" by: "resume.orValue(0)" }] } position: "event.position" }`,
      steps: `{ name: "newest" supplementary: true latest: { topic: "items" key: "args.id" } }`,
      fields: [{ type: "optional int64", name: "newest", options: `by: "newest.position"`, value: () => "2" }],
    },
    live: {
      later: { rpc: "Follow", options: `stream: { live: { on: "item:{args.id}" every: "10m" } max_age: "1s" }` },
      steps: `{ name: "watched" call: { method: "shop.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } cache: { ttl: "1m" tag: "item:{answer.id}" } } }`,
      fields: [{ type: "string", name: "watched", options: `by: "watched.name"`, value: (id) => itemOf(id).name }],
    },
    "live, after events": {
      service: `topic: { name: "items" call: { method: "shop.v1.ItemService/WatchItem" set: [{ name: "id" by: "key" }, { name: "after" by: "resume.orValue(0)" }] } position: "event.position" }`,
      steps: `{ name: "newest" supplementary: true latest: { topic: "items" key: "args.id" } }`,
      fields: [{ type: "optional int64", name: "newest", options: `by: "newest.position"`, value: () => "2" }],
      later: {
        rpc: "Follow",
        options: `stream: { live: { follow: { topic: "items" key: "args.id" } every: "10m" jitter: 0.5 } min_interval: "50ms" max_age: "1s" }`,
      },
    },
  }),
];
