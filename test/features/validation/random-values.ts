// Creates messages with values near the limits of random rules, from a seed.
import { create, type DescField, type DescMessage, type MessageShape, ScalarType } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { AnySchema, anyPack, DurationSchema, TimestampSchema } from "@bufbuild/protobuf/wkt";
import { below, pick, type Random } from "../../bffs/second/random-message.ts";

const TEXTS = ["", "a", "ab", "abc", "abcd", "A", "é", "𝒳y", "x", "b", "a.b", ".a", "2", "-1", "a b", "ba", "aba"];
const FORMATS = [
  "x@y.z",
  "example.com",
  "example.com:80",
  "1.2.3.4",
  "10.0.0.0/8",
  "10.0.0.1/8",
  "::1",
  "2001:db8::/32",
  "http://a/b?c#d",
  "./a",
  "00000000-0000-4000-8000-000000000000",
  "00000000000040008000000000000000",
  "01ARZ3NDEKTSV4RRFFQ69G5FAV",
  "google.protobuf.Any",
];
const EDGES: Readonly<Partial<Record<ScalarType, readonly (number | bigint)[]>>> = {
  [ScalarType.INT32]: [2_147_483_647, -2_147_483_648],
  [ScalarType.UINT32]: [4_294_967_295],
  [ScalarType.INT64]: [2n ** 63n - 1n, -(2n ** 63n)],
  [ScalarType.UINT64]: [2n ** 64n - 1n],
  [ScalarType.DOUBLE]: [Number.NaN, Number.POSITIVE_INFINITY, 0.5],
  [ScalarType.FLOAT]: [Number.NaN, Number.NEGATIVE_INFINITY, 0.5],
};

export function randomValues<Desc extends DescMessage>(desc: Desc, random: Random): MessageShape<Desc> {
  return message(desc, random, 0).message as MessageShape<Desc>;
}

function message(desc: DescMessage, random: Random, depth: number): ReflectMessage {
  const of = reflect(desc, create(desc));
  switch (desc.typeName) {
    case "google.protobuf.Timestamp": {
      const now = BigInt(Math.floor(Date.now() / 1000));
      const at = pick(random, [1_700_000_000n + BigInt(below(random, 4)), 1_672_531_199n, now - 600n, now + 600n, 0n]);
      return reflect(TimestampSchema, create(TimestampSchema, { seconds: at, nanos: below(random, 2) * 500_000_000 }));
    }
    case "google.protobuf.Duration": {
      const seconds = below(random, 7) - 3;
      const nanos = below(random, 2) * 500_000_000 * (seconds < 0 ? -1 : 1);
      return reflect(DurationSchema, create(DurationSchema, { seconds: BigInt(seconds), nanos }));
    }
    case "google.protobuf.Any": {
      const packed =
        random() < 0.5
          ? anyPack(TimestampSchema, create(TimestampSchema))
          : anyPack(DurationSchema, create(DurationSchema));
      return reflect(AnySchema, packed);
    }
    case "google.protobuf.FieldMask": {
      const [paths] = desc.fields;
      if (paths?.fieldKind !== "list") return of;
      for (let i = below(random, 3); i > 0; i--)
        of.get(paths).add(pick(random, ["a", "a.b", "b", "c.d", "c.d.e", "ab"]));
      return of;
    }
  }
  for (const member of desc.members) {
    if (member.kind === "oneof") {
      if (random() < 0.7) set(of, pick(random, member.fields), random, depth);
    } else if (random() < 0.8) set(of, member, random, depth);
  }
  return of;
}

const DEEPEST = 3;

function set(of: ReflectMessage, field: DescField, random: Random, depth: number): void {
  if (field.message !== undefined && depth >= DEEPEST) return;
  switch (field.fieldKind) {
    case "list":
      for (let i = below(random, 4), last: unknown; i > 0; i--) {
        last = last !== undefined && random() < 0.3 ? last : single(field, random, depth);
        of.get(field).add(last);
      }
      return;
    case "map":
      for (let i = below(random, 3); i > 0; i--)
        of.get(field).set(scalar(field.mapKey, random) as string | number, single(field, random, depth));
      return;
    case "enum":
      of.set(field, pick(random, [0, 1, 2, 3]));
      return;
    case "message":
      of.set(field, message(field.message, random, depth + 1));
      return;
    default:
      of.set(field, scalar(field.scalar, random));
  }
}

function single(field: DescField, random: Random, depth: number): unknown {
  if (field.message !== undefined) return message(field.message, random, depth + 1);
  return field.scalar === undefined ? pick(random, [0, 1, 2, 3]) : scalar(field.scalar, random);
}

function scalar(type: ScalarType, random: Random): string | number | bigint | boolean | Uint8Array {
  const edges = EDGES[type];
  if (edges !== undefined && random() < 0.08) return pick(random, edges);
  const near = below(random, 7) - 3;
  switch (type) {
    case ScalarType.BOOL:
      return random() < 0.5;
    case ScalarType.STRING:
      return pick(random, random() < 0.3 ? FORMATS : TEXTS);
    case ScalarType.BYTES:
      return new TextEncoder().encode(pick(random, random() < 0.15 ? ["1234", "0123456789abcdef"] : TEXTS));
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return BigInt(near);
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return BigInt(near + 3);
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return near + 3;
    default:
      return near;
  }
}
