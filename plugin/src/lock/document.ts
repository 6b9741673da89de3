// The text of bff.lock.json: for each generated file the elements of upstreams that it uses, with the options that use
// them.

import { type Facts, RELIANCES, type Reliance } from "@protobff/messages/upstream-facts.js";
import { type Origin, originAt } from "../diagnostic/diagnostic.ts";
import { duplicateName } from "../text/duplicate-name.ts";
import { jsonFaultAt } from "../text/json-fault.ts";
import { type EdgeEntries, type Entries, NO_EDGE, readEdge, SECTIONS } from "./edge.ts";
import type { Exchange } from "./exchange.ts";

export interface Locked {
  readonly facts: Facts;
  /** Paths of options, sorted, as `options.ts` writes them. */
  readonly usedBy: readonly string[];
  /** For a method that does not declare its side effects: the rpcs and options that vouch that it has none, sorted. */
  readonly vouchedBy: readonly string[];
  /** Exchange with a method; undefined: the lock is of version 1. */
  readonly exchange?: Exchange | undefined;
}
/** Returns true if the voucher is an option, and not an rpc. */
export const isOption = (voucher: string): boolean => voucher.endsWith(".read_only");
/** Elements by the name of the generated file, then by their own name. */
export type Lock = ReadonlyMap<string, ReadonlyMap<string, Locked>>;

/**
 * Working directory of the run that wrote a BFF file's entry, from the lock's directory. Null: that run could not read
 * the file, as with an input of a registry. Files that are read from the directory of the lock, or from one above it,
 * are left out.
 */
export type Elsewhere = ReadonlyMap<string, string | null>;

/** Latest version of the format. Version 1 lacked the exchange, and versions 1 and 2 the facts that `learned` (facts.ts) adds. */
export const LOCK_VERSION = 3;

/** Sorted by name throughout, so that the same uses give the same bytes. */
export function renderLock(lock: Lock, edge: EdgeEntries = NO_EDGE, elsewhere: Elsewhere = new Map()): string {
  const files = sorted(lock).map(([file, elements]) => [
    file,
    Object.fromEntries(sorted(elements).map(([name, locked]) => [name, written(locked)])),
  ]);
  const sections = SECTIONS.flatMap((section) => {
    const sectionEntries = entriesWritten(edge[section]);
    return sectionEntries.length === 0 ? [] : [[section, Object.fromEntries(sectionEntries)] as const];
  });
  const document = {
    version: LOCK_VERSION,
    files: Object.fromEntries(files),
    ...Object.fromEntries(sections),
    ...(elsewhere.size > 0 && { elsewhere: Object.fromEntries(sorted(elsewhere)) }),
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

const entriesWritten = (entries: Entries) =>
  sorted(entries).flatMap(([file, named]) =>
    named.size === 0 ? [] : [[file, Object.fromEntries(sorted(named))] as const],
  );

const written = ({ facts, usedBy, vouchedBy, exchange }: Locked) => ({
  ...facts,
  ...(exchange && {
    sets: exchange.sets,
    reads: exchange.reads,
    ...(exchange.reliesOn.length > 0 && { relies_on: exchange.reliesOn }),
  }),
  used_by: usedBy,
  ...(vouchedBy.length > 0 ? { vouched_by: vouchedBy } : {}),
});

export const sorted = <T>(map: ReadonlyMap<string, T>): [string, T][] => [...map].sort(([a], [b]) => (a < b ? -1 : 1));

/** Fault of a text that cannot be read: `message` is the reason, `at` the place. */
interface LockFault {
  readonly message: string;
  readonly at: Origin;
  /** Remedy, if it is not the usual one. */
  readonly hint?: string;
}

/** The content of a lock's text. */
interface LockContent {
  readonly lock: Lock;
  /** At most `LOCK_VERSION`. */
  readonly version: number;
  readonly edge: EdgeEntries;
  readonly elsewhere: Elsewhere;
}

/**
 * Parses the text of a lock. Returns a fault with its place if the text is no lock of a supported version.
 *
 * @example
 * const lock = parseLock(readFileSync("bff.lock.json", "utf8"), "bff.lock.json");
 */
export function parseLock(text: string, path: string): Lock | LockFault {
  const content = readLock(text, path);
  return "message" in content ? content : content.lock;
}

/**
 * As `parseLock`, with all that a lock contains.
 *
 * @example
 * const content = readLock(readFileSync("bff.lock.json", "utf8"), "bff.lock.json");
 */
export function readLock(text: string, path: string): LockContent | LockFault {
  const fault = (message: string, offset = 0, hint?: string): LockFault => ({
    message,
    at: originAt(text, path, offset),
    ...(hint !== undefined && { hint }),
  });
  const conflict = /^<{7} /m.exec(text);
  if (conflict !== null) return fault("it contains a merge conflict", conflict.index);
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return fault("it is not JSON", jsonFaultAt(text));
  }
  const twice = duplicateName(text);
  if (twice !== undefined) return fault(`it has "${twice.name}" twice in one object`, twice.offset);
  if (!isObject(document) || !isObject(document.files)) return fault("it is not a lock of protoc-gen-bff");
  const { version } = document;
  if (![LOCK_VERSION, 2, 1].includes(version as number)) {
    const hint = Number(version) > LOCK_VERSION ? "update protoc-gen-bff: a newer version wrote the lock" : undefined;
    return fault(`it has version ${String(version)}, and the latest supported version is ${LOCK_VERSION}`, 0, hint);
  }
  const lock = new Map<string, Map<string, Locked>>();
  for (const [file, elements] of Object.entries(document.files)) {
    if (!isObject(elements)) return fault(`its entry for "${file}" is not an object`, offsetOf(text, file));
    const entries = new Map<string, Locked>();
    for (const [name, element] of Object.entries(elements)) {
      const locked = readElement(element);
      if (locked === undefined) return fault(`its entry for "${name}" is not complete`, offsetOf(text, name));
      entries.set(name, locked);
    }
    lock.set(file, entries);
  }
  return { lock, version: Number(version), edge: readEdge(document), elsewhere: readElsewhere(document.elsewhere) };
}

const readElsewhere = (elsewhere: unknown): Elsewhere =>
  new Map(
    Object.entries(isObject(elsewhere) ? elsewhere : {}).map(([file, project]) => [
      file,
      typeof project === "string" ? project : null,
    ]),
  );

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Values of facts that are words of a fixed list. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  streaming: ["none", "client", "server", "both"],
  cardinality: ["singular", "repeated", "map"],
  presence: ["implicit", "explicit", "required", "oneof"],
};
const FIELD = { number: "number", type: "string", cardinality: "string", presence: "string" } as const;
/** Required facts of each kind, with their types. */
const SHAPES: Readonly<Record<Facts["kind"], Readonly<Record<string, "string" | "number" | "object">>>> = {
  method: { request: "string", response: "string", streaming: "string", idempotency: "string" },
  message: {},
  field: FIELD,
  extension: FIELD,
  enum: { values: "object" },
  value: { number: "number" },
};

function readElement(element: unknown): Locked | undefined {
  if (!isObject(element)) return undefined;
  const { used_by: usedBy, vouched_by: vouchedBy = [], sets, reads, relies_on: reliesOn = [], ...facts } = element;
  if (!isTexts(usedBy) || !isTexts(vouchedBy) || !isFacts(facts)) return undefined;
  if (sets === undefined && reads === undefined) return { facts, usedBy, vouchedBy, exchange: undefined };
  if (!isTexts(sets) || !isTexts(reads) || !areReliances(reliesOn)) return undefined;
  return { facts, usedBy, vouchedBy, exchange: { sets, reads, reliesOn } };
}

const areReliances = (value: unknown): value is readonly Reliance[] =>
  isTexts(value) && value.every((reliance) => RELIANCES.some((known) => known === reliance));

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((item) => typeof item === "string");

/**
 * Returns true for the facts of an element, as a lock or a contract has them.
 *
 * @example
 * isFacts({ kind: "value", number: 1 }); // true
 */
export function isFacts(facts: Readonly<Record<string, unknown>>): facts is Readonly<Record<string, unknown>> & Facts {
  const { kind } = facts;
  if (typeof kind !== "string" || !Object.hasOwn(SHAPES, kind)) return false;
  if (["http", "oneof", "json_name", "default"].some((name) => name in facts && typeof facts[name] !== "string"))
    return false;
  return Object.entries(SHAPES[kind as Facts["kind"]]).every(
    ([name, type]) =>
      typeof facts[name] === type && facts[name] !== null && (WORDS[name]?.includes(String(facts[name])) ?? true),
  );
}

/** Returns the place of an element's name in the lock. */
export function placeOfEntry(text: string, path: string, name: string): Origin {
  return originAt(text, path, offsetOf(text, name));
}

const offsetOf = (text: string, name: string): number => Math.max(0, text.indexOf(JSON.stringify(name)));
