import { create } from "@bufbuild/protobuf";
import { type Duration, DurationSchema } from "@bufbuild/protobuf/wkt";
import { quoted } from "./one-line.ts";

/** The variables of a process; `process.env` is one. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Something the environment has to change before the server can start. */
export interface ConfigFault {
  readonly variable: string;
  /** The problem: the end of a sentence that begins with the variable's name. */
  readonly problem: string;
  /** The expected value: "a whole number". */
  readonly remedy: string;
}

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
/** In milliseconds; google.protobuf.Duration ends at ±315,576,000,000 s. */
const DURATION_MAX_MS = 315_576_000_000_000;
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Reads variables of the types that `(bff.v1.file).env` supports. A missing or malformed variable is added to the list
 * of faults and gets a zero value, so that one pass finds all of them.
 *
 * A variable that is set to the empty text counts as not set, except for `string`, lists and maps.
 *
 * @example
 * const read = new EnvReader(process.env, []);
 * const query = read.string("DEFAULT_QUERY", "recent"); // "recent" if the variable is not set
 */
export class EnvReader {
  readonly #source: Environment;
  readonly #faults: ConfigFault[];
  readonly #alternates: readonly string[];

  /** @param alternates read in this order where a variable is not set */
  constructor(source: Environment, faults: ConfigFault[], alternates: readonly string[] = []) {
    this.#source = source;
    this.#faults = faults;
    this.#alternates = alternates;
  }

  /** The same, with further variables that are read in this order where one is not set. */
  or(...alternates: readonly string[]): EnvReader {
    return new EnvReader(this.#source, this.#faults, alternates);
  }

  string(name: string, byDefault?: string): string {
    return this.#found(name, true)?.text ?? byDefault ?? this.#missing(name, "a text", "");
  }

  /** Comma separated; `\\,` is a comma in an item. Spaces around an item and empty items are dropped, so "" is the empty list. */
  strings(name: string, byDefault?: string): string[] {
    return this.list(name, "string", byDefault);
  }

  /** The same of any type. */
  list<K extends keyof Items>(name: string, type: K, byDefault?: string): Items[K][] {
    const { parse, expected } = ITEMS[type];
    const remedy = `${expected}, or several separated by commas`;
    const { variable, text } = this.#found(name, true) ?? { variable: name, text: byDefault };
    if (text === undefined) return this.#missing(name, remedy, []);
    const values = separated(text).map((item) => parse(plain(item)));
    if (values.every((value) => value !== undefined)) return values;
    this.fault(variable, `is ${quoted(text)}`, remedy);
    return [];
  }

  /** `key=value`, comma separated; a backslash before a comma, a `=` or a backslash takes its meaning away. */
  map<K extends keyof Items>(name: string, type: K, byDefault?: string): Record<string, Items[K]> {
    const { parse, expected } = ITEMS[type];
    const remedy = `key=value, or several separated by commas, each key once, where a value is ${expected}`;
    const { variable, text } = this.#found(name, true) ?? { variable: name, text: byDefault };
    if (text === undefined) return this.#missing(name, remedy, {});
    const entries = separated(text).map((entry): [string, Items[K] | undefined] => {
      const [, key = "", value] = /^((?:\\[\s\S]|[^\\=])*)=([\s\S]*)$/.exec(entry) ?? [];
      return [plain(key.trim()), value === undefined ? undefined : parse(plain(value.trim()))];
    });
    const distinct = new Set(entries.map(([key]) => key));
    if (distinct.size === entries.length && entries.every(([key, value]) => key !== "" && value !== undefined))
      return Object.fromEntries(entries) as Record<string, Items[K]>;
    this.fault(variable, `is ${quoted(text)}`, remedy);
    return {};
  }

  int(name: string, byDefault?: string): bigint {
    return this.#parsed(name, byDefault, "a whole number of at most 64 bits", parseInt64, 0n);
  }

  uint(name: string, byDefault?: string): bigint {
    return this.#parsed(name, byDefault, ITEMS.uint.expected, ITEMS.uint.parse, 0n);
  }

  bool(name: string, byDefault?: string): boolean {
    return this.#parsed(name, byDefault, "true or false", parseBool, false);
  }

  double(name: string, byDefault?: string): number {
    return this.#parsed(name, byDefault, "a number", parseDouble, 0);
  }

  /** A number with ms, s or m. */
  duration(name: string, byDefault?: string): Duration {
    return durationOf(this.durationMs(name, byDefault));
  }

  /** Like `duration`, in milliseconds. */
  durationMs(name: string, byDefault?: string, maxMs: number = DURATION_MAX_MS): number {
    const expected = "a duration: a number with ms, s or m, like 250ms, 10s or 1.5m";
    return this.#parsed(name, byDefault, expected, (text) => parseDurationMs(text, maxMs), 0);
  }

  /** A whole number between two bounds, both included. */
  within(name: string, min: number, max: number, byDefault?: string): number {
    const parse = (text: string) => {
      const value = /^\d{1,15}$/.test(text) ? Number(text) : -1;
      return value >= min && value <= max ? value : undefined;
    };
    return this.#parsed(name, byDefault, `a whole number between ${min} and ${max}`, parse, min);
  }

  /** The text of a variable that may be left out; undefined when it is not set or empty. */
  optional(name: string): string | undefined {
    return this.#source[name] || undefined;
  }

  /** Records a fault that the caller has found itself, once even if several services read the variable. */
  fault(variable: string, problem: string, remedy: string): void {
    const known = this.#faults.some((fault) => fault.variable === variable && fault.problem === problem);
    if (!known) this.#faults.push({ variable, problem, remedy });
  }

  /** Returns the first variable that is set; `empty`: even to the empty text. */
  #found(name: string, empty: boolean): { readonly variable: string; readonly text: string } | undefined {
    for (const variable of [name, ...this.#alternates]) {
      // An object has names besides those that have been put into it.
      const text = Object.hasOwn(this.#source, variable) ? this.#source[variable] : undefined;
      if (text !== undefined && (empty || text !== "")) return { variable, text };
    }
    return undefined;
  }

  #missing<T>(name: string, remedy: string, placeholder: T): T {
    const others = this.#alternates.map((other) => `, nor is ${other}`).join("");
    this.fault(name, `is not set${others}`, remedy);
    return placeholder;
  }

  #parsed<T>(
    name: string,
    byDefault: string | undefined,
    remedy: string,
    parse: (text: string) => T | undefined,
    placeholder: T,
  ): T {
    const { variable, text } = this.#found(name, false) ?? { variable: name, text: byDefault };
    if (text === undefined) return this.#missing(name, remedy, placeholder);
    const value = parse(text);
    if (value !== undefined) return value;
    this.fault(variable, `is ${quoted(text)}`, remedy);
    return placeholder;
  }
}

/** Types of items in lists and maps. */
interface Items {
  readonly string: string;
  readonly int: bigint;
  readonly uint: bigint;
  readonly bool: boolean;
  readonly double: number;
  readonly duration: Duration;
}
const ITEMS: {
  readonly [K in keyof Items]: { readonly parse: (text: string) => Items[K] | undefined; readonly expected: string };
} = {
  string: { parse: (text) => text, expected: "a text" },
  int: { parse: parseInt64, expected: "a whole number of at most 64 bits" },
  uint: { parse: parseUint64, expected: "a whole number of at most 64 bits, not negative" },
  bool: { parse: parseBool, expected: "true or false" },
  double: { parse: parseDouble, expected: "a number" },
  duration: {
    parse: (text) => {
      const ms = parseDurationMs(text, DURATION_MAX_MS);
      return ms === undefined ? undefined : durationOf(ms);
    },
    expected: "a duration: a number with ms, s or m, like 250ms, 10s or 1.5m",
  },
};

/**
 * Returns the parts between commas without a backslash before them, trimmed, with their backslashes; empty parts are
 * left out.
 */
function separated(text: string): string[] {
  const parts = text.match(/(?:\\[\s\S]|[^\\,])+/g) ?? [];
  return parts.map((part) => part.trim()).filter((part) => part !== "");
}
/** Without the backslashes that took a meaning away. */
const plain = (part: string): string => part.replace(/\\([,=\\])/g, "$1");

function durationOf(ms: number): Duration {
  const nanos = Math.round((ms % 1000) * 1e6);
  const carry = nanos === 1e9 ? 1 : 0;
  return create(DurationSchema, { seconds: BigInt(Math.floor(ms / 1000) + carry), nanos: nanos - carry * 1e9 });
}

function parseUint64(text: string): bigint | undefined {
  if (!/^\+?\d{1,20}$/.test(text)) return undefined;
  const value = BigInt(text.replace("+", ""));
  return value < 2n ** 64n ? value : undefined;
}

function parseInt64(text: string): bigint | undefined {
  if (!/^[+-]?\d{1,19}$/.test(text)) return undefined;
  const value = BigInt(text.replace("+", ""));
  return value >= INT64_MIN && value <= INT64_MAX ? value : undefined;
}

function parseBool(text: string): boolean | undefined {
  if (text === "true" || text === "1") return true;
  if (text === "false" || text === "0") return false;
  return undefined;
}

function parseDouble(text: string): number | undefined {
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

function parseDurationMs(text: string, maxMs: number): number | undefined {
  const match = /^(\d{1,15}(?:\.\d{1,9})?)(ms|s|m|h|d)$/.exec(text);
  if (match === null) return undefined;
  const ms = Number(match[1]) * (UNIT_MS[match[2] ?? ""] ?? Number.NaN);
  return ms <= maxMs ? ms : undefined;
}
