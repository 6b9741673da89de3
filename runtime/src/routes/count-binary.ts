// Counts the objects that protobuf-es would create from a message's bytes, without creating them. It reads the bytes
// exactly as protobuf-es does: a known field by its type, whatever its wire type. Otherwise a client could hide
// elements that only one of the two finds.
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { ELEMENT } from "./element.ts";

/** Maximum depth of nesting that protobuf-es accepts. */
const MOST_DEPTH = 100;
const NEAR = 64;

/** Width of a value: a varint, a length in a varint followed by as many bytes, or a fixed number of bytes. */
type Width = "varint" | "length" | 4 | 8;
interface FieldShape {
  /** Cost of each occurrence. */
  readonly cost: number;
  /** True if it takes one of the message's places for fields that occur once. Further occurrences count. */
  readonly once: boolean;
  readonly width: Width;
  /** True for a list of numbers, which may be packed. */
  readonly packable: boolean;
  readonly message: (() => MessageShape) | undefined;
  /** True for a message between two tags, instead of one with a length. */
  readonly group: boolean;
  /** 0: an entry of a map, which protobuf-es does not count as deeper. */
  readonly nests: 0 | 1;
}
interface MessageShape {
  readonly near: readonly (FieldShape | undefined)[];
  readonly far: ReadonlyMap<number, FieldShape>;
  /** Number of its fields that are neither list nor map. */
  readonly once: number;
}

const shapes = new WeakMap<DescMessage, MessageShape>();
/** Thrown if protobuf-es will throw, and if there are too many elements. */
const STOP = Symbol("stop");

/**
 * Returns the elements of a message in `ELEMENT`s, at any depth. Items of lists, entries of maps, messages and unknown
 * fields count as one each; items of packed lists as a hundredth. Further occurrences of a field that is no list count,
 * too. In damaged bytes, the elements before the damage count.
 *
 * @param most counting may stop above this number
 */
export function countBinary(desc: DescMessage, bytes: Uint8Array, most: number): number {
  const scan = new Scan(bytes, most);
  try {
    scan.message(shapeOf(desc), bytes.length, 1);
  } catch (thrown) {
    if (thrown !== STOP) throw thrown;
  }
  return scan.count;
}

class Scan {
  count = 0;
  readonly #bytes: Uint8Array;
  readonly #most: number;
  #at = 0;

  constructor(bytes: Uint8Array, most: number) {
    this.#bytes = bytes;
    this.#most = most;
  }

  /** Like protobuf-es, this reads a message that is longer than the message around it. */
  message(shape: MessageShape, end: number, depth: number): void {
    if (depth > MOST_DEPTH) throw STOP;
    let once = shape.once;
    while (this.#at < end) {
      const tag = this.#tag();
      const no = tag >>> 3;
      const field = no < NEAR ? shape.near[no] : shape.far.get(no);
      if (field === undefined) this.#unknown(tag & 7, no, MOST_DEPTH - depth);
      else if (this.#field(field, tag, depth) && --once < 0) this.#add(ELEMENT);
    }
  }
  #group(shape: MessageShape, groupNo: number, depth: number): void {
    if (depth > MOST_DEPTH) throw STOP;
    let once = shape.once;
    for (;;) {
      const tag = this.#tag();
      const no = tag >>> 3;
      if ((tag & 7) === 4) {
        if (no !== groupNo) throw STOP;
        return;
      }
      const field = no < NEAR ? shape.near[no] : shape.far.get(no);
      if (field === undefined) this.#unknown(tag & 7, no, MOST_DEPTH - depth);
      else if (this.#field(field, tag, depth) && --once < 0) this.#add(ELEMENT);
    }
  }

  /** Reports whether the field takes one of the places of fields that occur once. */
  #field(field: FieldShape, tag: number, depth: number): boolean {
    if (field.packable && (tag & 7) === 2) {
      this.#packed(field.width);
      return false;
    }
    if (field.cost > 0) this.#add(field.cost);
    if (field.message === undefined) this.#value(field.width);
    else if (field.group) this.#group(field.message(), tag >>> 3, depth + 1);
    else {
      const length = this.#uint32();
      this.message(field.message(), this.#at + length, depth + field.nests);
    }
    return field.once;
  }
  #value(width: Width): void {
    if (width === "varint") this.#varint();
    else if (width === "length") this.#skip(this.#uint32());
    else this.#skip(width);
  }
  #packed(width: Width): void {
    const length = this.#uint32();
    const end = this.#at + length;
    if (end > this.#bytes.length) throw STOP; // none of it is kept
    if (width === 4 || width === 8) {
      this.#add(Math.ceil(length / width));
      this.#at += Math.ceil(length / width) * width;
      return;
    }
    const bytes = this.#bytes;
    let count = 0;
    for (let i = this.#at; i < end; i++) if ((bytes[i] as number) < 0x80) count++;
    this.#at = end;
    if (length > 0 && (bytes[end - 1] as number) >= 0x80) {
      count++; // the last one, which is read to its end wherever that is
      this.#varint();
    }
    this.#add(count);
  }
  #unknown(wireType: number, no: number, groupsLeft: number): void {
    this.#add(ELEMENT);
    switch (wireType) {
      case 0:
        this.#varint();
        return;
      case 1:
        this.#skip(8);
        return;
      case 2:
        this.#skip(this.#uint32());
        return;
      case 3: {
        if (groupsLeft <= 0) throw STOP;
        for (;;) {
          const tag = this.#tag();
          if ((tag & 7) === 4) {
            if (tag >>> 3 !== no) throw STOP;
            return;
          }
          this.#unknown(tag & 7, tag >>> 3, groupsLeft - 1);
        }
      }
      case 5:
        this.#skip(4);
        return;
      default:
        throw STOP;
    }
  }

  #add(count: number): void {
    this.count += count;
    if (this.count > this.#most) throw STOP;
  }
  #skip(count: number): void {
    this.#at += count;
    if (this.#at > this.#bytes.length) throw STOP;
  }
  #varint(): void {
    const bytes = this.#bytes;
    while ((bytes[this.#at++] as number) >= 0x80);
    if (this.#at > bytes.length) throw STOP;
  }
  #tag(): number {
    const tag = this.#uint32();
    if (tag >>> 3 === 0 || (tag & 7) > 5) throw STOP;
    return tag;
  }
  /** The lower 32 bits of a varint. */
  #uint32(): number {
    const bytes = this.#bytes;
    let byte = bytes[this.#at++] as number;
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    for (let shift = 7; shift < 70; shift += 7) {
      byte = bytes[this.#at++] as number;
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw STOP;
  }
}

function shapeOf(desc: DescMessage): MessageShape {
  const known = shapes.get(desc);
  if (known !== undefined) return known;
  const near: FieldShape[] = [];
  const far = new Map<number, FieldShape>();
  let once = 0;
  for (const field of desc.fields) {
    const shape = shapeOfField(field);
    if (shape.once) once++;
    if (field.number < NEAR) near[field.number] = shape;
    else far.set(field.number, shape);
  }
  const shape = { near, far, once };
  shapes.set(desc, shape);
  return shape;
}

function shapeOfField(field: DescField): FieldShape {
  if (field.fieldKind === "map") return mapShape(field);
  const list = field.fieldKind === "list";
  const { message } = field;
  if (message !== undefined) {
    const group = "delimitedEncoding" in field && field.delimitedEncoding;
    return { ...ONCE, cost: ELEMENT, once: !list, message: () => shapeOf(message), group };
  }
  const width = field.enum === undefined ? widthOf(field.scalar) : "varint";
  return list ? { ...ONCE, cost: ELEMENT, once: false, width, packable: width !== "length" } : { ...ONCE, width };
}
const ONCE: FieldShape = {
  cost: 0,
  once: true,
  width: "length",
  packable: false,
  message: undefined,
  group: false,
  nests: 1,
};

/** The entry counts as an element; its message is a part of it. */
function mapShape(field: DescField & { fieldKind: "map" }): FieldShape {
  const { message } = field;
  const value: FieldShape =
    message === undefined
      ? { ...ONCE, width: field.enum === undefined ? widthOf(field.scalar) : "varint" }
      : { ...ONCE, message: () => shapeOf(message) };
  const key: FieldShape = { ...ONCE, width: widthOf(field.mapKey) };
  const entry: MessageShape = { near: [undefined, key, value], far: new Map(), once: 2 };
  return { ...ONCE, cost: ELEMENT, once: false, message: () => entry, nests: 0 };
}

function widthOf(scalar: ScalarType): Width {
  switch (scalar) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return "length";
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return 8;
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return 4;
    default:
      return "varint";
  }
}
