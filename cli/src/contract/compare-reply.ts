// Compares a response with the recorded one, in the fields that the consumer reads.
import { createRegistry, type DescField, type DescMessage, equals, type Message } from "@bufbuild/protobuf";
import type { ReflectMessage, ScalarValue } from "@bufbuild/protobuf/reflect";
import { jsonWriter } from "@protobff/runtime/internal/json/write-json";
import type { Facts } from "protoc-gen-bff/compiler";
import { type Compare, ownMessage } from "./example.ts";

export interface Reading {
  /** True for a field that is compared. */
  readonly reads: (field: DescField) => boolean;
  /** Enum values that the consumer has, by the name of the enum. */
  readonly enums: ReadonlyMap<string, Pick<Extract<Facts, { kind: "enum" }>, "values">>;
  readonly compare: Compare;
}

/** A value of a response that is not as recorded. */
export interface Difference {
  /** `runs[3].age`, `by_name["k"]` */
  readonly path: string;
  /** The path of all items and entries: `runs[*].age`. */
  readonly pattern: string;
  readonly expected: string;
  readonly received: string;
}

type Place = Pick<Difference, "path" | "pattern">;
interface Comparison extends Reading {
  readonly report: (place: Place, expected: string, received: string) => void;
}

const ROOT: Place = { path: "", pattern: "" };
const NONE = "none";
/** Maximum number of differences that are printed for one response. */
const MAX_REPORTS = 10;
const MAX_SHOWN_CHARACTERS = 80;

/** Returns the differences that `counts` accepts, each as a sentence that begins with the path of the field. */
export function compareReply(
  recorded: ReflectMessage,
  now: ReflectMessage,
  reading: Reading,
  counts: (difference: Difference) => boolean = () => true,
): readonly string[] {
  const found: string[] = [];
  let more = 0;
  eachDifference(recorded, now, reading, (difference) => {
    const { path, expected, received } = difference;
    if (!counts(difference)) return;
    if (found.length < MAX_REPORTS) found.push(`${path}: expected ${expected}, received ${received}`);
    else more++;
  });
  return more > 0 ? [...found, `and ${more} more`] : found;
}

/** Reports each difference of two responses, in the order of their fields. */
export function eachDifference(
  recorded: ReflectMessage,
  now: ReflectMessage,
  reading: Reading,
  report: (difference: Difference) => void,
): void {
  compareMessage(recorded, now, ROOT, {
    ...reading,
    report: (place, expected, received) => report({ ...place, expected, received }),
  });
}

function compareMessage(
  was: ReflectMessage,
  is: ReflectMessage,
  { path, pattern }: Place,
  comparison: Comparison,
): void {
  for (const field of was.desc.fields) {
    if (!comparison.reads(field)) continue;
    const dot = path === "" ? "" : ".";
    const place = { path: `${path}${dot}${field.name}`, pattern: `${pattern}${dot}${field.name}` };
    compareField(field, was, is, place, comparison);
  }
}

const inside = ({ path, pattern }: Place, key: unknown): Place => ({
  path: `${path}[${shown(key)}]`,
  pattern: `${pattern}[*]`,
});

function compareField(
  field: DescField,
  was: ReflectMessage,
  is: ReflectMessage,
  place: Place,
  comparison: Comparison,
): void {
  const { report } = comparison;
  const exact = comparison.compare === "values";
  switch (field.fieldKind) {
    case "list": {
      const [old, now] = [[...was.get(field)], [...is.get(field)]];
      if (exact && old.length !== now.length) report(place, items(old.length), items(now.length));
      else if (old.length > 0 && now.length === 0) report(place, "items", NONE);
      else
        for (const [i, item] of now.entries())
          compareValue(field, exact ? old[i] : old[0], item, inside(place, i), comparison);
      return;
    }
    case "map": {
      const [old, now] = [new Map(was.get(field)), new Map(is.get(field))];
      const [first] = old.values();
      if (!exact) {
        if (old.size > 0 && now.size === 0) report(place, "entries", NONE);
        else for (const [key, value] of now) compareValue(field, first, value, inside(place, key), comparison);
        return;
      }
      for (const [key, value] of old)
        if (now.has(key)) compareValue(field, value, now.get(key), inside(place, key), comparison);
        else report(inside(place, key), shownValue(field, value), NONE);
      for (const [key, value] of now) if (!old.has(key)) report(inside(place, key), NONE, shownValue(field, value));
      return;
    }
    default: {
      const [old, now] = [was.isSet(field), is.isSet(field)];
      const hasPresence = field.presence !== IMPLICIT;
      if (hasPresence && old && !now) report(place, shownValue(field, was.get(field)), NONE);
      else if (exact && hasPresence && !old && now) report(place, NONE, shownValue(field, is.get(field)));
      else if (now || !hasPresence) compareValue(field, was.get(field), is.get(field), place, comparison);
    }
  }
}
/** `FeatureSet.FieldPresence.IMPLICIT` */
const IMPLICIT = 2;
const items = (count: number): string => `${count} item${count === 1 ? "" : "s"}`;

/** @param was undefined: nothing is known of it */
function compareValue(field: DescField, was: unknown, is: unknown, place: Place, comparison: Comparison): void {
  if (was === undefined) return;
  const { enums, report } = comparison;
  const exact = comparison.compare === "values";
  if (field.message !== undefined) {
    if (ownMessage(field) !== undefined) compareMessage(was as ReflectMessage, is as ReflectMessage, place, comparison);
    else if (exact && !equals(field.message, messageOf(was), messageOf(is)))
      report(place, shownValue(field, was), shownValue(field, is));
    return;
  }
  const known = field.enum === undefined ? undefined : enums.get(field.enum.typeName);
  if (known !== undefined && !Object.values(known.values).includes(is as number))
    report(place, "a known value", shown(is));
  else if (exact && !isSame(was as ScalarValue, is as ScalarValue))
    report(place, shownValue(field, was), shownValue(field, is));
}

/** Returns the message of a value. Reflection has no ReflectMessage for a wrapper or a Struct. */
const messageOf = (value: unknown): Message =>
  typeof value === "object" && value !== null && "message" in value
    ? (value as ReflectMessage).message
    : (value as Message);
const isSame = (value: ScalarValue, other: ScalarValue): boolean =>
  value instanceof Uint8Array && other instanceof Uint8Array
    ? Buffer.compare(value, other) === 0
    : Object.is(value, other) || value === other;

function shownValue(field: DescField, value: unknown): string {
  // A message may have fields that must not be printed.
  if (ownMessage(field) !== undefined) return "a message";
  if (field.message !== undefined) return cut(textOf(field.message, messageOf(value)));
  return field.enum?.values.find(({ number }) => number === value)?.name ?? shown(value);
}

/** Returns the JSON of a message of google.protobuf, or else its type: an Any has no JSON without its registry. */
function textOf(desc: DescMessage, message: Message): string {
  try {
    return jsonWriter(desc, NO_TYPES)(message);
  } catch {
    return desc.typeName;
  }
}

const NO_TYPES = createRegistry();

function shown(value: unknown): string {
  if (value instanceof Uint8Array) return cut(`base64 ${Buffer.from(value).toString("base64")}`);
  return cut(typeof value === "string" ? JSON.stringify(value) : String(value));
}
const cut = (text: string): string =>
  text.length > MAX_SHOWN_CHARACTERS ? `${text.slice(0, MAX_SHOWN_CHARACTERS)}…` : text;
