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

/** In milliseconds; google.protobuf.Duration ends at ±315,576,000,000 s. */
export const DURATION_MAX_MS = 315_576_000_000_000;
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Reads variables of the types that need no messages. A missing or malformed variable is added to the list of faults
 * and gets a zero value, so that one pass finds all of them.
 */
export class VariableReader {
  protected readonly source: Environment;
  protected readonly faults: ConfigFault[];
  protected readonly alternates: readonly string[];

  /** @param alternates read in this order where a variable is not set */
  constructor(source: Environment, faults: ConfigFault[], alternates: readonly string[] = []) {
    this.source = source;
    this.faults = faults;
    this.alternates = alternates;
  }

  bool(name: string, byDefault?: string): boolean {
    return this.parsed(name, byDefault, "true or false", parseBool, false);
  }

  /** A number with ms, s or m, in milliseconds. */
  durationMs(name: string, byDefault?: string, maxMs: number = DURATION_MAX_MS): number {
    const expected = "a duration: a number with ms, s or m, like 250ms, 10s or 1.5m";
    return this.parsed(name, byDefault, expected, (text) => parseDurationMs(text, maxMs), 0);
  }

  /** A whole number between two bounds, both included. */
  within(name: string, min: number, max: number, byDefault?: string): number {
    const parse = (text: string) => {
      const value = /^\d{1,15}$/.test(text) ? Number(text) : -1;
      return value >= min && value <= max ? value : undefined;
    };
    return this.parsed(name, byDefault, `a whole number between ${min} and ${max}`, parse, min);
  }

  /** The text of a variable that may be left out; undefined when it is not set or empty. */
  optional(name: string): string | undefined {
    return this.source[name] || undefined;
  }

  /** Records a fault that the caller has found itself, once even if several services read the variable. */
  fault(variable: string, problem: string, remedy: string): void {
    const known = this.faults.some((fault) => fault.variable === variable && fault.problem === problem);
    if (!known) this.faults.push({ variable, problem, remedy });
  }

  /** Returns the first variable that is set; `empty`: even to the empty text. */
  protected found(name: string, empty: boolean): { readonly variable: string; readonly text: string } | undefined {
    for (const variable of [name, ...this.alternates]) {
      // An object has names besides those that have been put into it.
      const text = Object.hasOwn(this.source, variable) ? this.source[variable] : undefined;
      if (text !== undefined && (empty || text !== "")) return { variable, text };
    }
    return undefined;
  }

  protected missing<T>(name: string, remedy: string, placeholder: T): T {
    const others = this.alternates.map((other) => `, nor is ${other}`).join("");
    this.fault(name, `is not set${others}`, remedy);
    return placeholder;
  }

  protected parsed<T extends bigint | number | boolean>(
    name: string,
    byDefault: string | undefined,
    remedy: string,
    parse: (text: string) => T | undefined,
    placeholder: T,
  ): T {
    const { variable, text } = this.found(name, false) ?? { variable: name, text: byDefault };
    if (text === undefined) return this.missing(name, remedy, placeholder);
    const value = parse(text);
    if (value !== undefined) return value;
    this.fault(variable, `is ${quoted(text)}`, remedy);
    return placeholder;
  }
}

export function parseBool(text: string): boolean | undefined {
  if (text === "true" || text === "1") return true;
  if (text === "false" || text === "0") return false;
  return undefined;
}

export function parseDurationMs(text: string, maxMs: number): number | undefined {
  const match = /^(\d{1,15}(?:\.\d{1,9})?)(ms|s|m|h|d)$/.exec(text);
  if (match === null) return undefined;
  // 1.1 * 1000 is 1100.0000000000002, so the result is rounded to nanoseconds.
  const ms = Math.round(Number(match[1]) * (UNIT_MS[match[2] ?? ""] ?? Number.NaN) * 1e6) / 1e6;
  return ms <= maxMs ? ms : undefined;
}
