// Compares a response with the recorded one, in the fields that the consumer reads.
import { type DescField, equals, type Message } from "@bufbuild/protobuf";
import type { ReflectMessage, ScalarValue } from "@bufbuild/protobuf/reflect";
import type { Facts } from "protoc-gen-bff/compiler";
import type { Compare } from "./example.ts";

export interface Reading {
  /** Names of fields. */
  readonly reads: ReadonlySet<string>;
  /** Enum values that the consumer has, by the name of the enum. */
  readonly enums: ReadonlyMap<string, Extract<Facts, { kind: "enum" }>>;
  readonly compare: Compare;
}

/** Maximum number of differences that are reported for one response. */
const MOST_REPORTS = 10;
const MOST_SHOWN = 80;

/** Returns the differences, each as a sentence that begins with the path of the field. */
export function compareReply(recorded: ReflectMessage, now: ReflectMessage, reading: Reading): readonly string[] {
  const found: string[] = [];
  const report = (path: string, text: string): void => void found.push(`${path} ${text}`);
  compareMessage(recorded, now, "", reading, report);
  const more = found.length - MOST_REPORTS;
  return more > 0 ? [...found.slice(0, MOST_REPORTS), `and ${more} more`] : found;
}

type ReportDifference = (path: string, text: string) => void;

function compareMessage(
  was: ReflectMessage,
  is: ReflectMessage,
  path: string,
  reading: Reading,
  report: ReportDifference,
): void {
  for (const field of was.desc.fields) {
    if (!reading.reads.has(`${field.parent.typeName}.${field.name}`)) continue;
    compareField(field, was, is, path === "" ? field.name : `${path}.${field.name}`, reading, report);
  }
}

function compareField(
  field: DescField,
  was: ReflectMessage,
  is: ReflectMessage,
  path: string,
  reading: Reading,
  report: ReportDifference,
): void {
  const exact = reading.compare === "values";
  switch (field.fieldKind) {
    case "list": {
      const [old, now] = [[...was.get(field)], [...is.get(field)]];
      if (exact && old.length !== now.length) report(path, `has ${items(now.length)}, and had ${old.length}`);
      else if (old.length > 0 && now.length === 0) report(path, "is empty, and had items");
      else
        for (const [i, item] of now.entries())
          compareValue(field, exact ? old[i] : old[0], item, `${path}[${i}]`, reading, report);
      return;
    }
    case "map": {
      const [old, now] = [new Map(was.get(field)), new Map(is.get(field))];
      const [first] = old.values();
      if (!exact) {
        if (old.size > 0 && now.size === 0) report(path, "is empty, and had entries");
        else
          for (const [key, value] of now) compareValue(field, first, value, `${path}[${shown(key)}]`, reading, report);
        return;
      }
      for (const [key, value] of old)
        if (now.has(key)) compareValue(field, value, now.get(key), `${path}[${shown(key)}]`, reading, report);
        else report(`${path}[${shown(key)}]`, "is missing");
      for (const key of now.keys()) if (!old.has(key)) report(`${path}[${shown(key)}]`, "is there, and was not");
      return;
    }
    default: {
      const [old, now] = [was.isSet(field), is.isSet(field)];
      const hasPresence = field.presence !== IMPLICIT;
      if (hasPresence && old && !now) report(path, "is missing");
      else if (exact && hasPresence && !old && now) report(path, "is there, and was not");
      else if (now || !hasPresence) compareValue(field, was.get(field), is.get(field), path, reading, report);
    }
  }
}
/** `FeatureSet.FieldPresence.IMPLICIT` */
const IMPLICIT = 2;
const items = (count: number): string => `${count} item${count === 1 ? "" : "s"}`;

/** @param was undefined: nothing is known of it */
function compareValue(
  field: DescField,
  was: unknown,
  is: unknown,
  path: string,
  reading: Reading,
  report: ReportDifference,
): void {
  if (was === undefined) return;
  if (field.message !== undefined) {
    const [old, now] = [was, is] as [ReflectMessage, ReflectMessage];
    if (field.message.file.proto.package !== "google.protobuf") compareMessage(old, now, path, reading, report);
    else if (reading.compare === "values" && !equals(field.message, messageOf(old), messageOf(now)))
      report(path, "is another value than was recorded");
    return;
  }
  if (field.enum !== undefined) {
    const known = reading.enums.get(field.enum.typeName);
    if (known !== undefined && !Object.values(known.values).includes(is as number))
      report(path, `is ${shown(is)}, which is unknown to the consumer`);
    else if (reading.compare === "values" && was !== is)
      report(path, `is ${valueName(field, is)}, and was ${valueName(field, was)}`);
    return;
  }
  if (reading.compare === "values" && !isSame(was as ScalarValue, is as ScalarValue))
    report(path, `is ${shown(is)}, and was ${shown(was)}`);
}

/** Returns the message of a value. Reflection has no ReflectMessage for a wrapper or a Struct. */
const messageOf = (value: unknown): Message =>
  typeof value === "object" && value !== null && "message" in value
    ? (value as ReflectMessage).message
    : (value as Message);
const valueName = ({ enum: values }: DescField, number: unknown): string =>
  values?.values.find((value) => value.number === number)?.name ?? shown(number);
const isSame = (value: ScalarValue, other: ScalarValue): boolean =>
  value instanceof Uint8Array && other instanceof Uint8Array
    ? Buffer.compare(value, other) === 0
    : Object.is(value, other) || value === other;

function shown(value: unknown): string {
  const text = textOf(value);
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
}
function textOf(value: unknown): string {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
