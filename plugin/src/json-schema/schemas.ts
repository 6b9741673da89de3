// Messages and enums as JSON Schema (2020-12, as OpenAPI 3.1 has it), in the form that ProtoJSON gives them.
import { type DescEnum, type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence as Presence } from "@bufbuild/protobuf/wkt";
import type { ElementRules, RuledField, RuledMessage } from "../model/rules.ts";
import { commentOf } from "../text/comment.ts";
import { constraintsOf } from "./constraints.ts";
import { type Json, type JsonObject, only, unlessEmpty } from "./json.ts";
import { type LeftOut, NOTHING } from "./left-out.ts";
import { refusesZero } from "./refuses-zero.ts";

/** The effect of a failure on a field. */
interface FieldEffect {
  readonly field: string;
  readonly when: string;
  readonly becomes: string;
}

/** Facts about messages besides their descriptors. */
export interface SchemaSources {
  /** Usual and largest page for a field of a request that is a page size. */
  readonly pageSize: (field: DescField) => { readonly usual: number; readonly most: number } | undefined;
  readonly rules: (desc: DescMessage) => RuledMessage | undefined;
  /** Returns true for a message in a response, to which rules do not apply. */
  readonly isAnswered: (desc: DescMessage) => boolean;
  /** Returns the effects of failures on the fields of a message that is composed, or that is made of a composed one. */
  readonly degrades: (desc: DescMessage) => readonly FieldEffect[];
}

/** Collects the schemas that are referred to, each once, by their full names. */
export class Schemas {
  readonly #found = new Map<string, JsonObject>();
  readonly #known: SchemaSources;

  constructor(sources: SchemaSources) {
    this.#known = sources;
  }

  /** `components.schemas`. */
  all(): JsonObject {
    return Object.fromEntries([...this.#found].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
  add(name: string, schema: JsonObject): JsonObject {
    this.#found.set(name, schema);
    return { $ref: `#/components/schemas/${name}` };
  }

  /** @param _without fields inside of a reference are not left out */
  message(desc: DescMessage, _without?: LeftOut | undefined): JsonObject {
    const predefined = wellKnownSchema(desc.typeName);
    if (predefined !== undefined) return predefined;
    const name = desc.typeName;
    if (!this.#found.has(name)) {
      this.#found.set(name, {}); // of a message that holds itself
      this.#found.set(name, this.object(desc));
    }
    return { $ref: `#/components/schemas/${name}` };
  }
  enum(desc: DescEnum): JsonObject {
    if (desc.typeName === "google.protobuf.NullValue") return { type: "null" };
    if (!this.#found.has(desc.typeName)) {
      this.#found.set(desc.typeName, enumSchema(desc));
    }
    return { $ref: `#/components/schemas/${desc.typeName}` };
  }

  object(desc: DescMessage, without: LeftOut = NOTHING): JsonObject {
    const degrades = this.#known.degrades(desc);
    const isShown = (field: DescField): boolean => without.get(field)?.whole !== true;
    const fields = desc.fields.filter(isShown);
    const required = fields.filter((field) => this.isRequired(field, without));
    const groups = desc.oneofs.map(({ fields }) => fields.filter(isShown)).filter((members) => members.length > 1);
    const notes = [
      commentOf(desc),
      ...groups.map((members) => `At most one of ${members.map(({ jsonName }) => `\`${jsonName}\``).join(", ")}.`),
    ];
    return only({
      type: "object",
      description: unlessEmpty(notes.filter((note) => note !== undefined).join("\n\n")),
      properties: Object.fromEntries(
        fields.map((field) => {
          return [field.jsonName, this.field(field, this.#ruled(field)?.value, degrades, without.get(field)?.inside)];
        }),
      ),
      required: unlessEmpty(required.map(({ jsonName }) => jsonName)),
      deprecated: desc.proto.options?.deprecated === true ? true : undefined,
    });
  }

  /**
   * Returns true if a request without the field is refused. For a message that responses contain, too, only the proto's
   * own declaration counts. A message in which the server sets a field exists, and needs its other required fields.
   */
  isRequired(field: DescField, without: LeftOut = NOTHING): boolean {
    const { isSet = false, inside = NOTHING } = without.get(field) ?? {};
    if (isSet && field.message !== undefined)
      return field.message.fields.some((inner) => !inside.get(inner)?.whole && this.isRequired(inner, inside));
    if (field.presence === Presence.LEGACY_REQUIRED) return true;
    const ruled = this.#ruled(field);
    if (ruled === undefined || this.#known.isAnswered(field.parent)) return false;
    return ruled.required || refusesZero(field, ruled.value);
  }
  #ruled(field: DescField): RuledField | undefined {
    return this.#known.rules(field.parent)?.fields.find((ruled) => ruled.field === field);
  }
  /** One that stands outside of its message, in a path or a query. */
  parameter(field: DescField): JsonObject {
    return this.field(field, this.#ruled(field)?.value);
  }

  field(
    field: DescField,
    rules?: ElementRules | undefined,
    degrades: readonly FieldEffect[] = [],
    without?: LeftOut | undefined,
  ): JsonObject {
    const touched = degrades.filter(
      (ruled) => (ruled.field === field.name || ruled.field === field.oneof?.name) && ruled.becomes !== "within",
    );
    const notes = [
      commentOf(field),
      ...touched.map(({ when, becomes }) => `${MAY[becomes] ?? becomes} when \`${when}\` fails.`),
    ];
    return this.#annotated(
      this.#withPages(field, this.#value(field, rules, without)),
      only({
        description: unlessEmpty(notes.filter((note) => note !== undefined).join("\n\n")),
        deprecated: field.proto.options?.deprecated === true ? true : undefined,
        "x-bff-degrades": unlessEmpty(touched.map(({ when, becomes }): JsonObject => ({ when, becomes }))),
      }),
    );
  }
  /** Larger pages than the largest one are cut, so clients gain nothing by them. 64-bit integers are texts. */
  #withPages(field: DescField, schema: JsonObject): JsonObject {
    const size = this.#known.pageSize(field);
    if (size === undefined || schema.type !== "integer") return schema;
    const maximum = typeof schema.maximum === "number" ? Math.min(schema.maximum, size.most) : size.most;
    return { ...schema, minimum: 0, maximum, default: size.usual };
  }
  /** Beside `$ref` other words count in 3.1, too. */
  #annotated(schema: JsonObject, words: JsonObject): JsonObject {
    return { ...schema, ...words };
  }

  #value(field: DescField, rules: ElementRules | undefined, without: LeftOut | undefined): JsonObject {
    // Enums are names here, and numbers to rules.
    const ruled = (of: ElementRules | undefined): JsonObject => (field.enum === undefined ? constraintsOf(of) : {});
    const constraints = field.fieldKind === "list" || field.fieldKind === "map" ? constraintsOf(rules) : ruled(rules);
    switch (field.fieldKind) {
      case "list": {
        return { type: "array", items: { ...this.#single(field), ...ruled(rules?.items) }, ...constraints };
      }
      case "map": {
        const values = { ...this.#single(field), ...ruled(rules?.values) };
        return { type: "object", additionalProperties: values, ...constraints };
      }
      default:
        return { ...this.#single(field, without), ...constraints };
    }
  }
  #single(field: DescField, without?: LeftOut | undefined): JsonObject {
    if (field.message !== undefined) return this.message(field.message, without);
    if (field.enum !== undefined) return this.enum(field.enum);
    return scalarSchema(field.scalar ?? ScalarType.STRING);
  }
}

const MAY: Readonly<Record<string, string>> = {
  missing: "Missing",
  replaced: "Replaced by a fallback",
  incomplete: "Incomplete",
  stale: "Older than wanted",
};

/** The names of an enum. A value that a later version of an upstream adds is a number. */
export function enumSchema(desc: DescEnum): JsonObject {
  const named = enumNames(desc);
  return desc.open ? { anyOf: [named, { type: "integer", format: "int32" }] } : named;
}
export const enumNames = (desc: DescEnum): JsonObject =>
  only({ type: "string", enum: desc.values.map(({ name }) => name), description: commentOf(desc) });

const SIGNED_64 = "^-?[0-9]{1,19}$";
function scalarSchema(scalar: ScalarType): JsonObject {
  switch (scalar) {
    case ScalarType.BOOL:
      return { type: "boolean" };
    case ScalarType.STRING:
      return { type: "string" };
    case ScalarType.BYTES:
      return { type: "string", contentEncoding: "base64" };
    case ScalarType.FLOAT:
    case ScalarType.DOUBLE:
      return {
        anyOf: [
          { type: "number", format: scalar === ScalarType.FLOAT ? "float" : "double" },
          { type: "string", enum: ["NaN", "Infinity", "-Infinity"] },
        ],
      };
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return { type: "string", format: "int64", pattern: SIGNED_64 };
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return { type: "string", format: "uint64", pattern: "^[0-9]{1,20}$" };
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return { type: "integer", format: "uint32", minimum: 0, maximum: 4294967295 };
    default:
      return { type: "integer", format: "int32" };
  }
}

/** Returns the schema of a type that has a special form in ProtoJSON. */
export function wellKnownSchema(typeName: string): JsonObject | undefined {
  if (!typeName.startsWith("google.protobuf.")) return undefined;
  const name = typeName.slice("google.protobuf.".length);
  const wrapped = WRAPPED[name];
  if (wrapped !== undefined) return { anyOf: [scalarSchema(wrapped), { type: "null" }] };
  return WELL_KNOWN_SCHEMAS[name];
}
const WRAPPED: Readonly<Record<string, ScalarType>> = {
  BoolValue: ScalarType.BOOL,
  StringValue: ScalarType.STRING,
  BytesValue: ScalarType.BYTES,
  FloatValue: ScalarType.FLOAT,
  DoubleValue: ScalarType.DOUBLE,
  Int32Value: ScalarType.INT32,
  UInt32Value: ScalarType.UINT32,
  Int64Value: ScalarType.INT64,
  UInt64Value: ScalarType.UINT64,
};
const WELL_KNOWN_SCHEMAS: Readonly<Record<string, JsonObject>> = {
  Timestamp: { type: "string", format: "date-time" },
  Duration: { type: "string", pattern: "^-?[0-9]{1,12}(\\.[0-9]{1,9})?s$", examples: ["1.5s"] },
  FieldMask: { type: "string", examples: ["name,address.city"] },
  Struct: { type: "object", additionalProperties: true },
  Value: { description: "Any JSON value." },
  ListValue: { type: "array", items: true as Json },
  Empty: { type: "object" },
  Any: {
    type: "object",
    properties: { "@type": { type: "string" } },
    required: ["@type"],
    additionalProperties: true,
  },
};
