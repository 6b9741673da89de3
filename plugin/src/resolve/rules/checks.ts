// Standard rules as checks. Ids and messages are those of validate.proto, so that clients of any protovalidate
// understand them.
import type { DescField } from "@bufbuild/protobuf";
import type { RuleCheck, Scalar, Test } from "../../model/rules.ts";
import { formatCheck } from "./formats.ts";
import { rangeChecks, timeChecks } from "./ranges.ts";
import type { RuleSettings } from "./rule-settings.ts";
import { numberText } from "./rule-text.ts";

/**
 * Returns the checks of a rule message, by its name in `FieldRules`. `field` is the declaration of the rules, for
 * enums.
 */
export function checksOf(kind: string, settings: RuleSettings, field: DescField): readonly RuleCheck[] {
  switch (kind) {
    case "string":
      return stringChecks(settings);
    case "bytes":
      return bytesChecks(settings);
    case "bool":
      return scalarChecks(kind, settings);
    case "enum":
      return enumChecks(settings, field);
    case "repeated":
      return repeatedChecks(settings);
    case "map":
      return mapChecks(settings);
    case "any":
      return anyChecks(settings);
    case "duration":
    case "timestamp":
      return timeChecks(kind, settings);
    case "field_mask":
      return maskChecks(settings);
    default:
      return [...scalarChecks(kind, settings), ...rangeChecks(kind, settings), ...finiteChecks(kind, settings)];
  }
}

/** Returns one rule as a check, at the place of its setting. */
function check(settings: RuleSettings, name: string, id: string, message: string, test: Test): RuleCheck {
  return { rule: { id, message, path: settings.steps(name) }, at: settings.place.field(name).at, test };
}

const plain = (value: unknown): value is Scalar => ["string", "number", "bigint", "boolean"].includes(typeof value);

/** `const`, `in`, `not_in`. */
function scalarChecks(kind: string, settings: RuleSettings): readonly RuleCheck[] {
  const text = (value: Scalar): string => (typeof value === "number" ? numberText(value) : String(value));
  const found: RuleCheck[] = [];
  const constant = settings.text("const") ?? settings.flag("const") ?? settings.number("const");
  if (constant !== undefined) {
    const shown = kind === "string" ? `\`${constant}\`` : text(constant);
    found.push(check(settings, "const", `${kind}.const`, `must equal ${shown}`, { kind: "equal", value: constant }));
  }
  for (const name of ["in", "not_in"]) {
    const values = settings.list(name).filter(plain);
    if (values.length === 0) continue;
    const not = name === "not_in";
    const message = `must ${not ? "not " : ""}be in list [${values.map(text).join(", ")}]`;
    found.push(check(settings, name, `${kind}.${name}`, message, { kind: "in", values, not }));
  }
  return found;
}

function finiteChecks(kind: string, settings: RuleSettings): readonly RuleCheck[] {
  if (settings.has("finite") !== true || settings.flag("finite") !== true) return [];
  return [check(settings, "finite", `${kind}.finite`, "must be finite", { kind: "finite" })];
}

type Size = Test & { readonly kind: "size" };
type SizeRow = readonly [rule: string, unit: Size["unit"], is: Size["is"], message: (count: bigint) => string];

function sizeChecks(kind: string, settings: RuleSettings, rows: readonly SizeRow[]): readonly RuleCheck[] {
  return rows.flatMap(([name, unit, is, message]) => {
    const count = settings.count(name);
    if (count === undefined) return [];
    return [check(settings, name, `${kind}.${name}`, message(count), { kind: "size", unit, is, count })];
  });
}

const STRING_SIZES: readonly SizeRow[] = [
  ["len", "characters", "exact", (n) => `must be ${n} characters`],
  ["min_len", "characters", "least", (n) => `must be at least ${n} characters`],
  ["max_len", "characters", "most", (n) => `must be at most ${n} characters`],
  ["len_bytes", "utf8", "exact", (n) => `must be ${n} bytes`],
  ["min_bytes", "utf8", "least", (n) => `must be at least ${n} bytes`],
  ["max_bytes", "utf8", "most", (n) => `must be at most ${n} bytes`],
];

function stringChecks(settings: RuleSettings): readonly RuleCheck[] {
  const found = [...scalarChecks("string", settings), ...sizeChecks("string", settings, STRING_SIZES)];
  const pattern = settings.text("pattern");
  if (pattern !== undefined) {
    const message = `does not match regex pattern \`${pattern}\``;
    found.push(check(settings, "pattern", "string.pattern", message, { kind: "pattern", pattern, bytes: false }));
  }
  const parts: readonly (readonly [name: string, part: "prefix" | "suffix" | "contains", phrase: string])[] = [
    ["prefix", "prefix", "does not have prefix"],
    ["suffix", "suffix", "does not have suffix"],
    ["contains", "contains", "does not contain substring"],
    ["not_contains", "contains", "contains substring"],
  ];
  for (const [name, part, phrase] of parts) {
    const text = settings.text(name);
    if (text === undefined) continue;
    const test: Test = { kind: "text", part, text, not: name === "not_contains" };
    found.push(check(settings, name, `string.${name}`, `${phrase} \`${text}\``, test));
  }
  return [...found, ...formatCheck(settings)];
}

const BYTES_SIZES: readonly SizeRow[] = [
  ["len", "bytes", "exact", (n) => `must be ${n} bytes`],
  ["min_len", "bytes", "least", (n) => `must be at least ${n} bytes`],
  ["max_len", "bytes", "most", (n) => `must be at most ${n} bytes`],
];
const BYTES_FORMATS: readonly (readonly [name: string, lengths: readonly number[], what: string])[] = [
  ["ip", [4, 16], "IP address"],
  ["ipv4", [4], "IPv4 address"],
  ["ipv6", [16], "IPv6 address"],
  ["uuid", [16], "UUID"],
];

function bytesChecks(settings: RuleSettings): readonly RuleCheck[] {
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
  const found: RuleCheck[] = [];
  const constant = settings.bytes("const");
  if (constant !== undefined)
    found.push(
      check(settings, "const", "bytes.const", `must be ${hex(constant)}`, { kind: "equalBytes", value: constant }),
    );
  found.push(...sizeChecks("bytes", settings, BYTES_SIZES));
  const pattern = settings.text("pattern");
  if (pattern !== undefined) {
    const test: Test = { kind: "pattern", pattern, bytes: true };
    found.push(check(settings, "pattern", "bytes.pattern", `must match regex pattern \`${pattern}\``, test));
  }
  for (const [part, phrase] of [
    ["prefix", "have prefix"],
    ["suffix", "have suffix"],
    ["contains", "contain"],
  ] as const) {
    const bytes = settings.bytes(part);
    if (bytes === undefined) continue;
    const message = `does not ${phrase} ${hex(bytes)}`;
    found.push(check(settings, part, `bytes.${part}`, message, { kind: "partOfBytes", part, bytes }));
  }
  for (const name of ["in", "not_in"]) {
    const values = settings.list(name).filter((value) => value instanceof Uint8Array);
    if (values.length === 0) continue;
    const not = name === "not_in";
    const shown = values.map((value) => new TextDecoder().decode(value)).join(", ");
    const message = `must ${not ? "not " : ""}be in list [${shown}]`;
    found.push(check(settings, name, `bytes.${name}`, message, { kind: "inBytes", values, not }));
  }
  for (const [name, lengths, what] of BYTES_FORMATS) {
    if (settings.flag(name) !== true) continue;
    found.push(check(settings, name, `bytes.${name}`, `must be a valid ${what}`, { kind: "bytesLength", lengths }));
    const empty = `value is empty, which is not a valid ${what}`;
    found.push(check(settings, name, `bytes.${name}_empty`, empty, { kind: "notEmpty", bytes: true }));
  }
  return found;
}

function enumChecks(settings: RuleSettings, { enum: desc }: DescField): readonly RuleCheck[] {
  const found = [...scalarChecks("enum", settings)];
  if (settings.flag("defined_only") === true && desc !== undefined) {
    const numbers = desc.values.map(({ number }) => number);
    const message = "value must be one of the defined enum values";
    found.push(check(settings, "defined_only", "enum.defined_only", message, { kind: "defined", numbers }));
  }
  return found;
}

function repeatedChecks(settings: RuleSettings): readonly RuleCheck[] {
  const found = sizeChecks("repeated", settings, [
    ["min_items", "items", "least", (n) => `must contain at least ${n} item(s)`],
    ["max_items", "items", "most", (n) => `must contain no more than ${n} item(s)`],
  ]);
  if (settings.flag("unique") !== true) return found;
  const message = "repeated value must contain unique items";
  return [...found, check(settings, "unique", "repeated.unique", message, { kind: "unique" })];
}

function mapChecks(settings: RuleSettings): readonly RuleCheck[] {
  return sizeChecks("map", settings, [
    ["min_pairs", "pairs", "least", (n) => `map must be at least ${n} entries`],
    ["max_pairs", "pairs", "most", (n) => `map must be at most ${n} entries`],
  ]);
}

function anyChecks(settings: RuleSettings): readonly RuleCheck[] {
  return ["in", "not_in"].flatMap((name) => {
    const urls = settings.texts(name);
    if (urls.length === 0) return [];
    const not = name === "not_in";
    const message = not ? "type URL must not be in the block list" : "type URL must be in the allow list";
    return [check(settings, name, `any.${name}`, message, { kind: "typeUrl", urls, not })];
  });
}

function maskChecks(settings: RuleSettings): readonly RuleCheck[] {
  const found: RuleCheck[] = [];
  const constant = settings.mask("const");
  if (constant !== undefined) {
    const message = `must equal paths [${constant.join(", ")}]`;
    found.push(check(settings, "const", "field_mask.const", message, { kind: "paths", is: "equal", paths: constant }));
  }
  for (const is of ["in", "not_in"] as const) {
    const paths = settings.texts(is);
    if (paths.length === 0) continue;
    const phrase = is === "in" ? "must only contain paths in" : "must not contain any paths in";
    found.push(
      check(settings, is, `field_mask.${is}`, `${phrase} [${paths.join(", ")}]`, { kind: "paths", is, paths }),
    );
  }
  return found;
}
