// Rules of buf.validate in the options of a descriptor. They are read by the numbers of their fields, which are never
// reused. A BFF without rules thus loads no schema of rules. Numbers: buf/validate/validate.proto.
import type { DescField, DescMessage, DescOneof } from "@bufbuild/protobuf";
import { ScalarType } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

export type Scalar = string | number | bigint | boolean | Uint8Array;

interface Raw {
  readonly wireType: WireType;
  readonly data: Uint8Array;
}

/** `buf.validate.field`, `.oneof` and `.message`: the same number in options of different kinds. */
const EXTENSION = 1159;

/** Fields of one message of rules. */
export class WireRules {
  readonly #raw = new Map<number, Raw[]>();

  constructor(parts: readonly Uint8Array[]) {
    for (const bytes of parts) {
      const reader = new BinaryReader(bytes);
      while (reader.pos < reader.len) {
        const [no, wireType] = reader.tag();
        const data = reader.skip(wireType, no);
        const known = this.#raw.get(no);
        if (known === undefined) this.#raw.set(no, [{ wireType, data }]);
        else known.push({ wireType, data });
      }
    }
  }

  /** Which fields are set. */
  get numbers(): readonly number[] {
    return [...this.#raw.keys()];
  }
  has(no: number): boolean {
    return this.#raw.has(no);
  }
  /** A field of a message type; undefined: it is not set. */
  message(no: number): WireRules | undefined {
    return this.has(no) ? new WireRules(this.#bytes(no)) : undefined;
  }
  messages(no: number): readonly WireRules[] {
    return this.#bytes(no).map((bytes) => new WireRules([bytes]));
  }
  /** Returns all values of a scalar field, packed or not. */
  all(no: number, scalar: ScalarType): readonly Scalar[] {
    const text = scalar === ScalarType.STRING || scalar === ScalarType.BYTES;
    return (this.#raw.get(no) ?? []).flatMap(({ wireType, data }) => {
      if (text || wireType !== WireType.LengthDelimited) return [read(new BinaryReader(data), scalar)];
      const packed = new BinaryReader(new BinaryReader(data).bytes());
      const found: Scalar[] = [];
      while (packed.pos < packed.len) found.push(read(packed, scalar));
      return found;
    });
  }
  /** The last value. */
  last(no: number, scalar: ScalarType): Scalar | undefined {
    return this.all(no, scalar).at(-1);
  }
  /** Reads an unsigned number, as far as it is exact. */
  count(no: number): number | undefined {
    const value = this.last(no, ScalarType.UINT64);
    return value === undefined ? undefined : Number(value);
  }
  flag(no: number): boolean {
    return this.last(no, ScalarType.BOOL) === true;
  }
  #bytes(no: number): readonly Uint8Array[] {
    return (this.#raw.get(no) ?? []).map(({ data }) => new BinaryReader(data).bytes());
  }
}

function read(reader: BinaryReader, scalar: ScalarType): Scalar {
  switch (scalar) {
    case ScalarType.STRING:
      return reader.string();
    case ScalarType.BYTES:
      return reader.bytes();
    case ScalarType.BOOL:
      return reader.bool();
    case ScalarType.DOUBLE:
      return reader.double();
    case ScalarType.FLOAT:
      return reader.float();
    case ScalarType.INT32:
      return reader.int32();
    case ScalarType.UINT32:
      return reader.uint32();
    case ScalarType.SINT32:
      return reader.sint32();
    case ScalarType.FIXED32:
      return reader.fixed32();
    case ScalarType.SFIXED32:
      return reader.sfixed32();
    case ScalarType.INT64:
      return BigInt(reader.int64());
    case ScalarType.UINT64:
      return BigInt(reader.uint64());
    case ScalarType.SINT64:
      return BigInt(reader.sint64());
    case ScalarType.FIXED64:
      return BigInt(reader.fixed64());
    case ScalarType.SFIXED64:
      return BigInt(reader.sfixed64());
  }
}

/**
 * Returns the rules of a field, a oneof or a message. Undefined: none.
 *
 * @param extension number of other options in place of buf.validate's
 */
export function rulesOf(
  { proto }: DescField | DescOneof | DescMessage,
  extension: number = EXTENSION,
): WireRules | undefined {
  const parts = proto.options?.$unknown?.filter(({ no }) => no === extension) ?? [];
  return parts.length === 0 ? undefined : new WireRules(parts.map(({ data }) => new BinaryReader(data).bytes()));
}

/** The fields of FieldRules that are for any type. */
export const FIELD = { required: 25, ignore: 27 } as const;
/** IGNORE_ALWAYS */
const ALWAYS = 3;

/** Rules of one field, or of its items, keys or values. */
export class ValueRules {
  readonly #rules: WireRules | undefined;
  /** The rules under this number of FieldRules, if they are declared. */
  readonly kindRules: WireRules | undefined;
  readonly required: boolean;
  /** True if there are further rules: in CEL, or unknown ones. */
  readonly more: boolean;

  /** @param kind number of the field of FieldRules for this type, such as 14 for strings; undefined: none */
  constructor(rules: WireRules | undefined, kind: number | undefined) {
    this.#rules = rules?.last(FIELD.ignore, ScalarType.INT32) === ALWAYS ? undefined : rules;
    this.kindRules = kind === undefined ? undefined : this.#rules?.message(kind);
    this.required = this.#rules?.flag(FIELD.required) ?? false;
    const known: readonly (number | undefined)[] = [FIELD.required, FIELD.ignore, kind];
    this.more = this.#rules?.numbers.some((no) => !known.includes(no)) ?? false;
  }
}
