// Messages and enums as JSON Schema (2020-12, as OpenAPI 3.1 has it), in the form that ProtoJSON gives them.
import { type DescEnum, type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence as Presence } from "@bufbuild/protobuf/wkt";
import { getComments } from "@bufbuild/protoplugin";
import type { ElementRules, RuledField, RuledMessage } from "../model/rules.ts";
import type { Degraded } from "../report/rpcs/describe-degraded.ts";
import { constraintsOf } from "./constraints.ts";
import { type Json, type JsonObject, only, unlessEmpty } from "./json.ts";
import { refusesZero } from "./refuses-zero.ts";

/** Facts about messages besides their descriptors. */
export interface SchemaSources {
  /** Usual and largest page for a field of a request that is a page size. */
  readonly pageSize: (field: DescField) => { readonly usual: number; readonly most: number } | undefined;
  readonly rules: (desc: DescMessage) => RuledMessage | undefined;
  /** Returns true for a message in a response, to which rules do not apply. */
  readonly isAnswered: (desc: DescMessage) => boolean;
  /** Returns the effects of failures on the fields of a message that is composed, or that is made of a composed one. */
  readonly degrades: (desc: DescMessage) => readonly Degraded[];
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

  message(desc: DescMessage): JsonObject {
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
      const names = desc.values.map(({ name }) => name);
      const named = only({ type: "string", enum: names, description: commentOf(desc) });
      // A value that a later version of an upstream adds is a number.
      this.#found.set(desc.typeName, desc.open ? { anyOf: [named, { type: "integer", format: "int32" }] } : named);
    }
    return { $ref: `#/components/schemas/${desc.typeName}` };
  }

  /** @param without fields that stand elsewhere in a request */
  object(desc: DescMessage, without: ReadonlySet<DescField> = new Set()): JsonObject {
    const degrades = this.#known.degrades(desc);
    const fields = desc.fields.filter((field) => !without.has(field));
    const required = fields.filter((field) => this.isRequired(field));
    const groups = desc.oneofs.filter(({ fields: members }) => members.length > 1);
    const notes = [
      commentOf(desc),
      ...groups.map((oneof) => `At most one of ${oneof.fields.map(({ jsonName }) => `\`${jsonName}\``).join(", ")}.`),
    ];
    return only({
      type: "object",
      description: unlessEmpty(notes.filter((note) => note !== undefined).join("\n\n")),
      properties: Object.fromEntries(
        fields.map((field) => {
          return [field.jsonName, this.field(field, this.#ruled(field)?.value, degrades)];
        }),
      ),
      required: unlessEmpty(required.map(({ jsonName }) => jsonName)),
      deprecated: desc.proto.options?.deprecated === true ? true : undefined,
    });
  }

  /**
   * Returns true if a request without the field is refused. For a message that responses contain, too, only the proto's
   * own declaration counts.
   */
  isRequired(field: DescField): boolean {
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

  field(field: DescField, rules?: ElementRules | undefined, degrades: readonly Degraded[] = []): JsonObject {
    const touched = degrades.filter(
      (ruled) => (ruled.field === field.name || ruled.field === field.oneof?.name) && ruled.becomes !== "within",
    );
    const notes = [
      commentOf(field),
      ...touched.map(({ when, becomes }) => `${MAY[becomes] ?? becomes} when \`${when}\` fails.`),
    ];
    return this.#annotated(
      this.#withPages(field, this.#value(field, rules)),
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

  #value(field: DescField, rules: ElementRules | undefined): JsonObject {
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
        return { ...this.#single(field), ...constraints };
    }
  }
  #single(field: DescField): JsonObject {
    if (field.message !== undefined) return this.message(field.message);
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

/** Its leading comment, without what only tools read. */
export function commentOf(desc: Parameters<typeof getComments>[0]): string | undefined {
  const text = getComments(desc)
    .leading?.split("\n")
    .map((line) => line.trim())
    .filter((line) => !line.startsWith("buf:lint:"))
    .join("\n")
    .trim();
  return text === undefined || text === "" || /^(@exclude|protobff:)/.test(text) ? undefined : text;
}

const SIGNED_64 = "^-?[0-9]{1,19}$";
export function scalarSchema(scalar: ScalarType): JsonObject {
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
function wellKnownSchema(typeName: string): JsonObject | undefined {
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
