// Describes the acceptable responses, and compares a response with them.
import {
  type DescField,
  type DescMessage,
  fromBinary,
  isMessage,
  type JsonValue,
  type Message,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import { isReflectMessage, type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { DurationSchema, durationMs } from "@bufbuild/protobuf/wkt";
import { alike, type LoggedCall } from "./outcomes.ts";
import type { Missing } from "./response.ts";
import { Effect, type Entry, foldedPaths } from "./taints/taint.ts";

export interface AnswerVerdict {
  readonly kind: "answer";
  /** The response, with the entries that are most likely. */
  readonly message: Message;
  readonly entries: readonly Entry[];
  /** "" when not degraded. */
  readonly degradedHeader: string;
}
export interface StatusVerdict {
  readonly kind: "status";
  readonly code: number;
  /** Undefined: the fixed text of the code, which the oracle does not know. */
  readonly message: string | undefined;
  readonly pushback?: boolean;
}
export type Acceptable = AnswerVerdict | StatusVerdict;

export interface Verdict {
  readonly schema: DescMessage;
  /** Any of these. Empty when calls are missing. */
  readonly acceptable: readonly Acceptable[];
  /** Calls that had to be made and were not. */
  readonly missing: readonly Missing[];
  /** Calls that must not have been made. */
  readonly unasked: readonly LoggedCall[];
}

/** The response that a client received. */
export type Got =
  | { readonly kind: "answer"; readonly message: Uint8Array; readonly degradedHeader: string | undefined }
  | {
      readonly kind: "status";
      readonly code: number;
      readonly message: string;
      /** `grpc-retry-pushback-ms` came as "-1"; undefined: not looked at. */
      readonly pushback?: boolean;
    };

/** Undefined when `got` is acceptable, else what is wrong, for people. */
export function mismatch(verdict: Verdict, got: Got): string | undefined {
  const faults: string[] = [];
  for (const { method, request } of verdict.missing) faults.push(`not made: ${method} ${request}`);
  for (const call of verdict.unasked)
    faults.push(`must not be made: ${call.method} ${Buffer.from(call.message).toString("hex")}`);
  if (faults.length > 0)
    return [...faults, `got ${got.kind === "status" ? `status ${got.code} "${got.message}"` : "an answer"}`].join("\n");
  if (verdict.acceptable.length === 0) return "the response rests on calls that were cancelled";
  const reasons = verdict.acceptable.map((option) => differs(verdict.schema, option, got));
  return reasons.includes(undefined) ? undefined : reasons.join("\nor ");
}

function differs(schema: DescMessage, expected: Acceptable, got: Got): string | undefined {
  if (expected.kind === "status") {
    const expectation = `expected status ${expected.code}${expected.message === undefined ? "" : ` "${expected.message}"`}`;
    if (got.kind !== "status") return `${expectation}, got an answer`;
    if (got.code !== expected.code) return `${expectation}, got ${got.code} "${got.message}"`;
    if (expected.message !== undefined && got.message !== expected.message)
      return `${expectation}, got "${got.message}"`;
    return undefined;
  }
  if (got.kind === "status") return `expected an answer, got status ${got.code} "${got.message}"`;
  const { fault, entries } = answerDiffers(schema, expected, got.message);
  return fault ?? headerDiffers(expected.entries, entries, got.degradedHeader ?? "");
}

/** Returns the fault of an answer, without its header. */
export function answerDiffers(
  schema: DescMessage,
  expected: AnswerVerdict,
  got: Uint8Array,
): { readonly fault: string | undefined; readonly entries: readonly GotEntry[] | undefined } {
  const answer = fromBinary(schema, got);
  const field = degradedField(schema);
  const entries = field === undefined ? undefined : takeEntries(schema, answer, field);
  const expectedMessage = fromBinary(schema, toBinary(schema, expected.message));
  if (field !== undefined) takeEntries(schema, expectedMessage, field);
  const [expectedParts, arrived] = [takeParts(schema, expectedMessage), takeParts(schema, answer)];
  if (expectedParts !== arrived) return { fault: `parts: expected ${expectedParts}, got ${arrived}`, entries };
  if (!alike(schema, expectedMessage, answer, true)) {
    const all = different(jsonOf(schema, expectedMessage), jsonOf(schema, answer)).slice(0, 10);
    return { fault: all.join("\n") || "unknown fields differ", entries };
  }
  return { fault: entries && entriesDiffer(expected.entries, entries), entries };
}

export interface GotEntry {
  readonly path: string;
  readonly effect: number;
  readonly reason: number;
  readonly upstream: string;
  /** In milliseconds. */
  readonly age: number | undefined;
  /** Number of fields that a folded entry represents, with `[*]` in its path; 0: the entry itself. */
  readonly count: number;
}
/** More alike entries than this are folded (language.md, "Degradation"). */
const MAX_ALIKE = 8;

function entriesDiffer(expected: readonly Entry[], got: readonly GotEntry[]): string | undefined {
  const fault = (text: string) => `${text}\n  expected ${show(expected)}\n  got      ${showGot(got)}`;
  let at = -1;
  const seen = new Set<string>();
  const alike = new Map<string, number>();
  for (const actual of got) {
    if (actual.count > 0) {
      const [first, ...rest] = standsFor(expected, actual, seen);
      if (first === undefined || rest.length + 1 !== actual.count)
        return fault(`count of ${actual.path}: ${actual.count}`);
      if (actual.count <= MAX_ALIKE) return fault(`folded, and only ${actual.count}: ${actual.path}`);
      for (const { path } of [first, ...rest]) seen.add(path);
      at = Math.max(at, expected.indexOf(first));
      continue;
    }
    const kind = JSON.stringify([
      foldedPaths([actual.path])[0],
      actual.effect,
      actual.reason,
      actual.upstream,
      actual.age,
    ]);
    alike.set(kind, (alike.get(kind) ?? 0) + 1);
    if ((alike.get(kind) ?? 0) > MAX_ALIKE) return fault(`not folded: ${actual.path}`);
    if (seen.has(actual.path)) return fault(`degraded twice: ${actual.path}`);
    seen.add(actual.path);
    const index = expected.findIndex((entry) => entry.path === actual.path);
    const entry = expected[index];
    if (entry === undefined) return fault(`not degraded: ${actual.path}`);
    if (!entry.effects.includes(actual.effect)) return fault(`effect of ${actual.path}: ${actual.effect}`);
    if ((actual.age !== undefined && actual.age > 0) !== (actual.effect === Effect.STALE))
      return fault(`age of ${actual.path}`);
    if (!entry.causes.some((cause) => cause.reason === actual.reason && cause.upstream === actual.upstream)) {
      return fault(`cause of ${actual.path}: ${actual.reason} ${actual.upstream}`);
    }
    // Map entries have no defined order.
    if (index < at && !expected.some((e) => e.path.includes('["'))) return fault(`out of order: ${actual.path}`);
    at = index;
  }
  const left = expected.find((entry) => !entry.optional && !seen.has(entry.path));
  return left === undefined ? undefined : fault(`no entry for ${left.path}`);
}

/** Returns the entries that a folded entry may represent: the required ones first, up to its count. */
function standsFor(expected: readonly Entry[], actual: GotEntry, seen: ReadonlySet<string>): readonly Entry[] {
  const may = expected.filter(
    (entry) =>
      !seen.has(entry.path) &&
      foldedPaths([entry.path])[0] === actual.path &&
      entry.effects.includes(actual.effect) &&
      entry.causes.some((cause) => cause.reason === actual.reason && cause.upstream === actual.upstream),
  );
  const sure = may.filter((entry) => !entry.optional);
  return [...sure, ...may.filter((entry) => entry.optional)].slice(0, actual.count);
}

function headerDiffers(
  expected: readonly Entry[],
  entries: readonly GotEntry[] | undefined,
  got: string,
): string | undefined {
  const sets = entries === undefined ? [expected.filter((e) => !e.optional), expected] : [entries];
  const lists = sets.map((set) => foldedPaths(set.map((e) => e.path)));
  if (lists.some((paths) => isHeader(paths, got))) return undefined;
  return `expected bff-degraded ${JSON.stringify(lists[0]?.join())}, got ${JSON.stringify(got)}`;
}

/**
 * Reports whether a header names these paths; in any order, since map entries have none. A long header ends with the
 * number of omitted paths.
 */
function isHeader(paths: readonly string[], header: string): boolean {
  const [, shown = "", more = "0"] = /^(.*?)(?:(?:^|,)\+(\d+))?$/.exec(header) ?? [];
  const named = shown === "" ? [] : shown.split(",");
  if (named.length + Number(more) !== paths.length || !named.every((path) => paths.includes(path))) return false;
  if (new Set(named).size !== named.length || Buffer.byteLength(shown) > 1024) return false;
  return more === "0" || Buffer.byteLength(paths.join()) > 1024 - `,+${more}`.length;
}

function show(entries: readonly Entry[]): string {
  const line = (e: Entry) =>
    `${e.path}${e.optional ? "?" : ""} ${e.effects.join("|")} ${e.causes.map((c) => `${c.reason} ${c.upstream}`).join(" | ")}`;
  return entries.map(line).join("; ") || "none";
}
function showGot(entries: readonly GotEntry[]): string {
  return (
    entries
      .map((e) => `${e.path} ${e.effect} ${e.reason} ${e.upstream}${e.count > 0 ? ` ×${e.count}` : ""}`)
      .join("; ") || "none"
  );
}

/** Returns the differences between two JSON values. */
function different(expected: JsonValue | undefined, got: JsonValue | undefined, path = "answer"): string[] {
  if (typeof expected === "object" && typeof got === "object" && expected !== null && got !== null) {
    const keys = new Set([...Object.keys(expected), ...Object.keys(got)]);
    const at = (of: object, key: string) => (of as Record<string, JsonValue>)[key];
    const step = (key: string) => (Array.isArray(expected) ? `${path}[${key}]` : `${path}.${key}`);
    return [...keys].flatMap((key) => different(at(expected, key), at(got, key), step(key)));
  }
  if (expected === got) return [];
  return [`${path}: expected ${JSON.stringify(expected) ?? "nothing"}, got ${JSON.stringify(got) ?? "nothing"}`];
}

/** The root response's field for Degradation entries. */
export const degradedField = (schema: DescMessage) => listOf(schema, "bff.v1.Degradation");
/** Returns the field for the parts that have arrived. */
export const partsField = (schema: DescMessage) => listOf(schema, "bff.v1.Part");
function listOf(
  schema: DescMessage,
  typeName: string,
): (DescField & { fieldKind: "list"; message: DescMessage }) | undefined {
  for (const field of schema.fields)
    if (field.fieldKind === "list" && field.listKind === "message" && field.message.typeName === typeName) return field;
  return undefined;
}

/** In any order. */
function takeParts(schema: DescMessage, message: Message): string {
  const field = partsField(schema);
  const [name] = field?.message.fields ?? [];
  if (field === undefined || name === undefined) return "";
  const reflected = reflect(schema, message);
  const found = [...reflected.get(field)].flatMap((item) => (isReflectMessage(item) ? [String(item.get(name))] : []));
  reflected.clear(field);
  return found.sort().join();
}

function takeEntries(schema: DescMessage, message: Message, field: DescField & { fieldKind: "list" }): GotEntry[] {
  const reflected = reflect(schema, message);
  const found = [...reflected.get(field)].flatMap((item) => (isReflectMessage(item) ? [gotEntry(item)] : []));
  reflected.clear(field);
  return found;
}

export function gotEntry(message: ReflectMessage): GotEntry {
  const get = (name: string) => {
    const field = message.desc.fields.find((f) => f.name === name);
    return field === undefined ? undefined : message.get(field);
  };
  return {
    path: String(get("path")),
    effect: Number(get("effect")),
    reason: Number(get("reason")),
    upstream: String(get("upstream")),
    age: ageOf(message),
    count: Number(get("count")),
  };
}

function ageOf(message: ReflectMessage): number | undefined {
  const field = message.desc.fields.find((f) => f.name === "age");
  if (field === undefined || !message.isSet(field)) return undefined;
  const duration = message.get(field);
  return isReflectMessage(duration) && isMessage(duration.message, DurationSchema)
    ? durationMs(duration.message)
    : undefined;
}

/** Returns text if the message has no JSON: it contains an Any of an unknown type. */
function jsonOf(schema: DescMessage, message: Message): JsonValue {
  try {
    return toJson(schema, message);
  } catch {
    return Buffer.from(toBinary(schema, message)).toString("hex");
  }
}
