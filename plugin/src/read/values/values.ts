// Values with a special range or syntax, checked as they are read.

import { Code } from "@protobff/messages/options.js";
import { fault, type Report, type Sourced, type Text } from "../../diagnostic/diagnostic.ts";
import { type Amount, unresolved } from "../../ir/step.ts";
import type { Place } from "../source/place.ts";
import { isZeroDuration, parseDuration } from "./duration.ts";
import { checkUnique } from "./names.ts";

/** Reads an expression; later stages check its meaning. */
export function expression(value: string | undefined, place: Place, name: string, report: Report): Text | undefined {
  const found = text(value, place, name);
  if (found !== undefined) checkExpression(found, name, report);
  return found;
}

export function expressions(values: readonly string[], place: Place, name: string, report: Report): readonly Text[] {
  const found = texts(values, place, name);
  for (const text of found) checkExpression(text, name, report);
  return found;
}

function checkExpression(found: Text, name: string, report: Report): void {
  if (found.value.trim() !== "") return;
  fault(report, "BFF109", found.at, { message: `the expression of "${name}" is empty`, hint: "write an expression" });
}

/**
 * Reads a duration in milliseconds; undefined after a diagnostic too. `days`: the maximum, if it is not the longest
 * wait of a timer.
 */
export function duration(
  value: string | undefined,
  place: Place,
  name: string,
  report: Report,
  days?: number,
): Sourced<number> | undefined {
  if (value === undefined) return undefined;
  const { at } = place.field(name);
  if (VARIABLE.test(value))
    return fault(report, "BFF102", at, {
      message: `"${name}" cannot have the value of a variable`,
      hint: "write a duration; variables are for `timeout`, `delay`, `ttl`, `stale`, `per`, `window` and `open_for`",
    });
  const parsed = parseDuration(value, days);
  if (parsed.ok) return { value: parsed.milliseconds, at };
  return fault(report, parsed.malformed ? "BFF102" : "BFF103", at, {
    message: `the duration ${JSON.stringify(value)} of "${name}" ${parsed.problem}`,
    hint: parsed.hint,
  });
}

const VARIABLE = /^\{env\.([A-Za-z_]\w*)\}$/;

/** Reads a duration, or the variable that has it, as in "{env.NAME}". */
export function durationOrEnv(
  value: string | undefined,
  place: Place,
  name: string,
  report: Report,
  days?: number,
): Amount | undefined {
  const [, variable] = VARIABLE.exec(value ?? "") ?? [];
  return variable === undefined
    ? duration(value, place, name, report, days)
    : unresolved(variable, "ms", place.field(name).at);
}

/** Reads the name of the variable that has a whole number. */
export function countVariable(
  value: string | undefined,
  place: Place,
  name: string,
  literal: unknown,
  report: Report,
): Amount | undefined {
  if (value === undefined) return undefined;
  const { at } = place.field(name);
  const option = name.replace(/_env$/, "");
  const [, variable] = /^\{?(?:env\.)?([A-Za-z_]\w*)\}?$/.exec(value) ?? [];
  if (variable !== value)
    fault(report, "BFF106", at, {
      message: `${JSON.stringify(value)} is not the name of a variable`,
      hint: variable === undefined ? "write the name of a variable" : `write "${variable}"`,
    });
  else if (literal !== undefined)
    fault(report, "BFF177", at, {
      message: `\`${option}\` and \`${name}\` both set the number`,
      hint: `leave out one of them`,
    });
  else return unresolved(variable, "count", at);
  return undefined;
}

/** The same where 0 turns something off. */
export function durationOrEnvOrZero(
  value: string | undefined,
  place: Place,
  name: string,
  report: Report,
): Amount | undefined {
  if (value !== undefined && isZeroDuration(value)) return { value: 0, at: place.field(name).at };
  return durationOrEnv(value, place, name, report);
}

/** Reads a duration of which 0 turns something off. */
export function durationOrZero(
  value: string | undefined,
  place: Place,
  name: string,
  report: Report,
  days?: number,
): Sourced<number> | undefined {
  if (value !== undefined && isZeroDuration(value)) return { value: 0, at: place.field(name).at };
  return duration(value, place, name, report, days);
}

/** More than 0 and at most 1. */
export function ratio(
  value: number | undefined,
  place: Place,
  name: string,
  report: Report,
): Sourced<number> | undefined {
  const found = sourced(value, place, name);
  if (found === undefined || (found.value > 0 && found.value <= 1)) return found;
  const percent = found.value > 1 && found.value <= 100 ? `: write ${found.value / 100} for ${found.value} %` : "";
  return fault(report, "BFF104", found.at, {
    message: `"${name}" is ${found.value}, which is not a ratio`,
    hint: `write a number above 0 and at most 1${percent}`,
  });
}

/** Reads an integer of at least 1; `zero` is the hint for a 0. */
export function count(
  value: number | undefined,
  place: Place,
  name: string,
  zero: string,
  report: Report,
): Sourced<number> | undefined {
  const found = sourced(value, place, name);
  if (found === undefined || found.value > 0) return found;
  return fault(report, "BFF105", found.at, { message: `"${name}" is 0`, hint: zero });
}

/** Reads `max_elements` of a file or an rpc. */
export function maxElements(
  { maxElements: value }: { readonly maxElements?: number | undefined },
  place: Place,
  report: Report,
): Sourced<number> | undefined {
  return count(
    value,
    place,
    "max_elements",
    "write the maximum number of elements in lists and maps of a request",
    report,
  );
}

/** Every code that an error may have. */
export const ERROR_CODES: readonly Code[] = Object.values(Code).filter((code) => code !== Code.OK && code !== Code.ANY);

/** Status codes that a rule looks for: never OK, none twice. `ANY` is all of them. */
export function statusCodes(
  values: readonly Code[],
  place: Place,
  name: string,
  report: Report,
): readonly Sourced<Code>[] {
  const found = sourcedList(values, place, name);
  const any = found.find((code) => code.value === Code.ANY);
  if (any !== undefined) {
    if (found.length === 1) return ERROR_CODES.map((value) => ({ value, at: any.at }));
    fault(report, "BFF148", any.at, {
      message: "`ANY` matches every code: the other codes have no effect",
      hint: "leave out the other codes, or `ANY`",
    });
    return [];
  }
  for (const code of found) checkStatus(code, report);
  checkUnique(
    found.map((code) => ({ value: codeName(code.value), at: code.at, place: () => code.at })),
    "BFF130",
    (value) => `${value} is in the list twice`,
    "leave out one of them",
    report,
  );
  return found;
}

export function checkStatus(code: Sourced<Code>, report: Report): void {
  if (code.value === Code.ANY) {
    fault(report, "BFF148", code.at, { message: "`ANY` is not a status to fail with", hint: "write one status code" });
  } else if (code.value === Code.OK) {
    fault(report, "BFF112", code.at, { message: "OK is not a failure", hint: "write another status code" });
  } else if (codeName(code.value) === String(code.value)) {
    fault(report, "BFF112", code.at, {
      message: `${code.value} is not a status code`,
      hint: "write a status code by its name",
    });
  }
}

export function codeName(code: Code): string {
  const entry = Object.entries(Code).find(([, value]) => value === code);
  return entry === undefined ? String(code) : entry[0];
}

// The values inside a rule, each with its place. Names are those of the proto fields.

/** A message inside a rule and where it stands. */
export interface Declared<M> {
  readonly value: M;
  readonly place: Place;
}

export function child<M>(value: M | undefined, place: Place, name: string): Declared<M> | undefined {
  return value === undefined ? undefined : { value, place: place.field(name) };
}

export function children<M>(values: readonly M[], place: Place, name: string): readonly Declared<M>[] {
  return values.map((value, index) => ({ value, place: place.field(name, index) }));
}

export function text(value: string | undefined, place: Place, name: string): Text | undefined {
  return value === undefined ? undefined : place.field(name).text(value);
}

export function texts(values: readonly string[], place: Place, name: string): readonly Text[] {
  return values.map((value, index) => place.field(name, index).text(value));
}

export function sourced<T>(value: T | undefined, place: Place, name: string): Sourced<T> | undefined {
  return value === undefined ? undefined : { value, at: place.field(name).at };
}

function sourcedList<T>(values: readonly T[], place: Place, name: string): readonly Sourced<T>[] {
  return values.map((value, index) => ({ value, at: place.field(name, index).at }));
}
