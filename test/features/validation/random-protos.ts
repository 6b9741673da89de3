// Protos with random rules of buf.validate, out of nothing but a seed.
import { pick, type Random, seeded } from "../../bffs/second/random-message.ts";
import { celRules, restartIds } from "./random-cel.ts";
import { singleRule, standardRules } from "./random-standard.ts";

/** Types of fields: a scalar's name, "Kind" (an enum), "Part" (a message with rules), or a well-known type. */
export const SCALARS = [
  "double",
  "float",
  "int32",
  "int64",
  "uint32",
  "uint64",
  "sint32",
  "sint64",
  "fixed32",
  "fixed64",
  "sfixed32",
  "sfixed64",
  "bool",
  "string",
  "bytes",
] as const;
const WRAPPERS = ["Double", "Float", "Int64", "UInt64", "Int32", "UInt32", "Bool", "String", "Bytes"];
const OTHERS = [
  "Kind",
  "Part",
  "Bare",
  "google.protobuf.Timestamp",
  "google.protobuf.Duration",
  "google.protobuf.Any",
  "google.protobuf.FieldMask",
  ...WRAPPERS.map((name) => `google.protobuf.${name}Value`),
];
const KEYS = ["int32", "int64", "uint32", "uint64", "sint32", "sfixed64", "bool", "string"] as const;

export const TYPES = [...SCALARS, ...OTHERS];

/** The name of the rules that fit a type, in buf.validate.FieldRules. */
export function rulesFor(type: string): string | undefined {
  if (type === "Kind") return "enum";
  const wrapped = /^google\.protobuf\.(\w+)Value$/.exec(type)?.[1];
  if (wrapped !== undefined) return wrapped.toLowerCase();
  const known: Readonly<Record<string, string>> = {
    Timestamp: "timestamp",
    Duration: "duration",
    Any: "any",
    FieldMask: "field_mask",
  };
  if (type.startsWith("google.")) return known[type.split(".")[2] ?? ""];
  return (SCALARS as readonly string[]).includes(type) ? type : undefined;
}

const HEAD = `syntax = "proto3";
package val.v1;
import "bff/v1/options.proto";
import "buf/validate/validate.proto";
import "google/protobuf/any.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/field_mask.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
import "val/v1/own.proto";

service ValService {
  option (bff.v1.service) = {};
  rpc Get(Request) returns (Answer);
}
message Answer {
  option (bff.v1.message) = {};
  string note = 1 [(bff.v1.field).by = "'fine'"];
}
enum Kind {
  KIND_UNSPECIFIED = 0;
  KIND_ONE = 1;
  KIND_TWO = 2;
}
message Bare {
  int32 n = 1;
  string s = 2;
  Bare bare = 3;
  repeated int32 ns = 4;
}
`;

/** Custom rules. */
const CUSTOM = `edition = "2023";
package val.v1;
import "buf/validate/validate.proto";
import "google/protobuf/duration.proto";

extend buf.validate.Int32Rules {
  int32 multiple_of = 80001 [(buf.validate.predefined).cel = {
    id: "int32.multiple_of"
    expression: "this % rule == 0 ? '' : '%d is no multiple of %d'.format([this, rule])"
  }];
  repeated int64 far_from = 80002 [(buf.validate.predefined).cel = {
    id: "int32.far_from"
    message: "too near"
    expression: "rule.all(one, this < one - 1 || this > one + 1)"
  }];
}
extend buf.validate.UInt64Rules {
  bool even = 80001 [(buf.validate.predefined).cel = {
    id: "uint64.even"
    message: "not even"
    expression: "!rule || this % 2u == 0u"
  }];
}
extend buf.validate.DoubleRules {
  double around = 80001 [(buf.validate.predefined).cel = {
    id: "double.around"
    message: "not around it"
    expression: "this > rule - 1.0 && this < rule + 1.0 && (!has(rules.finite) || rules.finite)"
  }];
}
extend buf.validate.StringRules {
  string begins = 80001 [
    (buf.validate.predefined).cel = {
      id: "string.begins"
      expression: "this.startsWith(rule) ? '' : '%s does not begin with %s'.format([this, rule])"
    },
    (buf.validate.predefined).cel = {
      id: "string.begins.min"
      message: "shorter than what it begins with, and min_len"
      expression: "uint(size(this)) >= uint(size(rule)) + rules.min_len"
    }
  ];
}
extend buf.validate.BytesRules {
  bytes ends = 80001 [(buf.validate.predefined).cel = {
    id: "bytes.ends"
    message: "another end"
    expression: "this.endsWith(rule)"
  }];
}
extend buf.validate.EnumRules {
  bool known = 80001 [(buf.validate.predefined).cel = {
    id: "enum.known"
    message: "not known"
    expression: "!rule || this in [1, 2]"
  }];
}
extend buf.validate.RepeatedRules {
  uint64 odd = 80001 [(buf.validate.predefined).cel = {
    id: "repeated.odd"
    message: "an even number of items"
    expression: "uint(this.size()) % 2u == rule"
  }];
}
extend buf.validate.MapRules {
  bool filled = 80001 [(buf.validate.predefined).cel = {
    id: "map.filled"
    message: "nothing in it"
    expression: "!rule || size(this) > 0"
  }];
}
extend buf.validate.DurationRules {
  google.protobuf.Duration most = 80001 [(buf.validate.predefined).cel = {
    id: "duration.most"
    expression: "this <= rule ? '' : 'longer than %s'.format([rule])"
  }];
}
extend buf.validate.TimestampRules {
  int64 year = 80001 [(buf.validate.predefined).cel = {
    id: "timestamp.year"
    message: "another year"
    expression: "this.getFullYear() == rule"
  }];
}
`;

const MEMBERS = [20, 21, 22];

/** The files of a run. */
export function randomProtos(seed: string): Readonly<Record<string, string>> {
  const random = seeded("protos", seed);
  restartIds();
  const request = message("Request", 9, random);
  const part = message("Part", 4, random);
  return { "val/v1/own.proto": CUSTOM, "val/v1/val.proto": `${HEAD}${part}${single(random)}${request}` };
}

/**
 * Returns single rules, each on a separate field: beside other rules that fail as often they would seldom be the
 * reported ones.
 */
function single(random: Random): string {
  const standard = (type: string): string => `${rulesFor(type)}: { ${singleRule(rulesFor(type) ?? "", random)} }`;
  const declaration = (type: string): string => `${type} @ [(buf.validate.field) = { ${standard(type)} }];`;
  const lists = (type: string, rule: string): string =>
    `repeated ${type} @ [(buf.validate.field).repeated = { ${rule} }];`;
  const ruled = TYPES.filter((type) => rulesFor(type) !== undefined);
  const fields = [
    lists(pick(random, SCALARS), "unique: true"),
    lists(pick(random, TYPES), singleRule("repeated", random)),
    `map<${pick(random, KEYS)}, ${pick(random, TYPES)}> @ [(buf.validate.field).map = { ${singleRule("map", random)} }];`,
    ...OFTEN.flatMap((type) => [declaration(type), declaration(type)]),
    ...Array.from({ length: 8 }, () => declaration(pick(random, ruled))),
  ];
  return `message Single {\n${fields.map((text, i) => `  ${text.replace("@", `s${i} = ${i + 1}`)}`).join("\n")}\n}\n`;
}
/** Types with many rules, which occur more often. */
const OFTEN = [
  "string",
  "string",
  "bytes",
  "google.protobuf.Timestamp",
  "google.protobuf.Duration",
  "google.protobuf.Any",
  "google.protobuf.FieldMask",
];

function message(name: string, count: number, random: Random): string {
  const lines: string[] = [];
  const names: string[] = [];
  for (let i = 1; i <= count; i++) {
    names.push(`f${i}`);
    lines.push(`  ${field(`f${i}`, i, random)}`);
  }
  lines.push("  oneof choice {");
  if (random() < 0.4) lines.push("    option (buf.validate.oneof).required = true;");
  for (const number of MEMBERS) {
    const type = pick(random, TYPES);
    lines.push(`    ${type} m${number} = ${number}${options(type, "one", random)};`);
  }
  lines.push("  }", "  int32 a = 30;", "  int32 b = 31;", "  optional string s = 32;", "  Bare bare = 33;");
  if (name === "Request") lines.push("  Single single = 34;");
  const head: string[] = [];
  if (random() < 0.5)
    head.push(...celRules("message", "message", random).map((rule) => `  option (buf.validate.message).${rule};`));
  if (random() < 0.3) {
    const group = ["a", "s", "bare", ...names].filter(() => random() < 0.3);
    const required = random() < 0.5 ? " required: true" : "";
    if (group.length > 0)
      head.push(
        `  option (buf.validate.message).oneof = { fields: [${group.map((member) => `"${member}"`)}]${required} };`,
      );
  }
  return `message ${name} {\n${[...head, ...lines].join("\n")}\n}\n`;
}

function field(name: string, number: number, random: Random): string {
  const type = pick(random, TYPES);
  const shape = pick(random, ["one", "one", "one", "optional", "list", "map"] as const);
  switch (shape) {
    case "list":
      return `repeated ${type} ${name} = ${number}${options(type, "list", random)};`;
    case "map": {
      const key = pick(random, KEYS);
      return `map<${key}, ${type}> ${name} = ${number}${options(type, key, random)};`;
    }
    default:
      return `${shape === "optional" ? "optional " : ""}${type} ${name} = ${number}${options(type, "one", random)};`;
  }
}

/** `shape`: one value, a list, or the type of a map's keys. */
function options(type: string, shape: string, random: Random, some = random() < 0.85): string {
  if (!some) return "";
  const parts: string[] = [];
  if (random() < 0.2) parts.push("required: true");
  if (random() < 0.2)
    parts.push(`ignore: ${pick(random, ["IGNORE_IF_ZERO_VALUE", "IGNORE_IF_ZERO_VALUE", "IGNORE_ALWAYS"])}`);
  const inner = () => element(type, random);
  if (shape === "one") parts.push(...valueRules(type, random));
  else if (shape === "list") {
    const scalar = (SCALARS as readonly string[]).includes(type) || type === "Kind";
    const listRules = standardRules("repeated", random, scalar);
    if (random() < 0.5) parts.push(...celRules("list", type, random));
    if (random() < 0.7) parts.push(`repeated: { ${listRules} items: {${inner()}} }`);
  } else {
    if (random() < 0.5) parts.push(...celRules("map", shape, random));
    if (random() < 0.7)
      parts.push(`map: { ${standardRules("map", random)} keys: {${element(shape, random)}} values: {${inner()}} }`);
  }
  return parts.length === 0 ? "" : ` [(buf.validate.field) = { ${parts.join(" ")} }]`;
}

function element(type: string, random: Random): string {
  const ignore = random() < 0.2 ? ["ignore: IGNORE_IF_ZERO_VALUE"] : [];
  return [...ignore, ...valueRules(type, random)].join(" ");
}

function valueRules(type: string, random: Random): readonly string[] {
  const parts: string[] = [];
  const kind = rulesFor(type);
  if (kind !== undefined && random() < 0.75) parts.push(`${kind}: { ${standardRules(kind, random)} }`);
  if (random() < 0.4) parts.push(...celRules("value", type, random));
  return parts;
}
