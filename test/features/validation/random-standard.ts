// Standard rules of one type, at random: the body of `string: { … }`.
import { below, pick, type Random } from "../../bffs/second/random-message.ts";

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

type Rules = readonly (() => string)[];
/** A selection among all rules of a type. */
interface Choice {
  /** @param likely is how likely each is, where each may be */
  among(random: Random, likely: number, rules: Rules): string;
  /** The same, with lower and upper bounds. */
  bounded(random: Random, value: () => string, rules: Rules): string;
}
const SOME: Choice = {
  among: (random, likely, rules) => {
    const texts = rules.filter(() => random() < likely).map((rule) => rule());
    return texts.join(" ");
  },
  bounded(random, value, rules) {
    const low = random() < 0.35 ? `${pick(random, ["gt", "gte"])}: ${value()} ` : "";
    const high = random() < 0.35 ? `${pick(random, ["lt", "lte"])}: ${value()}` : "";
    return `${low}${high} ${SOME.among(random, 0.2, rules)}`;
  },
};
const SINGLE: Choice = {
  among: (random, _, rules) => pick(random, rules)(),
  bounded(random, value, rules) {
    const low = () => `${pick(random, ["gt", "gte"])}: ${value()}`;
    const high = () => `${pick(random, ["lt", "lte"])}: ${value()}`;
    return SINGLE.among(random, 1, [low, high, () => `${low()} ${high()}`, ...rules]);
  },
};

/** @param unique whether a list of this may have that rule */
export const standardRules = (kind: string, random: Random, unique = false): string =>
  rulesOf(kind, random, SOME, unique);
/** One rule alone, which no other hides. */
export const singleRule = (kind: string, random: Random, unique = false): string =>
  rulesOf(kind, random, SINGLE, unique);

function rulesOf(kind: string, random: Random, choice: Choice, unique: boolean): string {
  const count = (): number => below(random, 4);
  const quoted = (text: string): string => JSON.stringify(text);
  const text = (): string => quoted(pick(random, TEXTS));
  const seconds = (): string => `{ seconds: ${below(random, 7) - 3} nanos: 0 }`;
  switch (kind) {
    case "string":
      return choice.among(random, 0.16, [
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
      return choice.among(random, 0.2, [
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
      return choice.among(random, 0.6, [() => `const: ${random() < 0.5}`]);
    case "enum":
      return choice.among(random, 0.35, [
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
      return choice.among(random, 0.3, unique ? [...rules, () => "unique: true"] : rules);
    }
    case "map":
      return choice.among(random, 0.3, [
        () => `min_pairs: ${count()}`,
        () => `max_pairs: ${count()}`,
        () => "[val.v1.filled]: true",
      ]);
    case "any": {
      const url = () => quoted(`type.googleapis.com/google.protobuf.${pick(random, ["Timestamp", "Duration"])}`);
      return choice.among(random, 0.4, [() => `in: [${url()}]`, () => `not_in: [${url()}]`]);
    }
    case "field_mask": {
      const path = () => quoted(pick(random, ["a", "a.b", "b", "c.d.e"]));
      return choice.among(random, 0.4, [
        () => `const: { paths: [${path()}] }`,
        () => `in: [${path()}, "a"]`,
        () => `not_in: [${path()}]`,
      ]);
    }
    case "duration":
      return choice.bounded(random, seconds, [
        () => `const: ${seconds()}`,
        () => `in: [${seconds()}, ${seconds()}]`,
        () => `not_in: [${seconds()}]`,
        () => `[val.v1.most]: ${seconds()}`,
      ]);
    case "timestamp": {
      const near = () => `{ seconds: ${1_700_000_000 + below(random, 3)} }`;
      const within = (): string => "within: { seconds: 3600 }";
      const rest = [() => `const: ${near()}`, () => "[val.v1.year]: 2023", within];
      const now = random() < 0.3;
      return now ? pick(random, ["lt_now: true", "gt_now: true", within()]) : choice.bounded(random, near, rest);
    }
    default: {
      const unsigned = /^(uint|fixed)/.test(kind);
      const number = (): string => String(below(random, 7) - (unsigned ? 0 : 3));
      const customRules: Readonly<Record<string, readonly (() => string)[]>> = {
        int32: [
          () => `[val.v1.multiple_of]: ${below(random, 4)}`,
          () => `[val.v1.far_from]: [${number()}, ${number()}]`,
        ],
        uint64: [() => "[val.v1.even]: true"],
        double: [() => `[val.v1.around]: ${number()}`, () => "finite: true"],
        float: [() => "finite: true"],
      };
      return choice.bounded(random, number, [
        () => `const: ${number()}`,
        () => `in: [${number()}, ${number()}]`,
        () => `not_in: [${number()}, ${number()}]`,
        ...(customRules[kind] ?? []),
      ]);
    }
  }
}

export const isFloating = (kind: string): boolean => FLOATING.includes(kind);
