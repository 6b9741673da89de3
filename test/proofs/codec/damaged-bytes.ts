// Bytes that are nearly messages of wire.v1.Everything.
import fc from "fast-check";

export function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return Buffer.from([...bytes, rest]);
}
export function record(number: number, wireType: number, data: Uint8Array): Buffer {
  return Buffer.concat([varint(number * 8 + wireType), data]);
}
const someBytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes));
/** Varints as they should be, longer than needed, and without an end. */
const varints = fc.oneof(
  fc.nat(300).map(varint),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((value) => {
    const bytes: number[] = [];
    let rest = value;
    for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
    return Buffer.from([...bytes, Number(rest)]);
  }),
  fc
    .tuple(fc.integer({ min: 1, max: 11 }), fc.nat(127))
    .map(([n, last]) => Buffer.from([...Array<number>(n).fill(0x80), last])),
  fc.integer({ min: 1, max: 12 }).map((n) => Buffer.alloc(n, 0xff)),
);
const lengthDelimited = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }).map((text) => withLength(Buffer.from(text))),
  someBytes(40).map(withLength),
  fc.array(varints, { maxLength: 4 }).map((all) => withLength(Buffer.concat(all))),
  fc.tuple(fc.nat(60), someBytes(40)).map(([length, bytes]) => Buffer.concat([varint(length), bytes])),
  // entries of maps
  fc
    .array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.nat(5), fc.oneof(varints, someBytes(4).map(withLength))), {
      maxLength: 4,
    })
    .map((fields) => withLength(Buffer.concat(fields.map(([number, type, data]) => record(number, type, data))))),
);
export function withLength(bytes: Uint8Array): Buffer {
  return Buffer.concat([varint(bytes.length), bytes]);
}
/** A field of any number and type with something behind it that may fit. */
export const records = fc
  .tuple(
    fc.oneof(fc.integer({ min: 0, max: 142 }), fc.constantFrom(536_870_911, 536_870_910, 2_000, 1_000)),
    fc.oneof({ weight: 5, arbitrary: fc.constantFrom(0, 1, 2, 2, 2, 5) }, { weight: 1, arbitrary: fc.nat(7) }),
    fc.oneof(
      varints,
      lengthDelimited,
      fc.uint8Array({ minLength: 4, maxLength: 8 }).map((bytes) => Buffer.from(bytes)),
    ),
  )
  .map(([number, type, data]) => record(number, type, data));

/** A field of any number and wire type, with content of that wire type. */
export const fields: fc.Arbitrary<Buffer> = fc
  .tuple(
    fc.oneof(fc.integer({ min: 1, max: 142 }), fc.constantFrom(536_870_911, 536_870_910, 2_000)),
    fc.oneof(
      varints.map((data) => [0, data] as const),
      fc.uint8Array({ minLength: 8, maxLength: 8 }).map((bytes) => [1, Buffer.from(bytes)] as const),
      lengthDelimited.map((data) => [2, data] as const),
      fc.uint8Array({ minLength: 4, maxLength: 4 }).map((bytes) => [5, Buffer.from(bytes)] as const),
      varints.map((data) => [3, record(1, 0, data)] as const),
    ),
  )
  .map(([number, [type, data]]) => {
    const field = record(number, type, data);
    return type === 3 ? Buffer.concat([field, varint(number * 8 + 4)]) : field;
  });

type Change = (bytes: Uint8Array) => Uint8Array;
export const changes: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(fc.nat(), fc.nat(255)).map(
    ([at, byte]): Change =>
      (bytes) => {
        const changed = Uint8Array.from(bytes);
        if (bytes.length > 0) changed[at % bytes.length] = byte;
        return changed;
      },
  ),
  fc.nat().map(
    (at): Change =>
      (bytes) =>
        bytes.slice(0, bytes.length === 0 ? 0 : at % bytes.length),
  ),
  fc.tuple(fc.nat(), someBytes(6)).map(
    ([at, more]): Change =>
      (bytes) => {
        const where = bytes.length === 0 ? 0 : at % bytes.length;
        return Buffer.concat([bytes.slice(0, where), more, bytes.slice(where)]);
      },
  ),
  fc.tuple(fc.nat(), fc.nat(8)).map(
    ([at, count]): Change =>
      (bytes) => {
        const where = bytes.length === 0 ? 0 : at % bytes.length;
        return Buffer.concat([bytes.slice(0, where), bytes.slice(where + count)]);
      },
  ),
  // the same again, behind: what is not repeated is merged
  fc.constant<Change>((bytes) => Buffer.concat([bytes, bytes])),
  records.map(
    (more): Change =>
      (bytes) =>
        Buffer.concat([bytes, more]),
  ),
);
