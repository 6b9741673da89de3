import type { DescEnum, DescMessage } from "@bufbuild/protobuf";
import { reachable } from "../graph/graph.ts";
import { type JsonObject, only, unlessEmpty } from "./json.ts";
import { type LeftOut, NOTHING } from "./left-out.ts";
import { enumNames, enumSchema, type SchemaSources, Schemas, wellKnownSchema } from "./schemas.ts";

const OBJECTS = /^google\.protobuf\.(Struct|Any|Empty)$/;

/** Returns true if ProtoJSON writes a message as an object. */
export const isJsonObject = ({ typeName }: DescMessage): boolean =>
  wellKnownSchema(typeName) === undefined || OBJECTS.test(typeName);

/** Number of fields above which messages are not repeated: each level of messages multiplies it. */
const MAX_INLINED = 10_000;

/** Writes each type where it is used. Only types that contain themselves are in `$defs`, or all of a huge message. */
export class InlineSchemas extends Schemas {
  readonly #defs = new Map<string, JsonObject>();
  readonly #closed: boolean;
  #isHuge = false;

  /** @param closed true for requests: objects have no other members, and enums no other values */
  constructor(sources: SchemaSources, closed: boolean) {
    super(sources);
    this.#closed = closed;
  }

  /** Returns the whole schema of a message, which is an object. */
  root(desc: DescMessage, without: LeftOut = NOTHING): JsonObject {
    this.#isHuge = inlinedFields(desc) > MAX_INLINED;
    const schema = wellKnownSchema(desc.typeName) === undefined ? this.object(desc, without) : this.message(desc);
    return withoutFormats(only({ ...schema, $defs: unlessEmpty(Object.fromEntries(this.#defs)) }));
  }

  override message(desc: DescMessage, without: LeftOut = NOTHING): JsonObject {
    const predefined = wellKnownSchema(desc.typeName);
    if (predefined !== undefined)
      return desc.typeName === "google.protobuf.Empty" ? this.#close(predefined) : predefined;
    const name = desc.typeName;
    if (without.size > 0 || !(this.#isHuge || isRecursive(desc))) return this.object(desc, without);
    if (!this.#defs.has(name)) {
      this.#defs.set(name, {}); // of a message that contains itself
      this.#defs.set(name, this.object(desc));
    }
    return { $ref: `#/$defs/${name}` };
  }

  override object(desc: DescMessage, without: LeftOut = NOTHING): JsonObject {
    return this.#close(super.object(desc, without));
  }

  override enum(desc: DescEnum): JsonObject {
    if (desc.typeName === "google.protobuf.NullValue") return super.enum(desc);
    return this.#closed ? enumNames(desc) : enumSchema(desc);
  }

  #close(schema: JsonObject): JsonObject {
    return this.#closed ? { ...schema, additionalProperties: false } : schema;
  }
}

/** Formats of OpenAPI. Validators of JSON Schema report them as unknown, and they cost a model tokens. */
const OF_OPENAPI = new Set<unknown>(["int32", "int64", "uint32", "uint64", "float", "double"]);

const withoutFormats = (schema: JsonObject): JsonObject =>
  JSON.parse(
    JSON.stringify(schema, (name, value: unknown) => (name === "format" && OF_OPENAPI.has(value) ? undefined : value)),
  );

function isRecursive(desc: DescMessage): boolean {
  const inside = (message: DescMessage): readonly DescMessage[] =>
    message.fields.flatMap(({ message }) => message ?? []);
  return reachable(inside(desc), inside).includes(desc);
}

/** Returns the number of fields of a message with every message inside of it, where each is used. */
function inlinedFields(root: DescMessage): number {
  const known = new Map<DescMessage, number>();
  const count = (desc: DescMessage): number => {
    const before = known.get(desc);
    if (before !== undefined) return before;
    known.set(desc, 0); // of a message that contains itself
    const inside = desc.fields.map(({ message }) => (message === undefined ? 0 : count(message)));
    const sum = inside.reduce((total, fields) => total + 1 + fields, 0);
    known.set(desc, sum);
    return sum;
  };
  return count(root);
}
