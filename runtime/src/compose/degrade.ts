import { create, type DescMessage } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import {
  type Degradation,
  DegradationSchema,
  Degradation_Effect as Effect,
} from "@protobff/messages/bff/v1/degradation_pb.js";
import type { Failure } from "../failure.ts";
import { type Cause, type Touch, worse } from "../scope/causes.ts";
import { fieldValue } from "../selection/field-value.ts";
import { ALL_FIELDS, type Selection } from "../selection/selection.ts";

/** Degradation facts of a response. */
export interface Degraded {
  /** One entry for each touched field, ordered by field number. Many of the same kind in one list are one entry. */
  readonly entries: Degradation[];
  /** The failure behind each entry, in their order. */
  readonly failures: readonly Failure[];
  /** Value of the header `bff-degraded`; "" if no field of the response was touched. */
  readonly header: string;
}

/** Place of a message in the response. The same message may have several places. */
export interface Place {
  readonly desc: DescMessage;
  readonly path: string; // "runs[3]."
  readonly folded: string; // "runs[*]."
  readonly order: readonly number[]; // field number, index, field number, …
}

const HEADER_BYTES = 1024;
/** Maximum number of entries that differ only in list positions or map keys. More of them become one entry. */
const MAX_ALIKE = 8;

/** A field that a failure has touched. */
export interface TouchedField {
  readonly entry: Degradation;
  readonly failure: Failure;
  /** The path without positions and keys. */
  readonly folded: string;
  /** Field number, index, field number, … */
  readonly order: readonly number[];
}

/**
 * Converts touched fields of message objects to paths in the finished response.
 *
 * @param declared response type of clients, if it is another message than the composed one. Fields that only the
 *   composed message has are left out
 * @param shown the fields that the client receives
 */
export function degraded(
  desc: DescMessage,
  response: object,
  touches: readonly Touch[],
  declared: DescMessage = desc,
  shown: Selection = ALL_FIELDS,
): Degraded {
  const numbers = numbersOf(declared);
  const places = placesIn(desc, response, declared, numbers);
  const found = new Map<string, TouchedField & { readonly cause: Cause }>();
  for (const touch of touches) {
    for (const at of places.get(touch.message) ?? []) {
      const field = at.desc.fields.find((field) => field.name === touch.field);
      const path = `${at.path}${touch.field}`;
      const { cause } = touch;
      const number = at.path === "" ? numbers.get(touch.field) : field?.number;
      if (field === undefined || number === undefined || !shows(shown, `${at.folded}${touch.field}`)) continue;
      if (worse(found.get(path)?.cause, cause) !== cause) continue;
      const { reason, upstream } = cause.failure;
      const age = cause.staleMs === undefined ? undefined : durationFromMs(Math.round(cause.staleMs));
      const entry = create(DegradationSchema, {
        path,
        effect: effectOf(touch),
        reason,
        upstream,
        ...(age && { age }),
      });
      found.set(path, {
        entry,
        cause,
        failure: cause.failure,
        folded: `${at.folded}${touch.field}`,
        order: [...at.order, number],
      });
    }
  }
  return degradedFields([...found.values()]);
}

/** Returns the degradations of touched fields. */
export function degradedFields(found: TouchedField[]): Degraded {
  const sorted = foldAlike(found.sort((a, b) => compare(a.order, b.order)));
  return {
    entries: sorted.map(({ entry }) => entry),
    failures: sorted.map(({ failure }) => failure),
    header: headerOf([...new Set(sorted.map(({ folded }) => folded))]),
  };
}

/** Returns the degradations of a response and those that were found later. Undefined: there are none. */
export function bothDegraded(first: Degraded | undefined, second: Degraded | undefined): Degraded | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  return {
    entries: [...first.entries, ...second.entries],
    failures: [...first.failures, ...second.failures],
    header: joinedHeaders(first.header, second.header),
  };
}

/** Joins two values of the header `bff-degraded`, either of them "" for none. */
export function joinedHeaders(first: string, second: string): string {
  const paths = new Set(`${first},${second}`.split(",").filter((path) => path !== ""));
  const rests = [...paths].filter((path) => path.startsWith("+"));
  for (const rest of rests) paths.delete(rest);
  return headerOf(
    [...paths],
    rests.reduce((sum, rest) => sum + Number(rest), 0),
  );
}

/** Returns the places of each message in a response. */
export function placesIn(
  desc: DescMessage,
  response: object,
  declared: DescMessage,
  numbers = numbersOf(declared),
): Map<object, Place[]> {
  const places = new Map<object, Place[]>();
  place(response, { desc, path: "", folded: "", order: [] }, places, numbers);
  return places;
}
/** Returns true if a selection contains the field at a path without positions and keys, such as `runs[*].title`. */
export function shows(selection: Selection, folded: string): boolean {
  let inside = selection;
  for (const part of inside.whole ? [] : folded.split(".")) {
    const name = part.replace("[*]", "");
    if (!inside.has(name)) return false;
    inside = inside.of(name);
  }
  return true;
}
function numbersOf({ fields }: DescMessage): ReadonlyMap<string, number> {
  return new Map(fields.map(({ name, number }) => [name, number]));
}

/**
 * Folds entries that differ in positions and keys only, if they are many. One entry with their number replaces the
 * first.
 */
function foldAlike(sorted: readonly TouchedField[]): readonly TouchedField[] {
  if (sorted.length <= MAX_ALIKE) return sorted;
  const groups = new Map<string, TouchedField[]>();
  for (const found of sorted) {
    const { effect, reason, upstream, age } = found.entry;
    const kind = `${found.folded} ${effect} ${reason} ${upstream} ${age?.seconds} ${age?.nanos}`;
    const group = groups.get(kind);
    if (group === undefined) groups.set(kind, [found]);
    else group.push(found);
  }
  const inPlace = new Map<TouchedField, TouchedField | undefined>();
  for (const [first, ...rest] of groups.values()) {
    if (first === undefined || rest.length < MAX_ALIKE) continue;
    const entry = create(DegradationSchema, { ...first.entry, path: first.folded, count: rest.length + 1 });
    inPlace.set(first, { ...first, entry });
    for (const other of rest) inPlace.set(other, undefined);
  }
  return sorted.flatMap((found) => (inPlace.has(found) ? (inPlace.get(found) ?? []) : found));
}

function effectOf({ cause, present }: Touch): Effect {
  if (cause.staleMs !== undefined) return Effect.STALE;
  if (!present) return Effect.MISSING;
  return cause.incomplete ? Effect.INCOMPLETE : Effect.REPLACED;
}

/** @param numbers of the fields that count, by their names; if undefined, all fields count */
function place(message: unknown, at: Place, places: Map<object, Place[]>, numbers?: ReadonlyMap<string, number>): void {
  // Well-known types have special shapes in TypeScript, and are never composed.
  if (typeof message !== "object" || message === null || at.desc.typeName.startsWith("google.protobuf.")) return;
  const known = places.get(message);
  if (known === undefined) places.set(message, [at]);
  else known.push(at);
  for (const field of at.desc.fields) {
    const desc = field.message;
    const number = numbers === undefined ? field.number : numbers.get(field.name);
    if (desc === undefined || number === undefined) continue;
    const value = fieldValue(message, field);
    if (typeof value !== "object" || value === null) continue;
    const path = `${at.path}${field.name}`;
    const folded = `${at.folded}${field.name}`;
    if (field.fieldKind === "message") {
      place(value, { desc, path: `${path}.`, folded: `${folded}.`, order: [...at.order, number] }, places);
      continue;
    }
    const quoted = field.fieldKind === "map" && field.mapKey === STRING;
    for (const [i, [key, item]] of Object.entries(value).entries()) {
      const index = quoted ? JSON.stringify(key) : key;
      const order = [...at.order, number, i];
      place(item, { desc, path: `${path}[${index}].`, folded: `${folded}[*].`, order }, places);
    }
  }
}
const STRING = 9; // ScalarType.STRING

function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/**
 * Returns the paths, comma-separated. If they do not fit, it returns as many as fit, and then `+N` for the rest.
 *
 * @param others number of further paths, which are unknown
 */
function headerOf(paths: readonly string[], others = 0): string {
  const whole = paths.join(",");
  if (others === 0 && whole.length <= HEADER_BYTES) return whole;
  let text = "";
  for (const [i, path] of paths.entries()) {
    const longer = text === "" ? path : `${text},${path}`;
    const rest = `+${paths.length - i + others}`;
    if (`${longer},+${paths.length + others}`.length > HEADER_BYTES) return text === "" ? rest : `${text},${rest}`;
    text = longer;
  }
  return others === 0 ? text : `${text},+${others}`;
}
