// Messages of a type as ProtoJSON, in all the values that it has.
import { type DescEnum, type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import fc from "fast-check";
import { hasReadableKeys, isReadable } from "../../../support/json-keys.ts";

type Json = fc.Arbitrary<unknown>;

export interface AnyJsonOptions {
  /** Fields by their path of proto names, from the message: these are given, or left out where undefined. */
  readonly fields?: Readonly<Record<string, Json | undefined>>;
  /** Only what a query or a path can hold. */
  readonly plain?: boolean;
  /** The field that is the body and contains everything. */
  readonly body?: string;
  /** Fields that are always set. */
  readonly required?: readonly string[];
}

export function anyJson(desc: DescMessage, options: AnyJsonOptions = {}, path = "", depth = 3): Json {
  const known = wellKnown(desc.typeName, options.plain ?? false);
  if (known !== undefined) return known;
  const singles: Record<string, Json> = {};
  const required: string[] = [];
  for (const field of desc.fields) {
    const at = path + field.name;
    const override = options.fields?.[at];
    if (override !== undefined) {
      singles[field.jsonName] = override;
      required.push(field.jsonName);
    } else if (options.fields !== undefined && at in options.fields) continue;
    else if (
      options.required?.includes(at) ||
      Object.keys(options.fields ?? {}).some((key) => key.startsWith(`${at}.`))
    ) {
      singles[field.jsonName] = fieldJson(field, options, at, depth);
      required.push(field.jsonName);
    } else if (field.oneof === undefined && (depth > 0 || field.message === undefined))
      singles[field.jsonName] = fieldJson(field, options, at, depth);
  }
  const oneofs = desc.oneofs.map((oneof) => {
    const cases = oneof.fields.filter((field) => depth > 0 || field.message === undefined);
    const choices = cases.map((field) =>
      fc.record({ [field.jsonName]: fieldJson(field, options, path + field.name, depth) }),
    );
    return fc.oneof(fc.constant({}), ...choices);
  });
  // Most fields of most messages are not set.
  const optional = Object.keys(singles).filter((name) => !required.includes(name));
  const most = Math.min(optional.length, depth === 3 ? 12 : 4);
  const chosen = fc.subarray(optional, { maxLength: most });
  const all = chosen.chain((names) =>
    fc.record(Object.fromEntries([...required, ...names].map((name) => [name, singles[name] ?? fc.constant(null)]))),
  );
  return fc.tuple(all, ...oneofs).map((parts) => Object.assign({}, ...parts));
}

function fieldJson(field: DescField, options: AnyJsonOptions, path: string, depth: number): Json {
  if (path === options.body) return fieldJson(field, {}, "", depth);
  const single = (): Json => {
    if (field.message !== undefined) return anyJson(field.message, options, `${path}.`, depth - 1);
    if (field.enum !== undefined) return enumJson(field.enum, options.plain ?? false);
    return scalarJson(field.scalar ?? ScalarType.STRING);
  };
  if (field.fieldKind === "list") return fc.array(single(), { maxLength: 3 });
  if (field.fieldKind !== "map") return single();
  return fc.dictionary(keyJson(field.mapKey), single(), { maxKeys: 3, noNullPrototype: true });
}

function keyJson(scalar: ScalarType): fc.Arbitrary<string> {
  return scalar === ScalarType.STRING ? text.filter(isKey) : scalarJson(scalar).map(String);
}

/** One that a JavaScript object has as its own. */
const isKey = (key: string): boolean => key !== "__proto__" && isReadable(key);

/** A number that has no name arrives where JSON carries it; grpc-gateway refuses it in paths and queries. */
function enumJson(desc: DescEnum, plain: boolean): Json {
  const known = fc.constantFrom(...desc.values.map(({ number }) => number));
  if (desc.typeName === "google.protobuf.NullValue") return fc.constant(null);
  return plain ? known : fc.oneof(known, fc.constantFrom(99, -7));
}

/** Any Unicode, control characters and what URLs take for themselves as well. */
export const text: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 12 }),
  fc.string({ unit: "binary", maxLength: 6 }),
  fc.string({ unit: fc.constantFrom(..."%/?#&=+ .:;,@!$'()*[]\\\"<>\u0000\n\u2028~_-".split("")), maxLength: 8 }),
  fc.constantFrom("", "null", "true", "0", "%2F", "..", "NaN"),
);
const int32 = fc.oneof(fc.integer(), fc.constantFrom(-2147483648, 2147483647, 0));
const uint32 = fc.oneof(fc.nat(), fc.constantFrom(4294967295, 0));
const int64 = fc.oneof(fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }), fc.constant(0n)).map(String);
const uint64 = fc.oneof(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), fc.constant(0n)).map(String);
const real = (number: number): number | string => (Number.isFinite(number) ? number : String(number));
const float = fc.float().map(real);
const double = fc.double().map(real);
const bytes = fc.uint8Array({ maxLength: 6 }).map((array) => Buffer.from(array).toString("base64"));

export function scalarJson(scalar: ScalarType): Json {
  switch (scalar) {
    case ScalarType.STRING:
      return text;
    case ScalarType.BOOL:
      return fc.boolean();
    case ScalarType.BYTES:
      return bytes;
    case ScalarType.FLOAT:
      return float;
    case ScalarType.DOUBLE:
      return double;
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return int64;
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return uint64;
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return uint32;
    default:
      return int32;
  }
}

const nanos = fc.constantFrom("", ".5", ".123", ".000001", ".999999999", ".000000001");
const timestamp = fc
  .tuple(fc.integer({ min: -62135596800, max: 253402300799 }), nanos)
  .map(([seconds, part]) => `${new Date(seconds * 1000).toISOString().slice(0, 19)}${part}Z`);
const duration = (most: number): Json =>
  fc.tuple(fc.constantFrom("", "-"), fc.nat(most), nanos).map(([sign, seconds, part]) => `${sign}${seconds}${part}s`);
const mask = (paths: readonly string[]): Json =>
  fc.subarray([...paths], { minLength: 1 }).map((chosen) => chosen.join(","));
const json = fc
  .jsonValue({ maxDepth: 2, depthSize: "small" })
  .filter((value) => !JSON.stringify(value).includes("__proto__") && hasReadableKeys(value));
const WRAPPED: Readonly<Record<string, Json>> = {
  StringValue: text,
  BytesValue: bytes,
  BoolValue: fc.boolean(),
  Int32Value: int32,
  UInt32Value: uint32,
  Int64Value: int64,
  UInt64Value: uint64,
  FloatValue: float,
  DoubleValue: double,
};

function wellKnown(typeName: string, plain: boolean): Json | undefined {
  const name = typeName.startsWith("google.protobuf.") ? typeName.slice("google.protobuf.".length) : "";
  switch (name) {
    case "Timestamp":
      return timestamp;
    case "Duration":
      // grpc-gateway reads a parameter by time.ParseDuration, which ends at 292 years; the type at 10,000.
      return duration(plain ? 9_000_000_000 : 315_576_000_000 - 1);
    case "FieldMask":
      // grpc-gateway takes the paths of a parameter as they are, where ProtoJSON has them in camel case.
      return mask(plain ? ["name", "inner.name"] : ["name", "pageSize", "inner.pageNumbers"]);
    case "Struct":
      return fc.dictionary(text.filter(isKey), json, { maxKeys: 3, noNullPrototype: true });
    case "Value":
      return json;
    case "ListValue":
      return fc.array(json, { maxLength: 3 });
    case "Any":
      return fc.oneof(
        fc.record({ "@type": fc.constant("type.googleapis.com/gateway.v1.Inner"), name: text, pageSize: int32 }),
        fc.record({ "@type": fc.constant("type.googleapis.com/google.protobuf.Timestamp"), value: timestamp }),
        fc.record({ "@type": fc.constant("type.googleapis.com/google.protobuf.Int64Value"), value: int64 }),
      );
    default:
      return WRAPPED[name];
  }
}
