// Tests of standard rules: conditions that are true if a value breaks the rule.
import type { Bound, Scalar, Test, Time } from "../../model/rules.ts";
import type { Line } from "../text/lines.ts";
import type { RuleNames } from "./rule-names.ts";

/** Maximum number of list values that are compared one by one. */
const FEW = 3;

/** `value`: an expression that is as good as a name. */
export function violated(test: Test, value: string, names: RuleNames): Line {
  switch (test.kind) {
    case "equal":
      // TypeScript refuses to compare a value that is narrowed to one boolean with the other boolean.
      if (typeof test.value === "boolean") return [test.value ? `!${value}` : value];
      return [`${value} !== ${literal(test.value)}`];
    case "in":
      return [inList(test.values, test.not, value, names)];
    case "range":
      return [outside(test, value)];
    case "finite":
      return [`!Number.isFinite(${value})`];
    case "size":
      return size(test, value, names);
    case "text": {
      const method = { prefix: "startsWith", suffix: "endsWith", contains: "includes" }[test.part];
      return [`${test.not ? "" : "!"}${value}.${method}(${JSON.stringify(test.text)})`];
    }
    case "pattern": {
      const text = JSON.stringify(test.pattern);
      const pattern = names.constant("pattern", `pattern(${text})`, [names.validate("pattern"), `(${text})`]);
      return test.bytes ? [`!${pattern}(`, ...callOf(names, "utf8Text", value), ")"] : [`!${pattern}(${value})`];
    }
    case "format":
      return [
        ...(test.empty ? [] : [`${value} !== "" && `]),
        "!",
        ...callOf(names, test.name, value, ...test.others.map(literal)),
      ];
    case "notEmpty":
      return [test.bytes ? `${value}.length === 0` : `${value} === ""`];
    case "defined":
      return [undefinedNumber(test.numbers, value, names)];
    case "unique":
      return ["!", ...callOf(names, "unique", value)];
    case "typeUrl":
      return [inList(test.urls, test.not, `${value}.typeUrl`, names)];
    case "paths": {
      const list = names.constant("paths", JSON.stringify(test.paths));
      const name = { equal: "samePaths", in: "pathsWithin", not_in: "pathsOutside" }[test.is];
      return ["!", names.validate(name), `(${value}.paths, ${list})`];
    }
    case "equalBytes":
    case "inBytes":
    case "partOfBytes":
    case "bytesLength":
      return violatedBytes(test, value, names);
    default:
      return violatedTime(test, value, names);
  }
}

type BytesTest = Extract<Test, { readonly kind: "equalBytes" | "inBytes" | "partOfBytes" | "bytesLength" }>;

function violatedBytes(test: BytesTest, value: string, names: RuleNames): Line {
  switch (test.kind) {
    case "equalBytes":
      return ["!", ...callOf(names, "sameBytes", value, bytes(test.value, names))];
    case "inBytes": {
      const list = `[${test.values.map((item) => bytes(item, names)).join(", ")}]`;
      return [test.not ? "" : "!", ...callOf(names, "isOneOfBytes", value, names.constant("bytes_in", list))];
    }
    case "partOfBytes": {
      const name = { prefix: "bytesStartWith", suffix: "bytesEndWith", contains: "bytesContain" }[test.part];
      return ["!", ...callOf(names, name, value, bytes(test.bytes, names))];
    }
    case "bytesLength":
      return [`${[0, ...test.lengths].map((length) => `${value}.length !== ${length}`).join(" && ")}`];
  }
}

type TimeTest = Extract<Test, { readonly kind: "equalTime" | "inTimes" | "timeRange" | "now" | "within" }>;

function violatedTime(test: TimeTest, value: string, names: RuleNames): Line {
  switch (test.kind) {
    case "equalTime":
      return [...callOf(names, "compareTimes", value, time(test.value, names)), " !== 0"];
    case "inTimes": {
      const list = names.constant("times", `[${test.values.map((item) => time(item, names)).join(", ")}]`);
      return [test.not ? "" : "!", ...callOf(names, "isOneOfTimes", value, list)];
    }
    case "timeRange":
      return outsideTimes(test, value, names);
    case "now":
      return [...callOf(names, "compareTimes", value, "found.now"), test.is === "before" ? " > 0" : " < 0"];
    case "within":
      return ["!", ...callOf(names, "isWithin", value, time(test.of, names), "found.now")];
  }
}

function outsideTimes({ low, high }: TimeTest & { readonly kind: "timeRange" }, value: string, names: RuleNames): Line {
  const part = ({ value: bound, inclusive }: Bound<Time>, sign: "<" | ">"): Line => [
    ...callOf(names, "compareTimes", value, time(bound, names)),
    ` ${sign}${inclusive ? "=" : ""} 0`,
  ];
  const parts = [...(low ? [part(low, ">")] : []), ...(high ? [part(high, "<")] : [])];
  const reversed =
    low &&
    high &&
    (low.value.seconds === high.value.seconds
      ? high.value.nanos < low.value.nanos
      : high.value.seconds < low.value.seconds);
  return ["!(", ...parts.flatMap((part, i): Line => (i === 0 ? part : [reversed ? " || " : " && ", ...part])), ")"];
}

/** A call of one of the functions that check requests. */
function callOf(names: RuleNames, fn: string, ...args: readonly string[]): Line {
  return [names.validate(fn), `(${args.join(", ")})`];
}

function literal(value: Scalar): string {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value !== "number") return JSON.stringify(value);
  if (Number.isNaN(value)) return "Number.NaN";
  if (!Number.isFinite(value)) return value > 0 ? "Number.POSITIVE_INFINITY" : "Number.NEGATIVE_INFINITY";
  return Object.is(value, -0) ? "-0" : String(value);
}

function inList(all: readonly Scalar[], not: boolean, value: string, names: RuleNames): string {
  // NaN equals nothing.
  const values = [...new Set(all)].filter((number) => !Number.isNaN(number));
  if (values.length === 0) return not ? "false" : "true";
  if (values.length <= FEW)
    return values.map((number) => `${value} ${not ? "===" : "!=="} ${literal(number)}`).join(not ? " || " : " && ");
  const set = names.constant("listed", `new Set([${values.map(literal).join(", ")}])`);
  return `${not ? "" : "!"}${set}.has(${value})`;
}

function outside({ low, high, nan }: Test & { readonly kind: "range" }, value: string): string {
  const part = ({ value: bound, inclusive }: Bound<number | bigint>, sign: "<" | ">"): string =>
    `${value} ${sign}${inclusive ? "=" : ""} ${literal(bound)}`;
  if (low !== undefined && high !== undefined) {
    const { value: from } = low;
    const { value: to } = high;
    return `!(${part(low, ">")} ${to < from ? "||" : "&&"} ${part(high, "<")})`;
  }
  const only = low ?? high;
  if (only === undefined) return "false";
  if (nan) return `!(${part(only, low === undefined ? "<" : ">")})`;
  return part({ ...only, inclusive: !only.inclusive }, low === undefined ? ">" : "<");
}

function size({ unit, is, count }: Test & { readonly kind: "size" }, value: string, names: RuleNames): Line {
  const n = count > BigInt(Number.MAX_SAFE_INTEGER) ? String(Number.MAX_SAFE_INTEGER) : String(count);
  const sign = { least: "<", most: ">", exact: "!==" }[is];
  switch (unit) {
    case "characters": {
      const name = { least: "shorter", most: "longer", exact: "codePoints" }[is];
      return is === "exact"
        ? [names.validate(name), `(${value}) !== ${n}`]
        : [names.validate(name), `(${value}, ${n})`];
    }
    case "utf8":
      return [names.validate("utf8Bytes"), `(${value}) ${sign} ${n}`];
    case "pairs":
      return [`Object.keys(${value}).length ${sign} ${n}`];
    default:
      return [`${value}.length ${sign} ${n}`];
  }
}

function undefinedNumber(all: readonly number[], value: string, names: RuleNames): string {
  const numbers = [...new Set(all)].sort((a, b) => a - b);
  const [first = 0] = numbers;
  const last = numbers.at(-1) ?? 0;
  if (last - first === numbers.length - 1) return `${value} < ${first} || ${value} > ${last}`;
  return inList(numbers, false, value, names);
}

function bytes(value: Uint8Array, names: RuleNames): string {
  return names.constant("bytes", `Uint8Array.of(${[...value].join(", ")})`);
}

function time({ seconds, nanos }: Time, names: RuleNames): string {
  return names.constant("time", `{ seconds: ${seconds}n, nanos: ${nanos} }`);
}
