// The BFF of a row: one file whose options are those of the chosen levels.
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { type Choice, FACTORS } from "./model.ts";
import type { FieldOf, Parts } from "./parts.ts";
import { itemOf, priceOf } from "./upstream.ts";

/** The fields of each page. */
const FIELDS: readonly FieldOf[] = [
  { type: "string", name: "id", options: `by: "args.id"`, value: (id) => id },
  { type: "string", name: "name", options: `by: "item.name"`, value: (id) => itemOf(id).name },
  {
    type: "optional int64",
    name: "price_cents",
    options: `by: "price.cents"`,
    value: (id) => `${priceOf(id).cents}`,
    ofPrice: true,
  },
];

export interface Bff {
  readonly proto: string;
  readonly fields: readonly FieldOf[];
  /** Rpcs that answer with the page. */
  readonly rpcs: readonly ("Read" | "Follow" | "Load")[];
  readonly env: Readonly<Record<string, string>>;
  readonly needs: ReadonlySet<string>;
  /** Source of the module with resolvers and functions; empty if the BFF has none. */
  readonly module: string;
}

/** Returns the BFF with these levels. Factors without one have their first. */
export function bffOf(choice: Choice): Bff {
  const parts = FACTORS.flatMap(({ name }) => choice.get(name)?.parts ?? []);
  const all = (of: keyof Parts): string => parts.map((some) => some[of] ?? "").join(" ");
  const fields = [...FIELDS, ...parts.flatMap((some) => some.fields ?? [])];
  const steps = [
    `{ name: "item" call: { method: "shop.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } } }`,
    `{ name: "price" ${all("priceStep").includes("defer") ? "" : "supplementary: true"} ${all("priceStep")} call: { method: "shop.v1.PriceService/GetPrice" set: { name: "item_id" by: "args.id" } ${all("price")} } }`,
    ...parts.flatMap((some) => some.steps ?? []),
  ];
  const entry = all("priceEntry");
  const writes = steps.some((step) => step.includes("PlaceOrder"));
  const rpc = all("rpc");
  const imports = new Set(parts.flatMap((some) => some.imports ?? []));
  const later = parts.flatMap((some) => some.later ?? []);
  const page = fields.map(
    ({ type, name, options }, i) =>
      `${type} ${name} = ${i + 1}${options === "" ? "" : ` [(bff.v1.field) = { ${options} }]`};`,
  );
  const marked = choice.get("sensitive")?.name === "marked";
  const ofStreams = (rpc.match(/\btimeout: "\w+"|\bvalidate: false/g) ?? []).join(" ");
  const composed = (name: string): string => `message ${name} {
  option (bff.v1.message) = { let: [
    ${steps.join(",\n    ")}
  ] };
  ${page.join("\n  ").replace(/(secret = \d+ \[)/, marked ? "$1debug_redact = true, " : "$1")}
  ${later.some(({ rpc }) => rpc === "Load") ? "repeated bff.v1.Part parts = 98;" : ""}
  repeated bff.v1.Degradation degraded = 99;
}`;
  const proto = `syntax = "proto3";
package pairs.v1;
import "bff/v1/degradation.proto";
import "bff/v1/identity.proto";
import "bff/v1/options.proto";
import "bff/v1/stream.proto";
import "google/api/annotations.proto";
import "google/protobuf/field_mask.proto";
import "shop/v1/shop.proto";
${[...imports].map((name) => `import "${name}";\n`).join("")}
${rule("file", `${entry.trim() === "" ? "" : `upstream: { service: "shop.v1.PriceService" ${entry} }`} ${all("file")}`)}
service PageService {
  option (bff.v1.service) = { ${all("service")} };
  rpc Read(Ref) returns (Page) {
    ${writes ? `option (google.api.http) = { post: "/v1/pages/{id}" };` : `option idempotency_level = NO_SIDE_EFFECTS;\n    option (google.api.http).get = "/v1/pages/{id}";`}
    ${rule("method", writes ? rpc.replace("tool: {", "tool: { confirm: false") : rpc)}
  }
  ${later.map(({ rpc, options }) => streamed(rpc, `${ofStreams} ${options}`)).join("\n  ")}
}
message Ref {
  string id = 1${parts.map((some) => some.idOptions ?? "").join("")};
  ${all("request")}
}
${["Page", ...(later.some(({ rpc }) => rpc === "Follow") ? ["Row"] : [])].map(composed).join("\n")}
${all("messages")}
`;
  return {
    proto,
    fields,
    rpcs: ["Read", ...later.map(({ rpc }) => rpc)],
    env: Object.assign({}, ...parts.map(({ env }) => env)),
    needs: new Set(parts.flatMap(({ needs }) => needs ?? [])),
    module: parts.flatMap((some) => some.module ?? []).join("\n"),
  };
}

const rule = (of: string, options: string): string =>
  options.trim() === "" ? "" : `option (bff.v1.${of}) = { ${options} };`;
const streamed = (name: "Follow" | "Load", options: string): string =>
  name === "Follow"
    ? `rpc Follow(Ref) returns (stream Row) { ${rule("method", options)} }`
    : `rpc Load(Ref) returns (stream Page) { option idempotency_level = NO_SIDE_EFFECTS; ${rule("method", options)} }`;
const camel = (name: string): string => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
/** Returns the whole page for a request, as JSON. */
export function wholePage({ fields }: Bff, id: string): JsonObject {
  const page: Record<string, JsonValue> = {};
  for (const { name, value } of fields) {
    const is = value(id);
    if (is !== undefined) page[camel(name)] = is;
  }
  return page;
}
/**
 * Returns the differences of a page from the whole one that no degradation explains.
 *
 * @param isIgnored the author ignores the failure, so that what depends on it is missing without a word
 */
export function unexplained(bff: Bff, id: string, page: JsonObject, isIgnored: boolean): readonly string[] {
  const {
    degraded = [],
    parts: _,
    ...values
  } = page as JsonObject & { degraded?: readonly { path: string; effect?: string }[] };
  const entries = degraded as readonly { path: string; effect?: string }[];
  const effects = new Map(entries.map(({ path, effect }) => [camel(path.split(/[.[]/)[0] ?? ""), `${effect}`]));
  const itself = new Set(entries.map(({ path }) => camel(path)));
  const whole = wholePage(bff, id);
  const differences: string[] = [];
  const ofPrice = new Set(bff.fields.flatMap(({ name, ofPrice }) => (ofPrice === true ? [camel(name)] : [])));
  for (const name of new Set([...Object.keys(whole), ...Object.keys(values)])) {
    const [is, expected] = [JSON.stringify(values[name]), JSON.stringify(whole[name])];
    const isExplained = effects.has(name) || (isIgnored && ofPrice.has(name));
    if (is !== expected && !isExplained)
      differences.push(`${name} is ${is} in place of ${expected}, and nothing says so`);
    if (effects.get(name) === "EFFECT_MISSING" && itself.has(name) && is !== undefined)
      differences.push(`${name} is there, and called missing`);
    if (effects.get(name) === "EFFECT_STALE" && is !== expected) differences.push(`${name} is ${is}, and called stale`);
  }
  for (const name of effects.keys())
    if (!ofPrice.has(name))
      differences.push(`${name} is called ${effects.get(name)}, and does not depend on the price`);
  return differences;
}
