// Counts what protobuf-es would make of a message's bytes, without making it. It goes over them exactly as protobuf-es does (a known
// field by its type, whatever its wire type says), or a client could hide elements where only one of the two looks.
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { ELEMENT } from "./element.ts";

/** protobuf-es refuses what is nested deeper. */
const MOST_DEPTH = 100;
const NEAR = 64;

/** How a value lies in the bytes: a varint, as many bytes as a varint says, or so many of them. */
type Width = "varint" | "length" | 4 | 8;
interface FieldShape {
  /** What each occurrence counts. */
  readonly cost: number;
  /** It takes one of the message's places for fields that are there once; later ones count. */
  readonly once: boolean;
  readonly width: Width;
  /** A list of numbers, which may come packed. */
  readonly packable: boolean;
  readonly message: (() => MessageShape) | undefined;
  /** A message between two tags, in place of one with a length. */
  readonly group: boolean;
  /** 0: an entry of a map, which protobuf-es does not count as deeper. */
  readonly nests: 0 | 1;
}
interface MessageShape {
  readonly near: readonly (FieldShape | undefined)[];
  readonly far: ReadonlyMap<number, FieldShape>;
  /** How many of its fields are no list and no map. */
  readonly once: number;
}

const shapes = new WeakMap<DescMessage, MessageShape>();
/** Thrown where protobuf-es will throw, and where there are too many. */
const STOP = Symbol("stop");

/**
 * The elements of a message in `ELEMENT`s: items of lists, entries of maps, messages and unknown fields one each, at any depth; of a packed
 * list a hundredth each. What is no list and yet comes again counts, too. Of damaged bytes those before the damage.
 *
 * @param most no need to go on after so many
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

  /** As protobuf-es has it, a message that is too long for the one around it is read all the same. */
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

  /** Whether it takes one of the places for what is there once. */
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

/** An entry is what counts; its message is part of it. */
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
