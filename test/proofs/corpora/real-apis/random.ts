// Creates random messages as @grpc/proto-loader takes them (maps as lists of entries, as descriptors have them), with
// their JSON by the spec. Neither uses protobuf-es's messages.
import { type DescEnum, type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";

const { IMPLICIT } = FeatureSet_FieldPresence;

export type Random = () => number;
export type Plain = { readonly [field: string]: unknown };

/** mulberry32 */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
const below = (random: Random, end: number): number => Math.floor(random() * end);
const pick = <T>(random: Random, items: readonly T[]): T => items[below(random, items.length)] as T;

const TEXTS = ["a", "projects/p/topics/t", "ü€𝄞", " x ", "0", "line\nline", "true"];
const LONGS = ["1", "-1", "9007199254740993", "9223372036854775807", "-9223372036854775808", "42"];
const ULONGS = ["1", "9007199254740993", "18446744073709551615", "42"];

/** Fields are left out now and then; what has no presence is never its default, which would be as good as left out. */
export function randomMessage(desc: DescMessage, random: Random, depth = 0): Plain {
  const known = wellKnown(desc, random, depth);
  if (known !== undefined) return known;
  const message: Record<string, unknown> = {};
  const chosen = new Map(desc.oneofs.map((oneof) => [oneof, random() < 0.2 ? undefined : pick(random, oneof.fields)]));
  for (const field of desc.fields) {
    if (field.oneof !== undefined ? chosen.get(field.oneof) !== field : random() < 0.3) continue;
    if (field.message !== undefined && depth > 4) continue;
    if (field.enum?.values.every(({ number }) => number === 0) && field.presence === IMPLICIT) continue;
    const makeValue = (): unknown => randomValue(field, random, depth);
    if (field.fieldKind === "list") message[field.name] = Array.from({ length: 1 + below(random, 3) }, makeValue);
    else if (field.fieldKind === "map")
      message[field.name] = [...new Set([randomKey(field.mapKey, random), randomKey(field.mapKey, random)])].map(
        (key) => ({
          key,
          value: makeValue(),
        }),
      );
    else message[field.name] = makeValue();
  }
  return message;
}

function randomKey(key: ScalarType, random: Random): string {
  return key === ScalarType.STRING
    ? pick(random, ["k", "__proto__x", "a b", "constructor"])
    : `${1 + below(random, 9)}`;
}
function randomValue(field: DescField, random: Random, depth: number): unknown {
  if (field.message !== undefined) return randomMessage(field.message, random, depth + 1);
  if (field.enum !== undefined) return randomEnum(field.enum, random);
  return randomScalar(field.scalar ?? ScalarType.STRING, random);
}
function randomEnum({ values }: DescEnum, random: Random): number {
  const set = values.filter(({ number }) => number !== 0);
  return set.length === 0 ? 0 : pick(random, set).number;
}
function randomScalar(scalar: ScalarType, random: Random): unknown {
  switch (scalar) {
    case ScalarType.STRING:
      return pick(random, TEXTS);
    case ScalarType.BOOL:
      return true;
    case ScalarType.BYTES:
      return Buffer.from([below(random, 256), 255, 0, 62].slice(0, 1 + below(random, 4)));
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return pick(random, [0.5, -1.25, 1024, 3.75]);
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return pick(random, LONGS);
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return pick(random, ULONGS);
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return pick(random, [1, 4294967295, 300]);
    default:
      return pick(random, [1, -1, 2147483647, -2147483648, 300]);
  }
}

/** Returns messages whose JSON has further rules than their fields. */
function wellKnown({ typeName }: DescMessage, random: Random, depth: number): Plain | undefined {
  switch (typeName) {
    case "google.protobuf.Timestamp":
    case "google.protobuf.Duration":
      return { seconds: String(1 + below(random, 2 ** 31)), nanos: (1 + below(random, 999)) * 1_000_000 };
    case "google.protobuf.FieldMask":
      return { paths: ["name", "labels.some_key", "a_b_c"].slice(0, 1 + below(random, 3)) };
    case "google.protobuf.Any":
      // google.protobuf.Duration of 5 s
      return { type_url: "type.googleapis.com/google.protobuf.Duration", value: Buffer.from([8, 5]) };
    case "google.protobuf.Value":
      return pick<Plain>(random, [
        { string_value: "s" },
        { number_value: 1.5 },
        { bool_value: true },
        { null_value: 0 },
        ...(depth > 4 ? [] : [{ list_value: { values: [{ string_value: "x" }, { number_value: 2 }] } }]),
      ]);
    case "google.protobuf.Struct":
      return {
        fields: [
          { key: "a", value: { string_value: "s" } },
          { key: "b", value: { number_value: -2.5 } },
        ],
      };
    case "google.protobuf.ListValue":
      return { values: [{ bool_value: true }, { string_value: "y" }] };
    default:
      return undefined;
  }
}

/** Returns a parsed message with maps as objects, because entries have no order. */
export function settled(desc: DescMessage, message: Plain): Plain {
  const rows = desc.fields.flatMap((field): [string, unknown][] => {
    const value = message[field.name];
    if (value === undefined || value === null) return [];
    const convert = (item: unknown): unknown =>
      field.message === undefined ? item : settled(field.message, (item ?? {}) as Plain);
    if (field.fieldKind === "list") return [[field.name, (value as readonly unknown[]).map(convert)]];
    if (field.fieldKind !== "map") return [[field.name, convert(value)]];
    const entries = value as readonly { readonly key: unknown; readonly value: unknown }[];
    return [[field.name, Object.fromEntries(entries.map(({ key, value }) => [String(key), convert(value)]))]];
  });
  return Object.fromEntries(rows);
}

/** ProtoJSON of a settled message as proto-loader reads it (keepCase, 64 bits as strings, enums as numbers, no defaults). */
export function jsonOf(desc: DescMessage, message: Plain): unknown {
  const known = wellKnownJson(desc, message);
  if (known !== undefined) return known.json;
  const json: Record<string, unknown> = {};
  for (const field of desc.fields) {
    const value = message[field.name];
    if (value === undefined || value === null) continue;
    if (field.fieldKind === "list") {
      const items = value as readonly unknown[];
      if (items.length > 0) json[field.jsonName] = items.map((item) => jsonOfValue(field, item));
    } else if (field.fieldKind === "map") {
      const entries = Object.entries(value);
      if (entries.length > 0)
        json[field.jsonName] = Object.fromEntries(entries.map(([key, item]) => [key, jsonOfValue(field, item)]));
    } else json[field.jsonName] = jsonOfValue(field, value);
  }
  return json;
}
function jsonOfValue(field: DescField, value: unknown): unknown {
  if (field.message !== undefined) return jsonOf(field.message, value as Plain);
  if (field.enum !== undefined) return field.enum.value[value as number]?.name ?? value;
  return Buffer.isBuffer(value) ? value.toString("base64") : value;
}
const millis = ({ nanos = 0 }: { nanos?: number }): string =>
  nanos === 0 ? "" : `.${String(nanos / 1_000_000).padStart(3, "0")}`;

function wellKnownJson({ typeName, fields }: DescMessage, message: Plain): { readonly json: unknown } | undefined {
  switch (typeName) {
    case "google.protobuf.Timestamp":
      return { json: new Date(Number(message.seconds) * 1000).toISOString().replace(/\.000Z$/, `${millis(message)}Z`) };
    case "google.protobuf.Duration":
      return { json: `${message.seconds}${millis(message)}s` };
    case "google.protobuf.FieldMask": {
      const camel = (path: string): string => path.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
      return { json: (message.paths as readonly string[]).map(camel).join(",") };
    }
    case "google.protobuf.Any":
      return { json: { "@type": message.type_url, value: "5s" } };
    case "google.protobuf.Value":
      return { json: plainJson(message) };
    case "google.protobuf.Struct":
      return { json: structJson(message) };
    case "google.protobuf.ListValue":
      return { json: (message.values as readonly Plain[]).map(plainJson) };
    case "google.protobuf.Empty":
      return { json: {} };
  }
  return /^google\.protobuf\.\w+Value$/.test(typeName) ? { json: wrapped(message.value, fields[0]) } : undefined;
}
/** Returns the value inside a wrapper; the default may be unset. */
function wrapped(value: unknown, field: DescField | undefined): unknown {
  if (Buffer.isBuffer(value)) return value.toString("base64");
  if (value !== undefined) return value;
  switch (field?.scalar) {
    case ScalarType.BOOL:
      return false;
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return "";
    case ScalarType.INT64:
    case ScalarType.UINT64:
      return "0";
    default:
      return 0;
  }
}
const structJson = (message: Plain): unknown =>
  Object.fromEntries(Object.entries(message.fields as Plain).map(([key, value]) => [key, plainJson(value as Plain)]));
function plainJson(value: Plain): unknown {
  const [[kind, inner] = ["null_value", null]] = Object.entries(value);
  if (/^list/.test(kind)) return ((inner as Plain).values as readonly Plain[]).map(plainJson);
  if (/^struct/.test(kind)) return structJson(inner as Plain);
  return /^null/.test(kind) ? null : inner;
}
