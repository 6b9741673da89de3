// Facts that the lock records of an upstream's element: all that callers rely on.
import {
  type DescEnum,
  type DescEnumValue,
  type DescExtension,
  type DescField,
  type DescMessage,
  type DescMethod,
  ScalarType,
} from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel as Level, FeatureSet_FieldPresence as Presence } from "@bufbuild/protobuf/wkt";

/** An element of upstream protos that a lock can record. */
export type UpstreamElement = DescMethod | DescMessage | DescField | DescExtension | DescEnum | DescEnumValue;

/** Written as they are: the names are the lock's. */
export type Facts = MethodFacts | MessageFacts | FieldFacts | EnumFacts | ValueFacts;

interface Deprecable {
  /** Only ever true: left out otherwise. */
  readonly deprecated?: boolean;
}
/** Facts of a method. */
export interface MethodFacts extends Deprecable {
  readonly kind: "method";
  readonly request: string;
  readonly response: string;
  readonly streaming: "none" | "client" | "server" | "both";
  readonly idempotency: string;
  /** HTTP path of the method, if it is called over HTTP: "GET /v1/{name=shelves/*}". */
  readonly http?: string;
}
interface MessageFacts extends Deprecable {
  readonly kind: "message";
}
/** Facts of a field, or of an extension. */
export interface FieldFacts extends Deprecable {
  /** An extension's name is its own; a field's begins with that of its message. */
  readonly kind: "field" | "extension";
  readonly number: number;
  /** "int64", "agent.v1.Run", "map<string, agent.v1.Run>". */
  readonly type: string;
  readonly cardinality: "singular" | "repeated" | "map";
  readonly presence: "implicit" | "explicit" | "required" | "oneof";
  /** The oneof that it is a member of. */
  readonly oneof?: string;
  /** JSON name; only if it is not the default one. */
  readonly json_name?: string;
  /** Value of the unset field, as text; only if the proto declares it, or if an enum's first value is not 0 (proto2). */
  readonly default?: string;
}
interface EnumFacts extends Deprecable {
  readonly kind: "enum";
  /** All values, used or not: any other value is new. */
  readonly values: Readonly<Record<string, number>>;
}
interface ValueFacts extends Deprecable {
  readonly kind: "value";
  readonly number: number;
}

/**
 * Its name in the lock: "agent.v1.AgentService/GetSummary", "agent.v1.Summary.id", "agent.v1.Status.STATUS_IDLE".
 *
 * @example
 * elementName(summary.field.id); // "agent.v1.Summary.id"
 */
export function elementName(element: UpstreamElement): string {
  switch (element.kind) {
    case "rpc":
      return `${element.parent.typeName}/${element.name}`;
    case "field":
    case "enum_value":
      return `${element.parent.typeName}.${element.name}`;
    default:
      return element.typeName;
  }
}

/**
 * Returns the facts of an upstream element that the lock records.
 *
 * @example
 * factsOf(AgentService.method.getSummary).kind; // "method"
 */
export function factsOf(element: UpstreamElement): Facts {
  const deprecated =
    element.deprecated || (element.kind === "rpc" && element.parent.deprecated) ? { deprecated: true } : {};
  switch (element.kind) {
    case "rpc":
      return {
        kind: "method",
        request: element.input.typeName,
        response: element.output.typeName,
        streaming: STREAMING[element.methodKind],
        idempotency: Level[element.idempotency],
        ...deprecated,
      };
    case "message":
      return { kind: "message", ...deprecated };
    case "field":
    case "extension":
      return { kind: element.kind, number: element.number, ...fieldFacts(element), ...deprecated };
    case "enum": {
      const values = [...element.values].sort((a, b) => a.number - b.number || (a.name < b.name ? -1 : 1));
      return {
        kind: "enum",
        values: Object.fromEntries(values.map(({ name, number }) => [name, number])),
        ...deprecated,
      };
    }
    case "enum_value":
      return { kind: "value", number: element.number, ...deprecated };
  }
}

const STREAMING = {
  unary: "none",
  client_streaming: "client",
  server_streaming: "server",
  bidi_streaming: "both",
} as const;

type Shape = Pick<FieldFacts, "type" | "cardinality" | "presence">;

function fieldFacts(field: DescField | DescExtension): Omit<FieldFacts, "kind" | "number"> {
  const unset = field.proto.defaultValue || firstOfEnum(field);
  return {
    ...shapeOf(field),
    ...(field.oneof !== undefined && { oneof: field.oneof.name }),
    ...(field.kind === "field" && field.jsonName !== jsonName(field.name) && { json_name: field.jsonName }),
    ...(unset !== "" && { default: unset }),
  };
}

/** Returns the name of the value that an unset field of a closed enum has; empty if its number is 0. */
function firstOfEnum({ fieldKind, enum: values }: DescField | DescExtension): string {
  const first = fieldKind === "enum" ? values?.values[0] : undefined;
  return first === undefined || first.number === 0 ? "" : first.name;
}

/** Returns the JSON name that protoc derives from a field's name. */
export const jsonName = (name: string): string =>
  name.replace(/_+(.?)/g, (_, next: string) => next.replace(/[a-z]/, (letter) => letter.toUpperCase()));

function shapeOf(field: DescField | DescExtension): Shape {
  const presence = presenceOf(field);
  switch (field.fieldKind) {
    case "map": {
      const value = field.mapKind === "scalar" ? scalar(field.scalar) : (field.message ?? field.enum).typeName;
      return { type: `map<${scalar(field.mapKey)}, ${value}>`, cardinality: "map", presence };
    }
    case "list": {
      const element = field.listKind === "scalar" ? scalar(field.scalar) : (field.message ?? field.enum).typeName;
      return { type: delimited(field, element), cardinality: "repeated", presence };
    }
    case "scalar":
      return { type: scalar(field.scalar), cardinality: "singular", presence };
    case "enum":
      return { type: field.enum.typeName, cardinality: "singular", presence };
    case "message":
      return { type: delimited(field, field.message.typeName), cardinality: "singular", presence };
  }
}

function presenceOf(field: DescField | DescExtension): Shape["presence"] {
  if (field.oneof !== undefined) return "oneof";
  if (field.presence === Presence.LEGACY_REQUIRED) return "required";
  return field.presence === Presence.EXPLICIT ? "explicit" : "implicit";
}

const scalar = (type: ScalarType): string => ScalarType[type].toLowerCase();
/** Groups are other bytes on the wire. */
const delimited = (field: DescField | DescExtension, type: string): string =>
  "delimitedEncoding" in field && field.delimitedEncoding ? `group ${type}` : type;

/**
 * Returns the facts of a method with its HTTP mapping; facts of other elements are returned as they are.
 *
 * @param http how the method is called over HTTP; undefined: it is not
 *
 * @example
 * const facts = withHttp(factsOf(method), "GET /v1/agents/{id}");
 */
export function withHttp(facts: Facts, http: string | undefined): Facts {
  if (facts.kind !== "method") return facts;
  const { http: _, ...others } = facts;
  return http === undefined ? others : { ...others, http };
}

/**
 * Adds the facts that an earlier version of the lock lacked, with today's values, because the former values are not
 * recorded.
 */
export function learned(known: Facts, now: Facts, version: number): Facts {
  if ((known.kind !== "field" && known.kind !== "extension") || now.kind !== known.kind) return known;
  const { oneof, json_name, default: unset } = now;
  const withDefault = { ...known, ...(unset !== undefined && { default: unset }) };
  // Version 2 lacked the defaults of enums alone.
  if (version > 1) return known.default === undefined && known.type === now.type ? withDefault : known;
  const inOneof = known.presence === "oneof" && oneof !== undefined;
  return {
    ...withDefault,
    ...(inOneof && { oneof }),
    ...(json_name !== undefined && { json_name }),
  };
}
