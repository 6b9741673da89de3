// The BFF of a row: one file whose options are those of the chosen levels.
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { type Choice, FACTORS } from "./model.ts";
import type { Credential, FieldOf, Need, Parts } from "./parts.ts";
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
  /** Those of them that agents call without a confirmation. */
  readonly tools: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly needs: ReadonlySet<Need>;
  readonly credential: Credential | undefined;
  /** Parameters of the plugin. */
  readonly parameters: readonly string[];
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
  const identity = parts.findLast((some) => some.identity !== undefined)?.identity ?? "";
  const service = all("service");
  const permit = identity === "" || service.includes("permit") ? "" : "permit: { public: true }";
  const confirms = choice.get("effect")?.name === "confirmed";
  const hasNext = parts.some(({ next }) => next);
  const ofStreams = (rpc.match(/\btimeout: "\w+"|\bvalidate: false/g) ?? []).join(" ");
  const hasParts = later.some(({ rpc }) => rpc === "Load");
  const hasWhole = rpc.includes("response:");
  // Without a rpc that declares effects, those of its message are refused.
  const loadWrites = writes && hasWhole;
  const shape = { fields, steps, hasParts, isMarked: choice.get("sensitive")?.name === "marked" };
  const messages = [
    messageOf("Page", hasWhole && !hasParts ? "declared" : "answer", shape),
    ...(hasWhole ? [messageOf("Whole", "composed", shape)] : []),
    ...(later.some(({ rpc }) => rpc === "Follow") ? [messageOf("Row", "answer", shape)] : []),
    ...(hasNext ? [`message NextPage { string id = 1 [(bff.v1.field).by = "args.id"]; }`] : []),
    ...new Set(parts.flatMap(({ messages }) => messages ?? [])),
  ];
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
${rule("file", `${entry.trim() === "" ? "" : `upstream: { service: "shop.v1.PriceService" ${entry} }`} ${identity} ${all("file")}`)}
service PageService {
  option (bff.v1.service) = { ${service} ${permit} };
  rpc Read(Ref) returns (Page) {
    ${writes ? `option (google.api.http) = { post: "/v1/pages/{id}" };` : `${NO_SIDE_EFFECTS}\n    option (google.api.http).get = "/v1/pages/{id}";`}
    ${rule("method", writes ? withConfirm(rpc, confirms) : rpc)}
  }
  ${hasNext ? `rpc Next(Ref) returns (NextPage) { ${rule("method", rpc.includes("tool: {") ? "tool: { confirm: false }" : "")} }` : ""}
  ${later.map(({ rpc, options }) => streamed(rpc, `${ofStreams} ${options}`, loadWrites)).join("\n  ")}
}
message Ref {
  string id = 1${parts.map((some) => some.idOptions ?? "").join("")};
  ${all("request")}
}
${messages.join("\n")}
`;
  return {
    proto,
    fields,
    rpcs: ["Read", ...later.map(({ rpc }) => rpc)],
    tools: [
      ...(/tool: \{/.test(`${service} ${rpc}`) && !/tool: \{ off/.test(rpc) && !confirms ? ["Read"] : []),
      ...later.flatMap(({ rpc, options }) => (options.includes("tool: {") ? [rpc] : [])),
    ],
    env: Object.assign({}, ...parts.map(({ env }) => env)),
    needs: new Set(parts.flatMap(({ needs }) => needs ?? [])),
    credential: parts.findLast((some) => some.credential !== undefined)?.credential,
    parameters: parts.flatMap(({ parameter }) => parameter ?? []),
    module: parts.flatMap((some) => some.module ?? []).join("\n"),
  };
}

interface Shape {
  readonly fields: readonly FieldOf[];
  readonly steps: readonly string[];
  readonly hasParts: boolean;
  /** Secrets of the page are marked. */
  readonly isMarked: boolean;
}
/** @param as an answer that is composed, or with `response` the declared answer and what is composed in its place */
function messageOf(
  name: string,
  as: "answer" | "declared" | "composed",
  { fields, steps, hasParts, isMarked }: Shape,
): string {
  const lines = fields.map((field, i) => {
    const choice = (field.options.match(/on_request: true|reveal: "[^"]*"/g) ?? []).join(" ");
    const options =
      as === "answer" ? field.options : as === "declared" ? choice : field.options.replace("on_request: true", "");
    const all = [
      ...(isMarked && field.name === "secret" ? ["debug_redact = true"] : []),
      ...(options.trim() === "" ? [] : [`(bff.v1.field) = { ${options} }`]),
    ];
    return `${field.type} ${field.name} = ${i + 1}${all.length === 0 ? "" : ` [${all.join(", ")}]`};`;
  });
  return `message ${name} {
  ${as === "declared" ? "" : `option (bff.v1.message) = { let: [\n    ${steps.join(",\n    ")}\n  ] };`}
  ${lines.join("\n  ")}
  ${hasParts ? "repeated bff.v1.Part parts = 98;" : ""}
  repeated bff.v1.Degradation degraded = 99;
}`;
}
const rule = (of: string, options: string): string =>
  options.trim() === "" ? "" : `option (bff.v1.${of}) = { ${options} };`;
const NO_SIDE_EFFECTS = "option idempotency_level = NO_SIDE_EFFECTS;";
const streamed = (name: "Follow" | "Load", options: string, writes: boolean): string =>
  name === "Follow"
    ? `rpc Follow(Ref) returns (stream Row) { ${options.includes("live:") ? NO_SIDE_EFFECTS : ""} ${rule("method", options)} }`
    : `rpc Load(Ref) returns (stream Page) { ${writes ? "" : NO_SIDE_EFFECTS} ${rule("method", options)} }`;
/** A tool that writes declares whether the user confirms each call. */
function withConfirm(rpc: string, confirms: boolean): string {
  if (/tool: \{(?! off)/.test(rpc)) return rpc.replace("tool: {", `tool: { confirm: ${confirms}`);
  return confirms && !rpc.includes("tool:") ? `${rpc} tool: { confirm: true }` : rpc;
}
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
