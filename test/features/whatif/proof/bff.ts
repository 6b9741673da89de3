// The BFF of the proof: two calls side by side, a chain, and three supplementary calls.
export const CALLS = [
  "user.v1.Users/Get",
  "catalog.v1.Catalog/Get",
  "price.v1.Prices/Get",
  "review.v1.Reviews/Get",
  "stock.v1.Stocks/Get",
  "ad.v1.Ads/Get",
] as const;
export type CallName = (typeof CALLS)[number];

/** Declared timeouts of calls, in milliseconds. */
export const TIMEOUTS: Readonly<Record<CallName, number>> = {
  "user.v1.Users/Get": 3_500,
  "catalog.v1.Catalog/Get": 3_500,
  "price.v1.Prices/Get": 3_500,
  "review.v1.Reviews/Get": 1_200,
  "stock.v1.Stocks/Get": 1_000,
  "ad.v1.Ads/Get": 800,
};

const upstream = (call: CallName): string => {
  const [, domain = "", service = ""] = /^(\w+)\.v1\.(\w+)\//.exec(call) ?? [];
  return `syntax = "proto3";
    package ${domain}.v1;
    service ${service} { rpc Get(GetRequest) returns (Item) { option idempotency_level = NO_SIDE_EFFECTS; } }
    message GetRequest { string id = 1; }
    message Item { string text = 1; }`;
};
const file = (call: CallName): string => `${call.slice(0, call.indexOf("."))}.proto`;
const step = (name: string, call: CallName, id: string, more = ""): string =>
  `{ name: "${name}" ${more} call: { method: "${call}" timeout: "${TIMEOUTS[call]}ms" set: { name: "id" by: "${id}" } } }`;

/** Protos of the BFF and of its upstreams. */
export const PROTOS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(CALLS.map((call) => [file(call), upstream(call)])),
  "web.proto": `syntax = "proto3";
    package web.v1;
    import "bff/v1/options.proto";
    import "bff/v1/degradation.proto";
    ${CALLS.map((call) => `import "${file(call)}";`).join("\n")}
    message PageRequest { string id = 1; }
    message Page {
      option (bff.v1.message) = { let: [
        ${step("user", "user.v1.Users/Get", "args.id")},
        ${step("item", "catalog.v1.Catalog/Get", "args.id")},
        ${step("price", "price.v1.Prices/Get", "item.text + args.id")},
        ${step("review", "review.v1.Reviews/Get", "args.id", "supplementary: true")},
        ${step("stock", "stock.v1.Stocks/Get", "args.id", "supplementary: true")},
        ${step("ad", "ad.v1.Ads/Get", "args.id", "supplementary: true")}
      ] };
      string user = 1 [(bff.v1.field).by = "user.text"];
      string item = 2 [(bff.v1.field).by = "item.text"];
      string price = 3 [(bff.v1.field).by = "price.text"];
      optional string review = 4 [(bff.v1.field).by = "review.text"];
      optional string stock = 5 [(bff.v1.field).by = "stock.text"];
      optional string ad = 6 [(bff.v1.field).by = "ad.text"];
      repeated bff.v1.Degradation degraded = 15;
    }
    service Web {
      option (bff.v1.service) = {};
      rpc GetPage(PageRequest) returns (Page) {
        option idempotency_level = NO_SIDE_EFFECTS;
        option (bff.v1.method) = { timeout: "9s" };
      }
    }`,
};
