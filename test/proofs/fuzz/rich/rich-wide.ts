// Options of random BFFs that only the compiler checks: no oracle supports them.

import { headersOf, pathsOf, settled, toolOf } from "./rich-edge.ts";
import type { Expressions } from "./rich-expressions.ts";
import type { Type } from "./rich-types.ts";

/** One for each time that chance has it. */
function some(e: Expressions, chance: number, make: () => string): string {
  return e.wide && e.chance(chance) ? make() : "";
}

/** Returns the option of a field that promises values from after the request. */
export const freshOf = (e: Expressions): string => some(e, 0.03, () => " fresh: true");

// ---- of files ----

/** Declarations of a file: variables of the environment and functions. */
export interface Declared {
  readonly text: string;
  readonly known: readonly (readonly [Type, string])[];
  readonly functions: boolean;
}
export function declaredBy(e: Expressions): Declared {
  const env = e.wide && e.chance(0.3);
  const functions = e.wide && e.chance(0.3);
  return { text: `${env ? ENV : ""} ${functions ? FUNCTIONS : ""}`, known: env ? VARIABLES : [], functions };
}
const ENV = `env: [{ name: "MODE" type: "string" default: "a" }, { name: "MOST" type: "int" default: "3" alternate: "MANY" }, { name: "ON" type: "bool" }, { name: "NAMES" type: "list(string)" default: "a,b" }, { name: "BY" type: "map(string, string)" default: "k=a" }]`;
const VARIABLES = [
  ["string", "env.MODE"],
  ["int", "env.MOST"],
  ["bool", "env.ON"],
  ["strings", "env.NAMES"],
  ["Texts", "env.BY"],
] as const;
const FUNCTIONS = `function: [{ name: "own.text" param: ["string"] result: "string" }, { name: "own.holds" param: ["up.v1.Item"] result: "bool" }, { name: "own.made" param: ["string", "int"] result: "up.v1.Item" }, { name: "own.names" param: ["list(up.v1.Item)"] result: "list(string)" }]`;

/** Returns a call of a function that the BFF declares. */
export function functionCallOf(e: Expressions, type: Type, depth: number): string | undefined {
  switch (type) {
    case "string":
      return `own.text(${e.of("string", depth)})`;
    case "bool":
      return `own.holds(${e.item(depth)})`;
    case "Item":
      return `own.made(${e.of("string", depth)}, ${e.of("int", depth)})`;
    case "strings":
      return `own.names(${e.of("Items", depth)})`;
    default:
      return undefined;
  }
}

/** Returns a value of the type, computed from values of types that no oracle supports. */
export function scalarIn(e: Expressions, type: "string" | "int" | "bool", depth: number): string {
  const of = (operandType: Type): string => e.of(operandType, depth);
  const json = e.known.has("Json") || e.known.has("Bag") || e.known.has("List") || e.known.has("Any");
  const make: Readonly<Record<typeof type, readonly (() => string)[]>> = {
    string: [
      () => `string(${of("uint")})`,
      () => `string(${of("double")})`,
      () => `string(${of("Time")})`,
      () => `(${of("Label")} == null ? ${of("string")} : 'l')`,
      () => `${e.item(depth)}.?label.orValue(${e.pick(["'none'", "null"])}) == null ? 'x' : 'y'`,
      ...(json ? [() => `(type(${of("Any")}) == up.v1.Item ? string(${of("Any")}.id) : 'other')`] : []),
      ...(json ? [() => `string(${of("Json")})`, () => `string(${of("Bag")}['k'])`] : []),
    ],
    int: [
      () => `int(${of("uint")})`,
      () => `size(${of("bytes")})`,
      () => `size(${of("Kinds")})`,
      () => `${of("Time")}.getFullYear()`,
      () => `${of("Span")}.getSeconds()`,
      ...(json ? [() => `size(${of("List")})`, () => `size(${of("Bag")})`] : []),
    ],
    bool: [
      () => `${of("uint")} ${e.pick(["==", "<"])} ${e.pick(["1u", "2u"])}`,
      () => `${of("double")} ${e.pick(["==", "<", "!="])} ${e.pick(["1.5", "0.0"])}`,
      () => `${of("bytes")} ${e.pick(["==", "!="])} b'a'`,
      () => `${of("Time")} < now`,
      () => `${of("Span")} == duration('0s')`,
      () => `${of("Label")} ${e.pick(["==", "!="])} ${e.pick(["null", "'a'", "'b'"])}`,
      () => `${of("Kind")} in ${of("Kinds")}`,
      () => `${of("Kinds")}.exists(o, o == ${of("Kind")})`,
      ...(json
        ? [() => `'k' in ${of("Bag")}`, () => `${of("Json")} ${e.pick(["==", "!="])} ${e.pick(["'a'", "null", "1"])}`]
        : []),
      ...(json ? [() => `${of("List")}.exists(o, o == 'a')`, () => `${of("Any")} == up.v1.Size{width: 1}`] : []),
    ],
  };
  return `(${e.pick(make[type])()})`;
}

/** Returns a copy of an item with options beyond names. */
export function copyOf(e: Expressions): string {
  const all = [
    () => `string full_name = 8 [(bff.v1.field).by = "source.name + source.id"];`,
    () => `optional string owner = 9 [(bff.v1.field).by = "has(source.note) ? source.note : source.owner_id"];`,
    () => `optional int32 width = 10 [(bff.v1.field).by = "source.size.width"];`,
    () => `optional string picture = 11 [(bff.v1.field).by = "source.image_url"];`,
    () => "oneof media { string image_url = 12; SizeCopy placeholder = 13; }",
    () => `repeated int32 widths = 14 [(bff.v1.field).by = "source.sizes.filter(s, s.width > 1).map(s, s.width)"];`,
    () => `SizeCopy small = 15 [(bff.v1.field).by = "source.?sizes_by_name['k'].orValue(up.v1.Size{})"];`,
    () => "google.protobuf.StringValue label = 17; google.protobuf.Timestamp created_at = 18; double rating = 21;",
    () =>
      "repeated up.v1.Kind kinds = 19; uint32 views = 20; bytes digest = 22; google.protobuf.Duration lead_time = 23;",
    () => `int64 price = 16 [(bff.v1.field).alias = "price_cents"];`,
  ];
  return all.map((field) => some(e, 0.12, field)).join(" ");
}
/** Returns the option for the note of a copy. */
export const noteOf = (e: Expressions): string => some(e, 0.15, () => ` [(bff.v1.field).fallback = "'-'"]`);

// ---- of calls ----

/**
 * Returns the spread of a call's `set`.
 *
 * @param type type of the call's answer
 */
export function spreadOf(e: Expressions, type: Type): readonly string[] {
  return type === "Item" && e.wide && e.chance(0.1) ? [`{ spread: "${e.item(1)}" }`] : [];
}
/** Returns the base request that `set` extends. */
export function requestOf(e: Expressions, type: Type): string {
  const [message, field] = {
    Item: ["GetItemRequest", "locale"],
    Found: ["FindItemsRequest", "text"],
    Mapped: ["BatchGetItemsRequest", "locale"],
    Order: ["GetOrderRequest", "id"],
  }[type as "Item"] ?? ["", ""];
  return message === "" ? "" : some(e, 0.1, () => ` request: "up.v1.${message}{${field}: ${e.of("string", 1)}}"`);
}
/** `fail` of a rule that sees an error. */
export function failOf(e: Expressions, text: () => string): string {
  const plain = `fail: { code: ABORTED message: "{${text()}}" }`;
  if (!e.wide || e.chance(0.6)) return plain;
  const details = e.pick([
    `"error.detail(up.v1.Item)"`,
    `"up.v1.Size{width: size(error.message)}"`,
    `["error.detail(up.v1.Size)", "${e.bool(1)} ? optional.of(${e.item(1)}) : optional.none()"]`,
    `"${e.of("Items", 1)}"`,
  ]);
  return e.pick([
    "fail: { as_is: true }",
    `fail: { as_is: true message: "{${text()}}" }`,
    `fail: { as_is: true details: ${details} }`,
    `fail: { message: "{error.detail(up.v1.Item).?name.orValue(${text()})}: {error.code}" details: ${details} }`,
  ]);
}
/** An expression over an error, besides its code. */
export const overError = (e: Expressions): string =>
  e.pick([
    "error.message == 'a'",
    "error.detail(up.v1.Item).hasValue()",
    "error.detail(up.v1.Item).?name.orValue('') != 'b' && error.code != 5",
    `error.code == 5 || ${e.bool(1)}`,
    `error.code in [5, 7] && ${e.bool(1)}`,
  ]);

/** Returns the key option of a batch. */
export function keyOf(e: Expressions): string {
  return [
    e.wide && e.chance(0.2) ? `key_by: "item.id + ${e.pick(["item.name", "'x'"])}"` : `key: "id"`,
    some(e, 0.2, () => `wrap: "${e.pick(["key + 'x'", "key == 'a' ? 'b' : key"])}"`),
    some(e, 0.2, () => "max: 2"),
  ].join(" ");
}
/** Returns the replacement for a key's item. */
export const rescueOfBatch = (e: Expressions, many: boolean): string =>
  some(e, 0.2, () => {
    const instead = many ? "[]" : e.pick(["up.v1.Item{id: 'f'}", e.item(1)]);
    return ` on_error: { on: UNAVAILABLE ${e.pick([`fallback: "${instead}"`, "ignore: true"])} }`;
  });

/** Returns an expression over the header and the trailer of a call's answer. */
export const besideOf = (step: string): string => `header(${step}, 'x-h') + trailer(${step}, 'etag')`;

// ---- of messages ----

/** A step whose fields fill those of their names, and these. */
export function autobound(e: Expressions): { readonly step: string; readonly fields: string } | undefined {
  if (!e.wide || !e.chance(0.1)) return undefined;
  const step = `{ autobind: true call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } } }`;
  return {
    step,
    fields: "string owner_id = 60; int32 stock = 61; optional string note = 62; repeated string tags = 63;",
  };
}
/** Fields that functions supply. */
export function supplied(e: Expressions): readonly string[] {
  const types = ["optional string", "repeated ItemCopy", "ItemCopy", "map<string, int64>", "optional up.v1.Kind"];
  const steps = e.steps.filter((step) => /^[sv]\d+$/.test(step));
  return types.flatMap((type, i) => {
    if (!e.wide || !e.chance(0.06)) return [];
    const read = steps.filter(() => e.chance(0.5)).map((step) => `"${step}"`);
    const reads = e.chance(0.3) ? "" : ` reads: { step: [${read.join(", ")}] }`;
    return [`${type} r${i} = ${70 + i} [(bff.v1.field) = { resolver: true${reads} }];`];
  });
}
/** A message that a function supplies as a whole, with the steps of one that is composed. */
export function suppliedWhole(e: Expressions, message: string): string {
  if (!e.wide || !e.chance(0.08)) return message;
  return message
    .replace("= { let:", "= { resolver: true let:")
    .replace(/ \[\(bff\.v1\.field\)\.by = "[^"]*"\]/g, "")
    .replace(/ \[\(bff\.v1\.field\) = \{[^;]*\}\](?=;)/g, "");
}

// ---- of rpcs ----

/**
 * Returns rpcs beside the one of a page, with their messages.
 *
 * @param page fields of the page
 * @param sub whether the composed message is also an answer by itself
 */
export function besidePage(
  e: Expressions,
  page: readonly string[],
  sub: boolean,
): { readonly rpcs: string; readonly messages: readonly string[] } {
  const small = e.wide && e.chance(0.15);
  const again = small
    ? 'rpc GetSmall(GetPageRequest) returns (Small) { option (bff.v1.method).response = "Page"; }'
    : "";
  return {
    rpcs: `${sub ? "rpc GetSub(SubRequest) returns (Sub) {}" : ""} ${again}`,
    messages: [
      ...(sub
        ? ["message SubRequest { up.v1.Item a0 = 1; optional string a1 = 2; bool a2 = 3; map<string, string> a3 = 4; }"]
        : []),
      ...(small
        ? [`message Small { ${page.filter(() => e.chance(0.6)).join(" ")} repeated bff.v1.Degradation degraded = 99; }`]
        : []),
    ],
  };
}
/** Returns the options of a page's rpc. */
export function optionsOf(e: Expressions, known: boolean, writes: boolean): string {
  const safe = e.wide && !writes && e.chance(0.4);
  const right = `let: { name: "right" call: { method: "up.v1.OrderService/GetOrder" set: { name: "id" by: "${e.pick(["args.id", "principal.subject"])}" } } }`;
  const permits = [
    `if: "principal.subject == args.id"`,
    `if: "has(principal.tenant) && principal.tenant in args.ids" fail: { message: "not {args.id}" }`,
    `${right} if: "right.paid || right.id == principal.subject" fail: { code: NOT_FOUND }`,
    `source: "user" if: "headers['x-a'] != '' && args.n > 0"`,
  ];
  const limits = [
    `key: "args.id" rate: 10 per: "1s"`,
    `key: "peer.address" rate: 10 per: "1m" burst: 20 cost: "size(args.ids) + 1" if: "args.flag"`,
    `key: "headers['x-a']" rate: 100 per: "1s" local: true`,
  ];
  const options = [
    safe
      ? some(
          e,
          0.3,
          () =>
            `cache: { ttl: "5s"${e.chance(0.5) ? ` stale: "60s"` : ""}${e.chance(0.3) ? ` tag: ["page:{args.id}", "{result.name}"]` : ""} }`,
        )
      : "",
    safe ? some(e, 0.2, () => `http_cache: { max_age: "5s" }`) : "",
    known ? some(e, 0.3, () => `permit: { ${e.pick(permits)} }`) : "",
    some(e, 0.1, () => settled(e)),
    e.chance(0.2) ? headersOf(e, known) : "",
    some(e, 0.15, () => `rate_limit: { name: "some" ${e.pick(limits)} }`),
    some(e, 0.1, () => 'max_calls: 5000 timeout: "3s"'),
    some(e, 0.1, () => `priority: ${e.pick(["LOW", "NORMAL", "HIGH"])}`),
    some(e, 0.05, () => `version: { deprecated: "2026-01-01" sunset: "2099-01-01" }`),
    some(e, 0.15, () => toolOf(e, known, safe)),
  ].join(" ");
  const paths = some(e, 0.3, () => pathsOf(e, safe));
  return `${paths} ${safe ? "option idempotency_level = NO_SIDE_EFFECTS;" : ""} ${options.trim() === "" ? "" : `option (bff.v1.method) = { ${options} };`}`;
}
const METERS = [
  `meter: { name: "calls" by: "1" label: { name: "long" by: "size(args.id) > 3" } }`,
  `meter: { name: "ids" by: "double(size(args.ids)) / 2.0" label: [{ name: "many" by: "size(args.ids) > 1" }, { name: "whole" by: "result != null" }] }`,
];
/** Returns the usage events of a file, and a limit that has them. */
export const usageOf = (e: Expressions, known: boolean): string =>
  some(e, 0.15, () => {
    const all = ["args.id", "size(args.ids)", "args.n > 1", ...(known ? ["principal.subject"] : [])];
    const fields = all.filter(() => e.chance(0.6)).map((by, i) => `{ name: "f${i}" by: "${by}" }`);
    const subject = e.chance(0.5) ? 'subject: "usage.rich"' : "";
    return `rate_limit: { name: "used" key: "'all'" rate: 1000000 per: "1s" } usage: { ${subject} field: [${fields.join(", ")}] }`;
  });
/** Returns the telemetry option of a file. */
/** Events that purge tags, which may warn that no cache has them. */
export const purgeOf = (e: Expressions): string =>
  some(e, 0.1, () => {
    const tags = ['"item:{event.id}"', '"{event.name}"', '"n:{event.sizes.size()}:{event.note}"'].filter(() =>
      e.chance(0.5),
    );
    return `purge: { subject: "items.*.${e.pick(["changed", "*", ">"])}" jetstream: "ITEMS" type: "up.v1.Item" tag: [${['"all"', ...tags].join(", ")}] }`;
  });

export const telemetryOf = (e: Expressions, known: boolean): string =>
  some(e, 0.15, () => {
    const all = ["args.id", "headers['x-client']", "args.ids", ...(known ? ["principal.subject"] : [])];
    return `telemetry: { sample: 0.5 slow: "1s" attribute: [${all
      .filter(() => e.chance(0.6))
      .map((attribute) => `"${attribute}"`)
      .join(", ")}] ${METERS.filter(() => e.chance(0.5)).join(" ")} }`;
  });
/** Returns fair shares of a file, whose keys and weights may fail. */
export const fairShareOf = (e: Expressions, known: boolean): string =>
  some(e, 0.15, () => {
    const key = e.pick(["peer.address", "headers['x-a']", ...(known ? (["principal.subject"] as const) : [])]);
    const weight = e.pick(["", ` weight: "double(size(headers['x-a']))"`, ` weight: "1.0 / double(headers['x-a'])"`]);
    return `fair_share: { key: "${key}"${weight}${e.chance(0.5) ? " queue: 3" : ""} }`;
  });
