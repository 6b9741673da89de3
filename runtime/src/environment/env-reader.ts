import { create } from "@bufbuild/protobuf";
import { type Duration, DurationSchema } from "@bufbuild/protobuf/wkt";
import { quoted } from "./one-line.ts";
import {
  type ConfigFault,
  DURATION_MAX_MS,
  type Environment,
  parseBool,
  parseDurationMs,
  VariableReader,
} from "./variable-reader.ts";

export type { ConfigFault, Environment };

/** Returns faults as text, one a line. */
export function faultLines(faults: readonly ConfigFault[]): string {
  return faults.map(({ variable, problem, remedy }) => `${variable} ${problem}; write ${remedy}`).join("\n");
}

/**
 * Returns the number that an option reads from a variable; durations in milliseconds. Generated code calls it, with the
 * bounds of the variable.
 *
 * @throws RangeError for a value outside of the bounds
 * @example
 * optionNumber("TIMEOUT", env.TIMEOUT, 50, 2_000); // 300 for a duration of 300 ms
 */
export function optionNumber(name: string, value: Duration | bigint, min: number, max: number): number {
  const number = typeof value === "bigint" ? Number(value) : Number(value.seconds) * 1_000 + value.nanos / 1e6;
  if (number >= min && number <= max) return number;
  throw new RangeError(`${name} is ${number}, outside of its bounds ${min} and ${max}`);
}

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

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
export class EnvReader extends VariableReader {
  readonly #bounds: Bounds;

  constructor(source: Environment, faults: ConfigFault[], alternates: readonly string[] = [], bounds: Bounds = {}) {
    super(source, faults, alternates);
    this.#bounds = bounds;
  }

  /** The same, with further variables that are read in this order where one is not set. */
  or(...alternates: readonly string[]): EnvReader {
    return new EnvReader(this.source, this.faults, alternates, this.#bounds);
  }

  /** The same for an int, uint, double or duration of at least `min`, which has the notation of the variable. */
  min(min: string): EnvReader {
    return new EnvReader(this.source, this.faults, this.alternates, { ...this.#bounds, min });
  }

  /** The same for values of at most `max`. */
  max(max: string): EnvReader {
    return new EnvReader(this.source, this.faults, this.alternates, { ...this.#bounds, max });
  }

  protected override parsed<T extends bigint | number | boolean>(
    name: string,
    byDefault: string | undefined,
    remedy: string,
    parse: (text: string) => T | undefined,
    placeholder: T,
  ): T {
    const { variable, text } = this.found(name, false) ?? { variable: name, text: byDefault };
    const value = text === undefined ? undefined : parse(text);
    const { min, max } = this.#bounds;
    const [low, high] = [min, max].map((bound) => (bound === undefined ? undefined : parse(bound)));
    const outside = (problem: string, remedy: string): T => {
      this.fault(variable, `is ${quoted(text ?? "")}, ${problem}`, remedy);
      return placeholder;
    };
    if (value !== undefined && low !== undefined && value < low)
      return outside(`below its minimum of ${min}`, `at least ${min}`);
    if (value !== undefined && high !== undefined && value > high)
      return outside(`above its maximum of ${max}`, `at most ${max}`);
    return super.parsed(name, byDefault, remedy, parse, placeholder);
  }

  string(name: string, byDefault?: string): string {
    return this.found(name, true)?.text ?? byDefault ?? this.missing(name, "a text", "");
  }

  /** Comma separated; `\\,` is a comma in an item. Spaces around an item and empty items are dropped, so "" is the empty list. */
  strings(name: string, byDefault?: string): string[] {
    return this.list(name, "string", byDefault);
  }

  /** The same of any type. */
  list<K extends keyof Items>(name: string, type: K, byDefault?: string): Items[K][] {
    const { parse, expected } = ITEMS[type];
    const remedy = `${expected}, or several separated by commas`;
    const { variable, text } = this.found(name, true) ?? { variable: name, text: byDefault };
    if (text === undefined) return this.missing(name, remedy, []);
    const values = separated(text).map((item) => parse(plain(item)));
    if (values.every((value) => value !== undefined)) return values;
    this.fault(variable, `is ${quoted(text)}`, remedy);
    return [];
  }

  /** `key=value`, comma separated; a backslash before a comma, a `=` or a backslash takes its meaning away. */
  map<K extends keyof Items>(name: string, type: K, byDefault?: string): Record<string, Items[K]> {
    const { parse, expected } = ITEMS[type];
    const remedy = `key=value, or several separated by commas, each key once, where a value is ${expected}`;
    const { variable, text } = this.found(name, true) ?? { variable: name, text: byDefault };
    if (text === undefined) return this.missing(name, remedy, {});
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
    return this.parsed(name, byDefault, "a whole number of at most 64 bits", parseInt64, 0n);
  }

  uint(name: string, byDefault?: string): bigint {
    return this.parsed(name, byDefault, ITEMS.uint.expected, ITEMS.uint.parse, 0n);
  }

  double(name: string, byDefault?: string): number {
    return this.parsed(name, byDefault, "a number", parseDouble, 0);
  }

  /** A number with ms, s or m. */
  duration(name: string, byDefault?: string): Duration {
    return durationOf(this.durationMs(name, byDefault));
  }
}

/** Bounds of a variable, as they are declared; both are allowed values. */
interface Bounds {
  readonly min?: string;
  readonly max?: string;
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

function parseDouble(text: string): number | undefined {
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}
