// Messages with values of all kinds, the same for the same seed.
import { create, type DescField, type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";

/** mulberry32 */
export function numbers(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** Any, Struct, Value and ListValue are left unset, and so is what is too deep. */
export function randomMessage(desc: DescMessage, random: (below: number) => number, depth = 0): Message {
  if (desc.typeName === "google.protobuf.Timestamp" || desc.typeName === "google.protobuf.Duration")
    return create(desc, { seconds: BigInt(random(1_000_000)), nanos: random(1_000) * 1_000_000 });
  if (desc.typeName === "google.protobuf.FieldMask") return create(desc, { paths: ["a", "b.c_d"] });
  const values: Record<string, unknown> = {};
  const chosen = new Map(desc.oneofs.map((oneof) => [oneof, oneof.fields[random(oneof.fields.length)]]));
  for (const field of desc.fields) {
    if (field.oneof !== undefined && chosen.get(field.oneof) !== field) continue;
    const required = field.presence === FeatureSet_FieldPresence.LEGACY_REQUIRED;
    if (
      (random(4) === 0 && !required) ||
      (field.message !== undefined && (depth > 2 || SHAPELESS.test(field.message.typeName)))
    )
      continue;
    const make = (): unknown => valueFor(field, random, depth);
    const value =
      field.fieldKind === "list"
        ? [make(), make()]
        : field.fieldKind === "map"
          ? { [field.mapKey === ScalarType.STRING ? "k" : field.mapKey === ScalarType.BOOL ? "true" : "7"]: make() }
          : make();
    if (field.oneof === undefined) values[field.localName] = value;
    else values[field.oneof.localName] = { case: field.localName, value };
  }
  return create(desc, values);
}
const SHAPELESS = /^google\.protobuf\.(Any|Struct|Value|ListValue)$/;

function valueFor(field: DescField, random: (below: number) => number, depth: number): unknown {
  if (field.message !== undefined) {
    const wrapped =
      /^google\.protobuf\.(\w+)Value$/.test(field.message.typeName) &&
      field.fieldKind === "message" &&
      field.oneof === undefined;
    if (wrapped) return scalarOf(field.message.fields[0]?.scalar ?? ScalarType.STRING, random);
    return randomMessage(field.message, random, depth + 1);
  }
  if (field.enum !== undefined) {
    // An open enum also gets an unknown number.
    if (field.enum.open && random(5) === 0) return 12_345;
    return field.enum.values[random(field.enum.values.length)]?.number;
  }
  return scalarOf(field.scalar ?? ScalarType.STRING, random);
}

function scalarOf(scalar: ScalarType, random: (below: number) => number): unknown {
  switch (scalar) {
    case ScalarType.BOOL:
      return random(2) === 1;
    case ScalarType.STRING:
      return ["", "text", "ü 🙂", '"'][random(4)];
    case ScalarType.BYTES:
      return new Uint8Array([random(256), random(256)]);
    case ScalarType.FLOAT:
    case ScalarType.DOUBLE:
      return [0.5, -2, -0, Number.NaN, Number.POSITIVE_INFINITY][random(5)];
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return [0n, 9_223_372_036_854_775_807n, -9_223_372_036_854_775_808n][random(3)];
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return [0n, 18_446_744_073_709_551_615n][random(2)];
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return [0, 4_294_967_295][random(2)];
    default:
      return [0, 2_147_483_647, -2_147_483_648][random(3)];
  }
}
