// Standard rules of one type, at random: the body of `string: { … }`.
import { below, pick, type Random } from "../second/random-message.ts";

const FLOATING = ["float", "double"];
const TEXTS = ["", "a", "ab", "abc", "A", "é", "a.b", "x@y.z"];
const FORMATS = [
  "email",
  "hostname",
  "ip",
  "ipv4",
  "ipv6",
  "uri",
  "uri_ref",
  "address",
  "uuid",
  "tuuid",
  "ip_with_prefixlen",
  "ipv4_with_prefixlen",
  "ipv6_with_prefixlen",
  "ip_prefix",
  "ipv4_prefix",
  "ipv6_prefix",
  "host_and_port",
  "ulid",
  "protobuf_fqn",
  "protobuf_dot_fqn",
];
const PATTERNS = ["^[a-z]*$", "a|b", "^.{2,4}$", "[^x]$", "(?i)^A"];

/** Each of some rules with a likelihood, joined. */
function some(random: Random, likely: number, rules: readonly (() => string)[]): string {
  const said = rules.filter(() => random() < likely).map((rule) => rule());
  return said.join(" ");
}

export function standardRules(kind: string, random: Random, unique = false): string {
  const count = (): number => below(random, 4);
  const quoted = (text: string): string => JSON.stringify(text);
  const text = (): string => quoted(pick(random, TEXTS));
  const seconds = (): string => `{ seconds: ${below(random, 7) - 3} nanos: 0 }`;
  switch (kind) {
    case "string":
      return some(random, 0.16, [
        () => `const: ${text()}`,
        () => `len: ${count()}`,
        () => `min_len: ${count()}`,
        () => `max_len: ${count()}`,
        () => `len_bytes: ${count()}`,
        () => `min_bytes: ${count()}`,
        () => `max_bytes: ${count()}`,
        () => `pattern: ${quoted(pick(random, PATTERNS))}`,
        () => `prefix: ${text()}`,
        () => `suffix: ${text()}`,
        () => `contains: ${text()}`,
        () => `not_contains: ${text()}`,
        () => `in: [${text()}, ${text()}]`,
        () => `not_in: [${text()}]`,
        () => `${pick(random, FORMATS)}: true`,
        () => `[val.v1.begins]: ${text()}`,
      ]);
    case "bytes":
      return some(random, 0.2, [
        () => `const: ${text()}`,
        () => `len: ${count()}`,
        () => `min_len: ${count()}`,
        () => `max_len: ${count()}`,
        () => `pattern: ${quoted(pick(random, PATTERNS))}`,
        () => `prefix: ${text()}`,
        () => `suffix: ${text()}`,
        () => `contains: ${text()}`,
        () => `in: [${text()}, ${text()}]`,
        () => `not_in: [${text()}]`,
        () => `${pick(random, ["ip", "ipv4", "ipv6", "uuid"])}: true`,
        () => `[val.v1.ends]: ${text()}`,
      ]);
    case "bool":
      return some(random, 0.6, [() => `const: ${random() < 0.5}`]);
    case "enum":
      return some(random, 0.35, [
        () => `const: ${count()}`,
        () => "defined_only: true",
        () => `in: [${count()}, ${count()}]`,
        () => `not_in: [${count()}]`,
        () => "[val.v1.known]: true",
      ]);
    case "repeated": {
      const rules = [
        () => `min_items: ${count()}`,
        () => `max_items: ${count()}`,
        () => `[val.v1.odd]: ${below(random, 2)}`,
      ];
      return some(random, 0.3, unique ? [...rules, () => "unique: true"] : rules);
    }
    case "map":
      return some(random, 0.3, [
        () => `min_pairs: ${count()}`,
        () => `max_pairs: ${count()}`,
        () => "[val.v1.filled]: true",
      ]);
    case "any": {
      const url = () => quoted(`type.googleapis.com/google.protobuf.${pick(random, ["Timestamp", "Duration"])}`);
      return some(random, 0.4, [() => `in: [${url()}]`, () => `not_in: [${url()}]`]);
    }
    case "field_mask": {
      const path = () => quoted(pick(random, ["a", "a.b", "b", "c.d.e"]));
      return some(random, 0.4, [
        () => `const: { paths: [${path()}] }`,
        () => `in: [${path()}, "a"]`,
        () => `not_in: [${path()}]`,
      ]);
    }
    case "duration":
      return `${limits(random, seconds)} ${some(random, 0.2, [
        () => `const: ${seconds()}`,
        () => `in: [${seconds()}, ${seconds()}]`,
        () => `not_in: [${seconds()}]`,
        () => `[val.v1.most]: ${seconds()}`,
      ])}`;
    case "timestamp": {
      const near = () => `{ seconds: ${1_700_000_000 + below(random, 3)} }`;
      const rest = [() => `const: ${near()}`, () => "[val.v1.year]: 2023", () => "within: { seconds: 3600 }"];
      const now = random() < 0.3;
      return now
        ? pick(random, ["lt_now: true", "gt_now: true"])
        : `${limits(random, near)} ${some(random, 0.2, rest)}`;
    }
    default: {
      const unsigned = /^(uint|fixed)/.test(kind);
      const number = (): string => String(below(random, 7) - (unsigned ? 0 : 3));
      const own: Readonly<Record<string, readonly (() => string)[]>> = {
        int32: [
          () => `[val.v1.multiple_of]: ${below(random, 4)}`,
          () => `[val.v1.far_from]: [${number()}, ${number()}]`,
        ],
        uint64: [() => "[val.v1.even]: true"],
        double: [() => `[val.v1.around]: ${number()}`, () => "finite: true"],
        float: [() => "finite: true"],
      };
      return `${limits(random, number)} ${some(random, 0.2, [
        () => `const: ${number()}`,
        () => `in: [${number()}, ${number()}]`,
        () => `not_in: [${number()}, ${number()}]`,
        ...(own[kind] ?? []),
      ])}`;
    }
  }
}

export const isFloating = (kind: string): boolean => FLOATING.includes(kind);

function limits(random: Random, value: () => string): string {
  const low = random() < 0.35 ? `${pick(random, ["gt", "gte"])}: ${value()} ` : "";
  const high = random() < 0.35 ? `${pick(random, ["lt", "lte"])}: ${value()}` : "";
  return `${low}${high}`;
}
