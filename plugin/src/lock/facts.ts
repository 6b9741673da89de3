// What the lock remembers of an upstream's element: all that callers rely on.
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

export type UpstreamElement = DescMethod | DescMessage | DescField | DescExtension | DescEnum | DescEnumValue;

/** Written as they are: the names are the lock's. */
export type Facts = MethodFacts | MessageFacts | FieldFacts | EnumFacts | ValueFacts;

interface Deprecable {
  /** Only ever true: left out otherwise. */
  readonly deprecated?: boolean;
}
export interface MethodFacts extends Deprecable {
  readonly kind: "method";
  readonly request: string;
  readonly response: string;
  readonly streaming: "none" | "client" | "server" | "both";
  readonly idempotency: string;
  /** How it is called over HTTP, where it is: "GET /v1/{name=shelves/*}". */
  readonly http?: string;
}
export interface MessageFacts extends Deprecable {
  readonly kind: "message";
}
export interface FieldFacts extends Deprecable {
  /** An extension's name is its own; a field's begins with that of its message. */
  readonly kind: "field" | "extension";
  readonly number: number;
  /** "int64", "agent.v1.Run", "map<string, agent.v1.Run>". */
  readonly type: string;
  readonly cardinality: "singular" | "repeated" | "map";
  readonly presence: "implicit" | "explicit" | "required" | "oneof";
}
export interface EnumFacts extends Deprecable {
  readonly kind: "enum";
  /** Every value, used or not: what is not among them is new. */
  readonly values: Readonly<Record<string, number>>;
}
export interface ValueFacts extends Deprecable {
  readonly kind: "value";
  readonly number: number;
}

/** Its name in the lock: "agent.v1.AgentService/GetSummary", "agent.v1.Summary.id", "agent.v1.Status.STATUS_IDLE". */
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

function fieldFacts(field: DescField | DescExtension): Pick<FieldFacts, "type" | "cardinality" | "presence"> {
  const presence =
    field.oneof !== undefined ? "oneof" : field.presence === Presence.LEGACY_REQUIRED ? "required" : own(field);
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

const own = (field: DescField | DescExtension) => (field.presence === Presence.EXPLICIT ? "explicit" : "implicit");
const scalar = (type: ScalarType): string => ScalarType[type].toLowerCase();
/** Groups are other bytes on the wire. */
const delimited = (field: DescField | DescExtension, type: string): string =>
  "delimitedEncoding" in field && field.delimitedEncoding ? `group ${type}` : type;

/** @param http how a method is called over HTTP; undefined: it is not */
export function withHttp(facts: Facts, http: string | undefined): Facts {
  if (facts.kind !== "method") return facts;
  const { http: _, ...others } = facts;
  return http === undefined ? others : { ...others, http };
}
