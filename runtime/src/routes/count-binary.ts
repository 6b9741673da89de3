// Counts the objects that a message's bytes become, without creating them. It reads the bytes exactly as
// wire/read-fields.ts does: a field in another wire type is an unknown field. Otherwise a client could hide elements
// that only one of the two finds.
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { MAX_DEPTH, skipOther } from "../wire/skip.ts";
import { GROUP, GROUP_END, LENGTH, wireTypeOf } from "../wire/wire-types.ts";
import { ELEMENT } from "./element.ts";

const NEAR = 64;

/** Width of a value: a varint, a length in a varint followed by as many bytes, or a fixed number of bytes. */
type Width = "varint" | "length" | 4 | 8;
interface FieldShape {
  /** Cost of each occurrence. */
  readonly cost: number;
  /** True if it takes one of the message's places for fields that occur once. Further occurrences count. */
  readonly once: boolean;
  readonly width: Width;
  /** Wire type of an occurrence that is not packed. */
  readonly wireType: number;
  /** True for a list of numbers, which may be packed. */
  readonly packable: boolean;
  readonly message: (() => MessageShape) | undefined;
  /** 0: an entry of a map, which is not deeper. */
  readonly nests: 0 | 1;
}
interface MessageShape {
  readonly near: readonly (FieldShape | undefined)[];
  readonly far: ReadonlyMap<number, FieldShape>;
  /** Number of its fields that are neither list nor map. */
  readonly once: number;
}

const shapes = new WeakMap<DescMessage, MessageShape>();
/** Thrown if the bytes are no message, and if there are too many elements. */
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
    scan.message(shapeOf(desc), 1);
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
  /** End of the message, list or entry that is read. */
  #end: number;

  constructor(bytes: Uint8Array, most: number) {
    this.#bytes = bytes;
    this.#most = most;
    this.#end = bytes.length;
  }

  message(shape: MessageShape, depth: number): void {
    let once = shape.once;
    while (this.#at < this.#end) if (this.#field(shape, this.#size(), depth) && --once < 0) this.#add(ELEMENT);
    if (this.#at !== this.#end) throw STOP;
  }
  #group(shape: MessageShape, end: number, depth: number): void {
    if (depth > MAX_DEPTH) throw STOP;
    let once = shape.once;
    for (let tag = this.#size(); tag !== end; tag = this.#size())
      if (this.#field(shape, tag, depth) && --once < 0) this.#add(ELEMENT);
  }

  /** Reports whether the field takes one of the places of fields that occur once. */
  #field(shape: MessageShape, tag: number, depth: number): boolean {
    const no = tag >>> 3;
    const wireType = tag & 7;
    const field = no < NEAR ? shape.near[no] : shape.far.get(no);
    if (field?.packable && wireType === LENGTH) {
      this.#packed(field.width);
      return false;
    }
    if (field === undefined || wireType !== field.wireType) {
      this.#add(ELEMENT);
      this.#unknown(tag, depth);
      return false;
    }
    if (field.cost > 0) this.#add(field.cost);
    if (field.message === undefined) this.#value(field.width);
    else if (wireType === GROUP) this.#group(field.message(), tag + GROUP_END - GROUP, depth + 1);
    else {
      const inner = depth + field.nests;
      if (inner > MAX_DEPTH) throw STOP;
      const outer = this.#open();
      this.message(field.message(), inner);
      this.#end = outer;
    }
    return field.once;
  }
  /** Returns the end around the content of a length. */
  #open(): number {
    const length = this.#size();
    const outer = this.#end;
    if (this.#at + length > outer) throw STOP;
    this.#end = this.#at + length;
    return outer;
  }
  #value(width: Width): void {
    if (width === "varint") this.#varint();
    else this.#skip(width === "length" ? this.#size() : width);
  }
  #packed(width: Width): void {
    const outer = this.#open();
    const bytes = this.#bytes;
    const end = this.#end;
    if (width === 4 || width === 8) this.#add(Math.floor((end - this.#at) / width));
    else {
      let count = 0;
      for (let i = this.#at; i < end; i++) if ((bytes[i] as number) < 0x80) count++;
      this.#add(count);
    }
    this.#at = end;
    this.#end = outer;
  }
  #unknown(tag: number, depth: number): void {
    this.#at = skipUnknown(this.#bytes, this.#at, this.#end, tag, depth);
  }

  #add(count: number): void {
    this.count += count;
    if (this.count > this.#most) throw STOP;
  }
  #skip(count: number): void {
    this.#at += count;
    if (this.#at > this.#end) throw STOP;
  }
  #varint(): void {
    const bytes = this.#bytes;
    while ((bytes[this.#at++] as number) >= 0x80);
    if (this.#at > this.#end) throw STOP;
  }
  /** A tag or a length. */
  #size(): number {
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
/** Skips an unknown field, with the errors of this file. */
function skipUnknown(bytes: Uint8Array, from: number, end: number, tag: number, depth: number): number {
  try {
    return skipOther(bytes, from, end, tag, depth);
  } catch {
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
    const wireType = "delimitedEncoding" in field && field.delimitedEncoding ? GROUP : LENGTH;
    return { ...ONCE, cost: ELEMENT, once: !list, message: () => shapeOf(message), wireType };
  }
  const scalar = scalarShape(field.enum === undefined ? field.scalar : ScalarType.INT32);
  return list ? { ...scalar, cost: ELEMENT, once: false, packable: scalar.width !== "length" } : scalar;
}
const ONCE: FieldShape = {
  cost: 0,
  once: true,
  width: "length",
  wireType: LENGTH,
  packable: false,
  message: undefined,
  nests: 1,
};

/** The entry counts as an element; its message is a part of it. */
function mapShape(field: DescField & { fieldKind: "map" }): FieldShape {
  const { message } = field;
  const value: FieldShape =
    message === undefined
      ? scalarShape(field.enum === undefined ? field.scalar : ScalarType.INT32)
      : { ...ONCE, message: () => shapeOf(message) };
  const key = scalarShape(field.mapKey);
  const entry: MessageShape = { near: [undefined, key, value], far: new Map(), once: 2 };
  return { ...ONCE, cost: ELEMENT, once: false, message: () => entry, nests: 0 };
}

function scalarShape(scalar: ScalarType): FieldShape {
  const wireType = wireTypeOf(scalar);
  return { ...ONCE, width: WIDTHS[wireType] ?? "varint", wireType };
}
/** Widths by wire type. */
const WIDTHS: readonly (Width | undefined)[] = ["varint", 8, "length", undefined, undefined, 4];
