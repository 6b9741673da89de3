// Changes that a pull request may make in shop.proto of test/golden/diff.txtar.
import type { Finding } from "../../../cli/src/diff/finding.ts";
import { goldenTexts } from "../../support/archive.ts";

export const SHOP = goldenTexts("diff", "shop.proto")[""] ?? "";

export type Changes = readonly (readonly [from: string, to: string])[];
export interface Case {
  readonly name: string;
  /** Replacements: a text of the proto, and its new text. */
  readonly change: Changes;
  /** Replacements on both sides. */
  readonly base?: Changes;
  /** Kinds that the findings must contain. */
  readonly kinds: readonly Finding["kind"][];
  /** No other kind may be among them. */
  readonly only?: true;
}
const GET_ITEM = `{ name: "item" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } } }`;
const GET_BY_ID = `call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } }`;
const GET_ORDER = `call: { method: "up.v1.OrderService/GetOrder" set: { name: "id" by: "args.id" } }`;
const FIND_BY_ID = `call: { method: "up.v1.ItemService/FindItems" set: { name: "text" by: "args.id" } }`;
/** The same, open for policies. */
const GET_ITEM_BY_ID = GET_BY_ID.slice(0, -2);
const OTHER_TITLE = [`[(bff.v1.field).by = "item.name"]`, `[(bff.v1.field).by = "item.name + other.name"]`] as const;
/** A sensitive field of a request, and its copy in the response. */
const SENSITIVE: Changes = [
  [
    `  string id = 2;\n}\nmessage Page {`,
    `  string id = 2;\n  string mail = 3 [debug_redact = true];\n}\nmessage Page {`,
  ],
  [
    `  optional string note = 3 [(bff.v1.field).by = "item.note"];`,
    `  optional string note = 3 [(bff.v1.field).by = "item.note"];\n  string mail = 12 [(bff.v1.field) = { by: "args.mail" }];`,
  ],
];
/** An answer that is used again, and a call whose request has a text. */
const CACHED: Changes = [
  [`option (bff.v1.method) = { timeout: "1s" };`, `option (bff.v1.method) = { timeout: "1s" cache: { ttl: "30s" } };`],
  [
    GET_ITEM,
    `${GET_ITEM},\n      { name: "gift" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.mail" } cache: { ttl: "10s" } } }`,
  ],
  [`[(bff.v1.field).by = "item.name"]`, `[(bff.v1.field).by = "item.name + gift.name"]`],
];
const UNMARKED: Changes = SENSITIVE.map(([from, to]) => [from, to.replace(" [debug_redact = true]", "")]);
const MARKED: Changes = [
  ["string mail = 3;", "string mail = 3 [debug_redact = true];"],
  [`by: "args.mail" } cache`, `by: "args.mail" reveal: "gifts are found by mail" } cache`],
  [`by: "args.mail" }];`, `by: "args.mail" }, debug_redact = true];`],
];
const TOOL = `tool: { description: "Reads a page." hidden: [{ name: "tenant" by: "principal.tenant" }, { name: "id" by: "'home'" }] }`;
/** Cards of any number of tags. */
const UNBOUNDED: Changes = [[`max: 10 compose`, `compose`]];
const GET_NEXT_CALL = `call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.event.owner_id" } }`;
const GET_NEXT_ORDER = GET_NEXT_CALL.replace("ItemService/GetItem", "OrderService/GetOrder");
const GET_NEXT = `{ name: "next" ${GET_NEXT_CALL} }`;
const WATCH_ITEM = `call: { method: "up.v1.ItemService/WatchItem" read_only: true set: { name: "id" by: "args.id" } }`;
const WATCH_STOCK = `call: { method: "stock.v1.StockService/WatchStock" read_only: true set: { name: "id" by: "resume.orValue(args.id)" } }`;
const TOPICS = [
  `permit: { source: "user" role: "buyer" if: "principal.tenant != ''" }\n  };`,
  `permit: { source: "user" role: "buyer" if: "principal.tenant != ''" }
    topic: [
      { name: "items" type: "up.v1.Item" subject: "items.{key}" jetstream: "ITEMS" },
      { name: "orders" type: "up.v1.Item" subject: "orders.{key}" jetstream: "ORDERS" keep: 64 }
    ]
  };`,
] as const;
/** A stream that clients resume has a heartbeat. */
const POSITIONS: Changes = [
  [`import "bff/v1/options.proto";`, `import "bff/v1/options.proto";\nimport "bff/v1/stream.proto";`],
  [
    `string name = 1 [(bff.v1.field).by = "next.name"];`,
    `string name = 1 [(bff.v1.field).by = "next.name"];\n  bff.v1.Position position = 14;`,
  ],
];
const FOLLOWED: Changes = [
  [
    "  rpc Buy(",
    `  rpc Watch(GetPageRequest) returns (stream Watched) {
    option (bff.v1.method).stream = {
      var: "event"
      ${WATCH_ITEM}
    };
  }
  rpc Buy(`,
  ],
  [
    "message BuyRequest {",
    `message Watched {
  option (bff.v1.message) = { let: [${GET_NEXT}] };
  string name = 1 [(bff.v1.field).by = "next.name"];
}
message BuyRequest {`,
  ],
];
/** A live answer over one call with a tag. */
const LIVE: Changes = [
  [
    "  rpc Buy(",
    `  rpc Watch(GetPageRequest) returns (stream Watched) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method).stream = { live: { on: "next:{args.id}" } };
  }
  rpc Buy(`,
  ],
  [
    "message BuyRequest {",
    `message Watched {
  option (bff.v1.message) = {
    let: { name: "next" ${GET_ITEM_BY_ID} cache: { ttl: "60s" tag: "next:{answer.id}" } } }
  };
  string name = 1 [(bff.v1.field).by = "next.name"];
}
message BuyRequest {`,
  ],
];
const SOURCE = `      {
        name: "user"
        jwt: { issuer: "https://id.example" audience: "shop" claims: "shop.v1.Claims" }`;
/** Rules of a request. */
const RULED: Changes = [
  [`import "bff/v1/options.proto";`, `import "bff/v1/options.proto";\nimport "buf/validate/validate.proto";`],
  [
    `  string tenant = 1;\n  string id = 2;`,
    `  string tenant = 1;\n  string id = 2 [(buf.validate.field).string.min_len = 3];`,
  ],
];
const MIN_LEN = "[(buf.validate.field).string.min_len = 3]";
const RULED_ORDER: Changes = [
  [`import "bff/v1/options.proto";`, `import "bff/v1/options.proto";\nimport "buf/validate/validate.proto";`],
  [`  string item_id = 2;`, `  string item_id = 2 [(buf.validate.field).string.min_len = 3];`],
];
/** An upstream that does not declare side effects. */
export const STOCK = `syntax = "proto3";
package stock.v1;
service StockService {
  rpc GetStock(GetStockRequest) returns (Stock);
  rpc WatchStock(GetStockRequest) returns (stream Stock);
}
message GetStockRequest {
  string id = 1;
}
message Stock {
  string id = 1;
}
`;
/** A call that has no side effects on the word of its rpc. */
const VOUCHED: Changes = [
  ...RULED,
  [
    GET_ITEM,
    `${GET_ITEM},\n      { name: "other" call: { method: "stock.v1.StockService/GetStock" set: { name: "id" by: "args.id" } } }`,
  ],
  [`[(bff.v1.field).by = "item.name"]`, `[(bff.v1.field).by = "item.name + other.id"]`],
];
const CONDITION = `role: "buyer" if: "principal.tenant != ''"`;
const GET_PAGE = `option (bff.v1.method) = { timeout: "1s" };`;
const BUY = `option (bff.v1.method) = { timeout: "2s" };`;
const VERSIONED = GET_PAGE.replace(" };", ' version: { deprecated: "2026-01-31" sunset: "2027-06-30" } };');
const PERMIT = `permit: { source: "user" role: "buyer" if: "principal.tenant != ''" }`;
const PUBLIC = `permit: { public: true }`;
const TENANT = `          metadata: { name: "x-tenant" by: "principal.tenant" }\n`;
const SPARE = `{ name: "spare" key: "'spare'" closed: true rate: 1000 per: "1s" }`;
/** Limits of the file, which hold for all of its rpcs, and of those of files that import it. */
const LIMITED: Changes = [
  [
    `option (bff.v1.file) = {`,
    `option (bff.v1.file) = {
  rate_limit: [
    { name: "user" key: "principal.subject" if: "principal.tenant != 'free'" rate: 600 per: "1m" burst: 60 },
    { name: "daily" key: "principal.tenant" rate: 1000 per: "day" },
    ${SPARE}
  ]`,
  ],
];
const REST: Changes = [
  [`import "bff/v1/options.proto";`, `import "bff/v1/options.proto";\nimport "google/api/annotations.proto";`],
  [GET_PAGE, `${GET_PAGE}\n    option (google.api.http) = { get: "/v1/pages/{id}" };`],
  [BUY, `${BUY}\n    option (google.api.http) = { post: "/v1/orders" body: "*" };`],
];
export const cases: readonly Case[] = [
  {
    name: "identity-source-added",
    change: [
      [
        SOURCE,
        `      { name: "partner" trusted: { header: "x-partner" claims: "shop.v1.Principal" } from: "spiffe://shop/gateway" },\n${SOURCE}`,
      ],
    ],
    kinds: ["identity"],
  },
  {
    name: "identity-source-replaced",
    change: [
      [SOURCE, SOURCE.replace(`"user"`, `"member"`)],
      [`permit: { source: "user"`, `permit: { source: "member"`],
    ],
    kinds: ["identity", "permits"],
  },
  {
    name: "identity-issuer",
    change: [
      [
        `jwt: { issuer: "https://id.example" audience: "shop"`,
        `jwt: { issuer: "https://{env.ISSUER}" audience: ["shop", "web"] algorithm: ["ES256"] leeway: "2m" cookie: "token"`,
      ],
      [`option (bff.v1.file) = {`, `option (bff.v1.file) = {\n  env: { name: "ISSUER" type: "string" }`],
    ],
    kinds: ["identity"],
  },
  {
    name: "identity-claims",
    change: [
      [`{ name: "tenant" by: "claims.org" }`, `{ name: "tenant" by: "claims.sub" if: "claims.org != ''" }`],
      [`claims: "shop.v1.Claims"`, `claims: "shop.v1.Token"`],
      [`message Claims {`, `message Token {`],
    ],
    kinds: ["identity"],
  },
  {
    name: "identity-gone",
    change: [
      [SHOP.slice(SHOP.indexOf("  identity: {"), SHOP.indexOf("};\n\nmessage Claims")), ""],
      [`    permit: { source: "user" role: "buyer" if: "principal.tenant != ''" }\n`, ""],
      [`metadata: { name: "x-tenant" by: "principal.tenant" }`, ""],
    ],
    kinds: ["identity", "permits"],
  },
  {
    name: "permit-refuses-otherwise",
    change: [[CONDITION, `${CONDITION} fail: { code: NOT_FOUND message: "no such shop" }`]],
    kinds: ["refusals"],
  },
  {
    name: "permit-tells-more",
    base: [[CONDITION, `${CONDITION} fail: { code: NOT_FOUND }`]],
    change: [
      [`${CONDITION} fail: { code: NOT_FOUND }`, `${CONDITION} fail: { message: "not for {principal.subject}" }`],
    ],
    kinds: ["exposure"],
  },
  {
    name: "revealed",
    base: [...SENSITIVE, [`by: "args.mail" }`, `by: "args.mail" }, debug_redact = true`]],
    change: [[`by: "args.mail" }, debug_redact = true`, `by: "args.mail" reveal: "users read their mail" }`]],
    kinds: ["exposure"],
  },
  {
    name: "revealed-for-another-reason",
    base: [...SENSITIVE, [`by: "args.mail" }`, `by: "args.mail" reveal: "users read their mail" }`]],
    change: [[`reveal: "users read their mail"`, `reveal: "support reads it"`]],
    kinds: ["exposure"],
  },
  {
    name: "no-longer-revealed",
    base: [...SENSITIVE, [`by: "args.mail" }`, `by: "args.mail" reveal: "users read their mail" }`]],
    change: [[`by: "args.mail" reveal: "users read their mail" }`, `by: "args.mail" }, debug_redact = true`]],
    kinds: ["exposure"],
  },
  {
    name: "sensitive-caches",
    base: [...UNMARKED, ...CACHED],
    change: MARKED,
    kinds: ["cache", "exposure"],
  },
  {
    name: "no-longer-sensitive-caches",
    base: [...UNMARKED, ...CACHED, ...MARKED],
    change: MARKED.map(([from, to]) => [to, from] as const),
    kinds: ["cache", "exposure"],
  },
  {
    name: "tags-and-purges",
    base: [
      [
        `option (bff.v1.method) = { timeout: "1s" };`,
        `option (bff.v1.method) = { timeout: "1s" cache: { ttl: "30s" tag: ["page:{args.id}", "pages"] } };`,
      ],
      [GET_ITEM, GET_ITEM.replace(`"args.id" } }`, `"args.id" } cache: { ttl: "10s" tag: "item:{answer.id}" } }`)],
    ],
    change: [
      [`tag: ["page:{args.id}", "pages"]`, `tag: ["pages", "shop"] purged: COUNT_ONLY single_fetch: false`],
      [`tag: "item:{answer.id}"`, `tag: "item:{answer.id}" purged: STALE_ON_FAILURE single_fetch: false`],
    ],
    kinds: ["cache"],
    only: true,
  },
  {
    name: "rule-added",
    base: RULED,
    change: [
      [
        MIN_LEN,
        `[(buf.validate.field) = { required: true string: { min_len: 3 not_in: "x" } cel: { id: "id.small" message: "too large" expression: "this < 'y'" } }]`,
      ],
    ],
    kinds: ["refusals"],
  },
  {
    name: "rule-changed",
    base: RULED,
    change: [[MIN_LEN, "[(buf.validate.field).string.min_len = 2]"]],
    kinds: ["refusals"],
  },
  { name: "rule-removed", base: RULED, change: [[` ${MIN_LEN}`, ""]], kinds: ["refusals"] },

  {
    name: "new-upstream-call",
    change: [
      [
        GET_ITEM,
        `${GET_ITEM},
      { name: "order" call: { method: "up.v1.OrderService/GetOrder" set: { name: "id" by: "args.id" } } }`,
      ],
      [`[(bff.v1.field).by = "item.name"]`, `[(bff.v1.field).by = "item.name + order.id"]`],
    ],
    kinds: ["upstreams", "calls"],
  },
  {
    name: "lost-upstream-call",
    change: [
      [`      {\n        name: "similar"${SHOP.split(`name: "similar"`)[1]?.split(`      { name: "cards"`)[0]}`, ""],
      [`  optional int32 matches = 2 [(bff.v1.field).by = "similar.total"];\n`, ""],
    ],
    kinds: ["upstreams", "calls"],
  },
  {
    name: "step-becomes-critical",
    change: [[`name: "similar"\n        supplementary: true`, `name: "similar"`]],
    kinds: ["criticality", "absence"],
  },
  {
    name: "step-becomes-supplementary",
    change: [
      [GET_ITEM, GET_ITEM.replace(`name: "item"`, `name: "item" supplementary: true`)],
      [`string title = 1`, `optional string title = 1`],
      [`set: { name: "text" by: "item.name" }`, `set: { name: "text" by: "args.id" }`],
      [`in: "item.tags"`, `in: "ok(item) ? item.tags : []"`],
    ],
    kinds: ["criticality", "absence"],
  },
  { name: "fewer-cards-suffice", change: [[`max: 10 compose`, `max: 10 enough: 3 compose`]], kinds: ["criticality"] },
  { name: "more-calls", change: [[`max: 10 compose`, `max: 1000 compose`]], kinds: ["calls"] },
  { name: "any-number-of-calls", change: [[`max: 10 compose`, `compose`]], kinds: ["calls"] },
  {
    name: "more-calls-per-item",
    base: UNBOUNDED,
    change: [
      [
        '        name: "tagged"',
        `        name: "whole" supplementary: true ${GET_BY_ID} },\n      {\n        name: "tagged"`,
      ],
      [`by = "tagged.name"`, `by = "tagged.name + whole.name"`],
    ],
    kinds: ["calls"],
  },
  {
    name: "more-calls-beside-items",
    base: UNBOUNDED,
    change: [
      [GET_ITEM, `${GET_ITEM},\n      { name: "other" ${GET_BY_ID} }`],
      [`[(bff.v1.field).by = "item.name"]`, `[(bff.v1.field).by = "item.name + other.name"]`],
    ],
    kinds: ["calls"],
  },
  {
    name: "new-upstream-call-per-item",
    base: UNBOUNDED,
    change: [
      [
        '        name: "tagged"',
        `        name: "whole" supplementary: true ${GET_ORDER} },\n      {\n        name: "tagged"`,
      ],
      [`by = "tagged.name"`, `by = "tagged.name + whole.id"`],
    ],
    kinds: ["upstreams", "calls"],
  },
  {
    name: "calls-moved-between-methods",
    base: [[GET_ITEM, `${GET_ITEM},\n      { name: "other" ${GET_BY_ID} }`], OTHER_TITLE],
    change: [
      [`{ name: "other" ${GET_BY_ID} }`, `{ name: "other" ${FIND_BY_ID} }`],
      [`item.name + other.name`, `item.name + string(other.total)`],
    ],
    kinds: ["calls"],
  },
  {
    name: "more-calls-per-item-of-stream",
    base: FOLLOWED,
    change: [
      [GET_NEXT, `${GET_NEXT}, { name: "again" ${GET_NEXT_CALL} }, { name: "order" ${GET_NEXT_ORDER} }`],
      [`by = "next.name"`, `by = "next.name + again.name + order.id"`],
    ],
    kinds: ["upstreams", "calls"],
  },
  {
    name: "stream-options",
    base: FOLLOWED,
    change: [
      [
        `set: { name: "id" by: "args.id" } }
    };`,
        `set: { name: "id" by: "args.tenant" } }
      if: "event.id != ''"
      until: "event.id == 'last'"
      idle: "30s"
      max_age: "1m"
      overflow: LATEST
      min_interval: "1s"
    };`,
      ],
    ],
    kinds: ["values", "api", "deadlines", "policies"],
  },
  {
    name: "stream-source",
    base: FOLLOWED,
    change: [
      [WATCH_ITEM, `${WATCH_STOCK} position: "event.id"`],
      ["args.event.owner_id", "args.event.id"],
    ],
    kinds: ["upstreams", "api"],
  },
  {
    name: "live-triggers",
    base: LIVE,
    change: [
      [`live: { on: "next:{args.id}" } }`, `live: { on: "next:{args.tenant}" every: "30s" } min_interval: "2s" }`],
    ],
    kinds: ["calls"],
  },
  {
    name: "live-answer",
    base: LIVE,
    change: [[`stream = { live: { on: "next:{args.id}" } }`, `stream = { var: "event" ${WATCH_ITEM} }`]],
    kinds: ["api"],
  },
  {
    name: "stream-topic",
    base: [...FOLLOWED, [WATCH_ITEM, `follow: { topic: "items" key: "args.id" }`], TOPICS, ...POSITIONS],
    change: [[`topic: "items" key: "args.id" }`, `topic: "orders" key: "args.tenant" }\n      heartbeat: "20s"`]],
    kinds: ["upstreams", "values", "policies"],
  },
  {
    name: "longer-critical-path",
    change: [[`{ name: "id" by: "args.id" } } }`, `{ name: "id" by: "args.id" } timeout: "500ms" } }`]],
    kinds: ["critical-path", "deadlines"],
  },
  {
    name: "parts",
    base: [
      [
        "  rpc Buy(",
        '  rpc StreamPage(GetPageRequest) returns (stream Page) {\n    option (bff.v1.method) = {\n      parts_timeout: "4s"\n    };\n  }\n  rpc Buy(',
      ],
      [`name: "similar"\n        supplementary: true`, `name: "similar"\n        defer: true`],
    ],
    change: [
      [`      parts_timeout: "4s"`, `      parts_timeout: "5s"`],
      [`{ name: "cards" each`, `{ name: "cards" defer: true each`],
      [`name: "similar"\n        defer: true`, `name: "similar"\n        supplementary: true`],
    ],
    kinds: ["api", "deadlines"],
  },
  {
    name: "priority",
    change: [[`{ timeout: "1s" };`, `{ timeout: "1s" priority: HIGH };`]],
    kinds: ["policies"],
    only: true,
  },
  { name: "budget", change: [[`timeout: "1s"`, `timeout: "700ms"`]], kinds: ["deadlines"] },
  {
    name: "policies",
    change: [
      [
        `breaker: { error_rate: 0.5 }`,
        `breaker: { off: true } limit: { concurrent: 500 } retry: { attempts: 5 on: [UNAVAILABLE, INTERNAL] } hedge: { delay: "50ms" }`,
      ],
      [
        `{ service: "up.v1.OrderService" timeout: "400ms" }`,
        `{ service: "up.v1.OrderService" timeout: "400ms" protocol: CONNECT }`,
      ],
    ],
    kinds: ["calls", "policies"],
  },
  {
    name: "forwarded-headers",
    change: [
      [`forward: ["x-request-id"]`, `forward: ["x-request-id", "x-session"]`],
      [
        `{ service: "up.v1.OrderService" timeout: "400ms" }`,
        `{ service: "up.v1.OrderService" timeout: "400ms" identify: TOKEN }`,
      ],
    ],
    kinds: ["forwarded"],
  },
  {
    name: "mirror",
    change: [
      [
        `{ service: "up.v1.OrderService" timeout: "400ms" }`,
        `{ service: "up.v1.OrderService" timeout: "400ms" },
    {
      service: "up.v1.ItemService"
      branch: { name: "next" mirror: true compare: true share: 0.1 ignore: "up.v1.Item.name" }
    }`,
      ],
    ],
    kinds: ["forwarded", "policies"],
  },
  {
    name: "shards",
    change: [
      [
        `{ service: "up.v1.OrderService" timeout: "400ms" }`,
        `{ service: "up.v1.OrderService" timeout: "400ms" shard: { by: "headers['x-region']" max: 4 } }`,
      ],
    ],
    kinds: ["policies"],
  },
  {
    name: "permit-widened",
    change: [[`role: "buyer" if: "principal.tenant != ''"`, `role: ["buyer", "guest"]`]],
    kinds: ["permits"],
  },
  {
    name: "public-id",
    change: [
      [`string id = 2;\n}\nmessage Page {`, `string id = 2 [(bff.v1.field).public_id = true];\n}\nmessage Page {`],
    ],
    kinds: ["permits"],
    only: true,
  },
  {
    name: "no-longer-public-id",
    base: [
      [`string id = 2;\n}\nmessage Page {`, `string id = 2 [(bff.v1.field).public_id = true];\n}\nmessage Page {`],
    ],
    change: [[` [(bff.v1.field).public_id = true]`, ``]],
    kinds: ["permits"],
    only: true,
  },
  {
    name: "permit-narrowed",
    change: [
      [`role: "buyer"`, `role: "buyer" scope: "pages"`],
      [
        `repeated string roles = 3;\n}\n\nservice`,
        `repeated string roles = 3;\n  repeated string scopes = 4;\n}\n\nservice`,
      ],
    ],
    kinds: ["permits"],
  },
  {
    name: "shared-cached-answers",
    change: [[`metadata: { name: "x-tenant" by: "principal.tenant" }`, ""]],
    kinds: ["cache", "forwarded"],
  },
  {
    name: "fresh-field",
    change: [[`[(bff.v1.field).by = "item.name"]`, `[(bff.v1.field) = { by: "item.name" fresh: true }]`]],
    kinds: ["cache"],
    only: true,
  },
  {
    name: "cached-responses",
    change: [
      [
        `option (bff.v1.method) = { timeout: "1s" };`,
        `option (bff.v1.method) = { timeout: "1s" cache: { ttl: "30s" } http_cache: { max_age: "10s" } };`,
      ],
    ],
    kinds: ["cache"],
  },
  {
    name: "http-shared",
    base: [
      [GET_PAGE, GET_PAGE.replace(" };", ' http_cache: { max_age: "10s" vary: "x-tenant" } };')],
      [TENANT, ""],
      [PERMIT, PUBLIC],
    ],
    change: [[`max_age: "10s" vary: "x-tenant"`, `max_age: "10s" stale: "1m" shared: true`]],
    kinds: ["cache"],
  },
  {
    name: "purges",
    base: [
      [GET_PAGE, GET_PAGE.replace(" };", ' cache: { ttl: "30s" tag: ["a", "b"] } };')],
      [
        "option (bff.v1.file) = {",
        'option (bff.v1.file) = {\n  purge: { subject: "a.*" jetstream: "A" type: "shop.v1.Page" tag: "a" }',
      ],
    ],
    change: [['type: "shop.v1.Page" tag: "a"', 'type: "shop.v1.Page" tag: "b"']],
    kinds: ["cache"],
  },
  {
    name: "bounds",
    base: [
      [
        "option (bff.v1.file) = {",
        'option (bff.v1.file) = {\n  env: [{ name: "A" type: "int" default: "5" max: "9" }, { name: "B" type: "duration" default: "5s" max: "9s" }]',
      ],
    ],
    change: [
      [`max: "9" }`, `min: "1" max: "9" }`],
      [`max: "9s"`, `max: "1m"`],
    ],
    kinds: ["values"],
  },
  {
    name: "numbers-of-variables",
    base: [
      [
        "option (bff.v1.file) = {",
        `option (bff.v1.file) = {
  env: [
    { name: "RATE" type: "int" min: "1" max: "9" },
    { name: "SPARE" type: "int" min: "1" max: "9" },
    { name: "WAIT" type: "duration" min: "1500ms" max: "3s" }
  ]
  rate_limit: { name: "varied" key: "'all'" rate_env: "RATE" per: "1m" }`,
      ],
      [GET_PAGE, GET_PAGE.replace(/timeout: "[^"]*"/, 'timeout: "{env.WAIT}"')],
    ],
    change: [
      ['rate_env: "RATE"', 'rate_env: "SPARE"'],
      ['min: "1500ms" max: "3s"', 'min: "1400ms" max: "3s"'],
    ],
    kinds: ["limits", "values", "policies"],
  },
  {
    name: "cdn-tags",
    base: [
      [
        GET_PAGE,
        GET_PAGE.replace(" };", ' cache: { ttl: "30s" tag: "a" } http_cache: { max_age: "10s" shared: true } };'),
      ],
      [TENANT, ""],
      [PERMIT, PUBLIC],
    ],
    change: [[`shared: true`, `shared: true tag: true`]],
    kinds: ["cache"],
  },
  {
    name: "meters",
    base: [
      [
        `option (bff.v1.file) = {`,
        `option (bff.v1.file) = {
  telemetry: { sample: 0.1 meter: { name: "calls" by: "1" } meter: { name: "letters" by: "size(args.id)" } }`,
      ],
    ],
    change: [
      [`sample: 0.1 meter: { name: "calls" by: "1" }`, `sample: 0.2`],
      [`by: "size(args.id)"`, `by: "size(args.id)" label: { name: "buyer" by: "'buyer' in principal.roles" }`],
    ],
    kinds: ["policies"],
    only: true,
  },
  {
    name: "usage",
    base: [
      ...LIMITED,
      [
        `option (bff.v1.file) = {`,
        `option (bff.v1.file) = {\n  usage: { field: { name: "who" by: "principal.subject" } }`,
      ],
    ],
    change: [[`usage: { field`, `usage: { subject: "usage.shop" field`]],
    kinds: ["policies"],
    only: true,
  },
  {
    name: "usage-lost",
    base: [
      ...LIMITED,
      [
        `option (bff.v1.file) = {`,
        `option (bff.v1.file) = {\n  usage: { field: { name: "who" by: "principal.subject" } }`,
      ],
    ],
    change: [[`usage: { field: { name: "who" by: "principal.subject" } }`, ""]],
    kinds: ["policies"],
    only: true,
  },
  {
    name: "fair-share",
    change: [
      [
        `option (bff.v1.file) = {`,
        `option (bff.v1.file) = {
  fair_share: { key: "principal.tenant" weight: "2.0" queue: 20 }`,
      ],
    ],
    kinds: ["policies"],
    only: true,
  },
  {
    name: "limits-loosened",
    base: LIMITED,
    change: [
      [`rate: 600 per: "1m" burst: 60`, `rate: 600 per: "1s" burst: 90`],
      [`rate: 1000 per: "day"`, `rate: 900 per: "day" local: true`],
      [`,\n    ${SPARE}`, ""],
    ],
    kinds: ["limits"],
  },
  {
    name: "limits-tightened",
    base: LIMITED,
    change: [
      [`rate: 600 per: "1m" burst: 60`, `rate: 600 per: "1h" burst: 30 lease: 3`],
      [` if: "principal.tenant != 'free'"`, ""],
      [SPARE, `${SPARE}, { name: "all" key: "'all'" rate: 9000 per: "1s" }`],
    ],
    kinds: ["limits"],
  },
  {
    name: "limits-by-something-else",
    base: LIMITED,
    change: [
      [`name: "user" key: "principal.subject"`, `name: "user" key: "principal.tenant" cost: "2"`],
      [`key: "'spare'" closed: true`, `key: "'spare'"`],
      [`rate: 1000 per: "day"`, `rate: 1000 per: "day" dry_run: true`],
    ],
    kinds: ["limits"],
  },
  {
    name: "rest",
    base: REST,
    change: [
      [`get: "/v1/pages/{id}"`, `get: "/v2/pages/{id}"`],
      [`post: "/v1/orders" body: "*"`, `post: "/v1/orders" body: "*" response_body: "id"`],
    ],
    kinds: ["api"],
  },
  {
    name: "tools",
    base: [
      [GET_PAGE, GET_PAGE.replace(" };", ` ${TOOL} };`)],
      [`timeout: "2s" }`, `timeout: "2s" tool: { description: "Buys." confirm: true } }`],
    ],
    change: [
      [TOOL, `tool: { name: "page" description: "Reads a whole page." hidden: { name: "id" } max_bytes: 1000 }`],
      [`description: "Buys." confirm: true`, `description: "Buys." confirm: false hidden: { name: "tenant" }`],
      [`optional string note = 3 [(bff.v1.field).by = "item.note"];`, ""],
      ["string old_order = 3;", "string old_order = 3;\n  bool fast = 4;"],
    ],
    kinds: ["tools"],
  },
  {
    name: "tools-others",
    base: [[GET_PAGE, GET_PAGE.replace(" };", ` ${TOOL} };`)]],
    change: [
      [TOOL, "tool: { off: true }"],
      [`timeout: "2s" }`, `timeout: "2s" tool: { description: "Buys." confirm: true } }`],
    ],
    kinds: ["tools"],
    only: true,
  },
  {
    name: "headers",
    base: [
      [
        GET_PAGE,
        GET_PAGE.replace(" };", ' header: [{ name: "x-id" by: "args.id" }, { name: "x-gone" by: "args.id" }] };'),
      ],
    ],
    change: [
      [`{ name: "x-id" by: "args.id" }`, `{ name: "x-id" by: "args.id" if: "args.id != 'none'" }`],
      [`{ name: "x-gone" by: "args.id" }`, `{ name: "x-new" by: "args.tenant" }`],
    ],
    kinds: ["api"],
    only: true,
  },
  {
    name: "versions",
    base: [
      [GET_PAGE, VERSIONED],
      [BUY, BUY.replace(" };", ' version: { deprecated: "2026-01-31" } };')],
    ],
    change: [
      [`sunset: "2027-06-30"`, `sunset: "2027-03-31"`],
      [`version: { deprecated: "2026-01-31" }`, `version: { deprecated: "2026-01-31" sunset: "2027-01-31" }`],
    ],
    kinds: ["api"],
  },
  {
    name: "exposed-error",
    change: [[`message: "try again later"`, `message: "try again later: {error.message}"`]],
    kinds: ["exposure"],
  },
  {
    name: "error-as-it-is",
    change: [[`fail: { code: UNAVAILABLE message: "try again later" }`, `fail: { as_is: true }`]],
    kinds: ["exposure"],
  },
  {
    name: "order-of-side-effects",
    change: [
      [`name: "order"\n`, `name: "order"\n        after: "cancelled"\n`],
      [`name: "cancelled" after: "order"`, `name: "cancelled"`],
    ],
    kinds: ["side-effects"],
  },
  {
    name: "guard-gone",
    change: [
      [
        `      { guard: { if: "item.stock == 0" fail: { code: FAILED_PRECONDITION message: "{item.name} is sold out" } } },\n`,
        "",
      ],
    ],
    kinds: ["refusals"],
  },
  {
    name: "renames",
    change: [
      [`name: "similar"`, `name: "alike"`],
      [`similar.total`, `alike.total`],
      [`compose: { message: "Card"`, `compose: { message: "Tile"`],
      [`message Card {`, `message Tile {`],
      [`repeated Card cards`, `repeated Tile cards`],
      [`rpc GetPage(`, `rpc ReadPage(`],
    ],
    kinds: ["renames"],
  },
  {
    name: "renamed-with-messages",
    base: RULED_ORDER,
    change: [
      [`rpc Buy(BuyRequest) returns (Bought)`, `rpc Order(OrderRequest) returns (Ordered)`],
      [`message BuyRequest {`, `message OrderRequest {`],
      [`message Bought {`, `message Ordered {`],
    ],
    kinds: ["renames"],
    only: true,
  },
  {
    // Equal rules alone make no request the renamed one of another rpc.
    name: "renamed-and-changed",
    base: RULED_ORDER,
    change: [
      [`rpc Buy(BuyRequest) returns (Bought)`, `rpc Order(OrderRequest) returns (Bought)`],
      [`message BuyRequest {`, `message OrderRequest {`],
      [`timeout: "2s"`, `timeout: "3s"`],
    ],
    kinds: ["api"],
    only: true,
  },
  {
    name: "renamed-voucher",
    base: VOUCHED,
    change: [
      [`rpc GetPage(GetPageRequest) returns (Page)`, `rpc ReadPage(ReadPageRequest) returns (Sheet)`],
      [`message GetPageRequest {`, `message ReadPageRequest {`],
      [`message Page {`, `message Sheet {`],
    ],
    kinds: ["renames"],
    only: true,
  },
  {
    name: "renamed-voucher-alone",
    base: VOUCHED,
    change: [[`rpc GetPage(`, `rpc ReadPage(`]],
    kinds: ["renames"],
    only: true,
  },
  {
    name: "renamed-step-with-side-effects",
    change: [
      [`name: "order"\n`, `name: "purchase"\n`],
      [`after: "order"`, `after: "purchase"`],
      [`"order.id"`, `"purchase.id"`],
    ],
    kinds: ["renames"],
    only: true,
  },
  {
    name: "renamed-message-with-side-effects",
    change: [
      [`returns (Bought)`, `returns (Ordered)`],
      [`message Bought {`, `message Ordered {`],
    ],
    kinds: ["renames"],
    only: true,
  },
  {
    name: "renamed-step-of-permit",
    base: [
      [
        BUY,
        BUY.replace(
          " };",
          ` permit: { source: "user" let: { name: "wanted" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.item_id" } } } if: "wanted.owner_id == principal.subject" fail: { message: "of {wanted.owner_id}" } } };`,
        ),
      ],
    ],
    change: [
      [`name: "wanted"`, `name: "offered"`],
      ["wanted.owner_id", "offered.owner_id"],
    ],
    kinds: ["renames"],
    only: true,
  },
  {
    name: "renamed-package",
    change: [
      [`package shop.v1;`, `package shop.v2;`],
      [`"shop.v1.`, `"shop.v2.`],
      [`timeout: "1s"`, `timeout: "2s"`],
    ],
    kinds: ["renames", "api"],
  },
  {
    name: "moved",
    change: [
      [`      { guard: { if: "args.id == ''" fail: { code: INVALID_ARGUMENT message: "which page?" } } },\n`, ""],
      [
        `      { name: "cards" each`,
        `      { guard: { if: "args.tenant == ''" fail: { code: INVALID_ARGUMENT } } },\n      { guard: { if: "args.id == ''" fail: { code: INVALID_ARGUMENT message: "which page?" } } },\n      { name: "cards" each`,
      ],
    ],
    kinds: ["refusals"],
  },
  {
    name: "values",
    change: [
      [
        `set: { name: "text" by: "item.name" }`,
        'set: { name: "text" by: "item.name + \'|`<b>*x*</b>` \\\\\\\\| @all\'" }',
      ],
      [`by = "item.note"`, `by = "item.note + '<img src=x> | ![](x)'"`],
    ],
    kinds: ["values"],
  },
  {
    name: "masks",
    base: [
      [`import "bff/v1/options.proto";`, `import "bff/v1/options.proto";\nimport "google/protobuf/field_mask.proto";`],
      [
        `string id = 2;\n}\nmessage Page {`,
        `string id = 2;\n  google.protobuf.FieldMask fields = 3;\n  google.protobuf.FieldMask mask = 4;\n}\nmessage Page {`,
      ],
      [GET_PAGE, GET_PAGE.replace(" };", ' fields: "args.fields" };')],
    ],
    change: [
      [`fields: "args.fields"`, `fields: "args.mask"`],
      [`[(bff.v1.field).by = "item.name"]`, `[(bff.v1.field) = { by: "item.name" on_request: true }]`],
    ],
    kinds: ["api"],
  },
  {
    name: "pages",
    base: [
      [
        `string id = 2;\n}\nmessage Page {`,
        `string id = 2;\n  int32 page_size = 3;\n  string page_token = 4;\n}\nmessage Page {`,
      ],
      [
        `set: { name: "text" by: "item.name" }`,
        `set: [{ name: "text" by: "item.name" }, { name: "limit" by: "page.size(args.page_size, 20, 100)" }]`,
      ],
      [
        `  repeated bff.v1.Degradation degraded = 15;`,
        `  string next_page_token = 5 [(bff.v1.field).by = "page.seal(page.open(args.page_token))"];\n  repeated bff.v1.Degradation degraded = 15;`,
      ],
    ],
    change: [
      [`20, 100)`, `20, 50)`],
      [`page.seal(page.open(args.page_token))`, `args.page_token`],
    ],
    kinds: ["api"],
  },
  {
    name: "subset",
    base: [
      [
        `  rpc Buy(`,
        `  rpc GetSmall(GetPageRequest) returns (SmallPage) { option idempotency_level = NO_SIDE_EFFECTS; }\n  rpc Buy(`,
      ],
      [
        `message Card {`,
        `message SmallPage {
  option (bff.v1.message).alias = "Page";
  string title = 1;
  repeated bff.v1.Degradation degraded = 15;
}
message Card {`,
      ],
    ],
    change: [[`  string title = 1;\n`, `  string title = 1;\n  optional int32 matches = 2;\n`]],
    kinds: ["calls"],
  },
];
