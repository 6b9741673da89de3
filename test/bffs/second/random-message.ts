// Messages out of nothing but a descriptor and a seed.
import { create, type DescField, type DescMessage, fromJson, ScalarType } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import {
  AnySchema,
  anyPack,
  type DurationSchema,
  FeatureSet_FieldPresence,
  ListValueSchema,
  StructSchema,
  TimestampSchema,
  ValueSchema,
} from "@bufbuild/protobuf/wkt";

/** From 0 to below 1; the same sequence for the same seed. */
export type Random = () => number;

/** mulberry32 over an FNV-1a hash of the parts. */
export function seeded(...parts: readonly (string | number | Uint8Array)[]): Random {
  let state = 2_166_136_261;
  for (const part of parts) {
    const bytes = part instanceof Uint8Array ? part : Buffer.from(`${part}\u0000`);
    for (const byte of bytes) state = Math.imul(state ^ byte, 16_777_619) >>> 0;
  }
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function below(random: Random, limit: number): number {
  return Math.floor(random() * limit);
}

export function pick<T>(random: Random, from: readonly T[]): T {
  const value = from[below(random, from.length)];
  if (value === undefined) throw new Error("nothing to pick from");
  return value;
}

const WORDS = ["", "amber", "birch", "copper", "dune", "émigré", "flint", "admin", "日本", "two words", "EUR", "USD"];

/** Fields that are unset or empty are as likely as in life; integers are small but for a few of more than 53 bits. */
export function randomMessage(desc: DescMessage, random: Random, depth = 0): ReflectMessage {
  switch (desc.typeName) {
    case "google.protobuf.Timestamp": {
      const at = reflect(desc as typeof TimestampSchema);
      const [seconds, nanos] = desc.fields;
      at.set(seconds!, BigInt(1_700_000_000 + below(random, 90_000_000)));
      at.set(nanos!, below(random, 3) * 250_000_000);
      return at;
    }
    case "google.protobuf.Duration": {
      const took = reflect(desc as typeof DurationSchema);
      took.set(desc.fields[0]!, BigInt(below(random, 2_000_000)));
      took.set(desc.fields[1]!, below(random, 2) * 500_000_000);
      return took;
    }
    case "google.protobuf.Any":
      return reflect(
        AnySchema,
        anyPack(TimestampSchema, create(TimestampSchema, { seconds: BigInt(below(random, 9)) })),
      );
    case "google.protobuf.Value":
      return reflect(
        ValueSchema,
        fromJson(ValueSchema, pick(random, [null, true, 0, -1.5, "", "word", [1, "two", [null]], { deep: { n: 1 } }])),
      );
    case "google.protobuf.ListValue":
      return reflect(ListValueSchema, fromJson(ListValueSchema, pick(random, [[], [1, "two", null], [[true], {}]])));
    case "google.protobuf.Struct":
      return reflect(
        StructSchema,
        fromJson(StructSchema, { word: pick(random, WORDS), list: [1, true, null], deep: { n: below(random, 9) } }),
      );
  }
  const message = reflect(desc, create(desc));
  for (const member of desc.members) {
    if (member.kind === "oneof") {
      if (random() < 0.75) setField(message, pick(random, member.fields), random, depth);
    } else setField(message, member, random, depth);
  }
  return message;
}

const DEEPEST = 4;

function setField(message: ReflectMessage, field: DescField, random: Random, depth: number): void {
  // Recursive messages end at this depth.
  if (field.message !== undefined && depth >= DEEPEST) return;
  switch (field.fieldKind) {
    case "list": {
      const list = message.get(field);
      const count = below(random, 5);
      for (let index = 0; index < count; index++) list.add(randomItem(field, random, depth));
      return;
    }
    case "map": {
      const map = message.get(field);
      const count = below(random, 4);
      for (let index = 0; index < count; index++)
        map.set(randomScalar(field.mapKey, field.name, random) as string | number, randomItem(field, random, depth));
      return;
    }
    case "message":
      if (random() < 0.8) message.set(field, randomMessage(field.message, random, depth + 1));
      return;
    default:
      if (field.presence === FeatureSet_FieldPresence.EXPLICIT && field.oneof === undefined && random() < 0.3) return;
      message.set(
        field,
        field.fieldKind === "enum" ? randomEnum(field.enum, random) : randomScalar(field.scalar, field.name, random),
      );
  }
}

function randomItem(field: DescField & { fieldKind: "list" | "map" }, random: Random, depth: number): unknown {
  const kind = field.fieldKind === "list" ? field.listKind : field.mapKind;
  if (kind === "message") return randomMessage(field.message as DescMessage, random, depth + 1);
  if (kind === "enum") return randomEnum(field.enum!, random);
  return randomScalar(field.scalar as ScalarType, field.name, random);
}

/** Now and then a number that this side does not know. */
function randomEnum(desc: NonNullable<DescField["enum"]>, random: Random): number {
  return desc.open && random() < 0.05 ? 99 : pick(random, desc.values).number;
}

function randomScalar(type: ScalarType, name: string, random: Random): string | number | bigint | boolean | Uint8Array {
  // Fields that are there for their type alone get the values at its edges.
  const edges = /^(f|by)_/.test(name) ? EDGES[type] : undefined;
  if (edges !== undefined && random() < 0.7) return pick(random, edges);
  switch (type) {
    case ScalarType.STRING:
      return randomText(name, random);
    case ScalarType.BOOL:
      return random() < 0.5;
    case ScalarType.BYTES:
      return Uint8Array.from({ length: below(random, 6) }, () => below(random, 256));
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return below(random, 4_000) / 8;
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      if (name === "sku" || name === "skus") return BigInt(1 + below(random, 30));
      return random() < 0.03 ? 9_007_199_254_740_993n : BigInt(below(random, 1_000));
    default:
      return below(random, 1_000);
  }
}

const INT32 = [0, -1, 2_147_483_647, -2_147_483_648];
const UINT32 = [0, 1, 4_294_967_295];
const INT64 = [0n, -1n, 9_007_199_254_740_993n, -9_007_199_254_740_993n, 2n ** 63n - 1n, -(2n ** 63n)];
const UINT64 = [0n, 1n, 9_007_199_254_740_993n, 2n ** 64n - 1n];
const EDGES: Readonly<Partial<Record<ScalarType, readonly (string | number | bigint | Uint8Array)[]>>> = {
  [ScalarType.DOUBLE]: [0, -0, Number.NaN, Number.POSITIVE_INFINITY, 1e308, 5e-324, 0.1],
  [ScalarType.FLOAT]: [0, -0, Number.NaN, Number.NEGATIVE_INFINITY, Math.fround(0.1), 16_777_217 - 1],
  [ScalarType.INT32]: INT32,
  [ScalarType.SINT32]: INT32,
  [ScalarType.SFIXED32]: INT32,
  [ScalarType.UINT32]: UINT32,
  [ScalarType.FIXED32]: UINT32,
  [ScalarType.INT64]: INT64,
  [ScalarType.SINT64]: INT64,
  [ScalarType.SFIXED64]: INT64,
  [ScalarType.UINT64]: UINT64,
  [ScalarType.FIXED64]: UINT64,
  [ScalarType.STRING]: ["", "__proto__", "constructor", "\u0000", "🚀 e\u0301"],
  [ScalarType.BYTES]: [new Uint8Array(), Uint8Array.of(0, 255, 128)],
};

/**
 * Returns a text by the name of its field. Ids are from small pools, so that different places request the same thing.
 */
function randomText(name: string, random: Random): string {
  const kind = /^(?:(\w+)_)?ids?$/.exec(name)?.[1];
  if (kind !== undefined) return `${kind.charAt(0)}${below(random, 20)}`;
  if (name === "id") return `i${below(random, 1_000)}`;
  return pick(random, WORDS);
}
