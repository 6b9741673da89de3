// Skips content that is not read, and refuses invalid content, by the descriptor, since no code is generated for it.
// Each function takes the start and returns the end. Whole answers are passed on that way, and a reader's fields would
// cost more than the bytes' check.
import { type DescField, type DescMessage, fromBinary, ScalarType } from "@bufbuild/protobuf";
import { FALLBACK } from "./fallback.ts";
import { isText } from "./utf8-check.ts";

/** Maximum depth of nesting that protobuf-es accepts. */
export const MOST_DEPTH = 100;
const MOST_VARINT_BYTES = 10;

/** Content behind a tag. */
type Content =
  | { readonly kind: "varint" | "fixed32" | "fixed64" | "text" | "bytes" }
  | { readonly kind: "packed"; readonly of: Content }
  /** `isProto3` false: protobuf-es skips it. */
  | { readonly kind: "message"; readonly desc: DescMessage; readonly isProto3: boolean; contents: Contents | undefined }
  | { readonly kind: "entry"; readonly key: readonly [number, Content]; readonly value: readonly [number, Content] };

interface Contents {
  readonly desc: DescMessage;
  /** Contents by tag, for small tags. */
  readonly near: readonly (Content | undefined)[];
  readonly far: ReadonlyMap<number, Content>;
}
const NEAR = 1024;

const known = new WeakMap<DescMessage, Contents>();
/** Contents of the last message: mostly that of the next field, too. */
let last: Contents | undefined;

/**
 * Skips all fields of a message, which has to end at `end`.
 *
 * @param depth number of messages around it, itself included
 * @throws UNUSUAL
 */
export function skipFields(bytes: Buffer, from: number, end: number, schema: DescMessage, depth: number): void {
  skipContents(bytes, from, end, contentsOf(schema), depth);
}
/** Skips the field behind a tag that has been read, in a message that ends at `end`. Returns the field's end. */
export function skipField(
  bytes: Buffer,
  from: number,
  end: number,
  tag: number,
  schema: DescMessage,
  depth: number,
): number {
  const contents = contentsOf(schema);
  const content = tag < NEAR ? contents.near[tag] : contents.far.get(tag);
  return content === undefined ? skipUnknown(bytes, from, end, tag, schema) : skip(bytes, from, end, content, depth);
}
/** Skips a field that its message does not declare. */
export function skipOther(bytes: Buffer, from: number, end: number, wireType: number): number {
  let at = from;
  switch (wireType) {
    case 0:
      at = skipVarint(bytes, at);
      break;
    case 1:
      at += 8;
      break;
    case LENGTH: {
      const length = uint32(bytes, at);
      at = after + length;
      break;
    }
    case 5:
      at += 4;
      break;
    default:
      throw FALLBACK;
  }
  if (at > end) throw FALLBACK;
  return at;
}

function skipContents(bytes: Buffer, from: number, end: number, contents: Contents, depth: number): void {
  const { near, far } = contents;
  let at = from;
  while (at < end) {
    let tag = bytes[at] as number;
    if (tag < 0x80) at++;
    else {
      tag = uint32(bytes, at);
      if (after - at > 4) throw FALLBACK;
      at = after;
    }
    const content = tag < NEAR ? near[tag] : far.get(tag);
    at = content === undefined ? skipUnknown(bytes, at, end, tag, contents.desc) : skip(bytes, at, end, content, depth);
  }
  if (at !== end) throw FALLBACK;
}

function skipUnknown(bytes: Buffer, from: number, end: number, tag: number, schema: DescMessage): number {
  const no = tag >>> 3;
  if (no === 0 || schema.fields.some(({ number }) => number === no)) throw FALLBACK;
  return skipOther(bytes, from, end, tag & 7);
}

function skip(bytes: Buffer, from: number, end: number, content: Content, depth: number): number {
  switch (content.kind) {
    case "varint":
      return skipVarint(bytes, from);
    case "fixed32":
      return from + 4;
    case "fixed64":
      return from + 8;
  }
  const length = uint32(bytes, from);
  const start = after;
  const to = start + length;
  if (to > end) throw FALLBACK;
  switch (content.kind) {
    case "text":
      if (!isText(bytes, start, to)) throw FALLBACK;
      break;
    case "bytes":
      break;
    case "message":
      if (!content.isProto3)
        fromBinary(content.desc, bytes.subarray(start, to), { recursionLimit: MOST_DEPTH - depth });
      else {
        if (depth >= MOST_DEPTH) throw FALLBACK;
        content.contents ??= contentsOf(content.desc);
        skipContents(bytes, start, to, content.contents, depth + 1);
      }
      break;
    case "packed":
      if (depth >= MOST_DEPTH) throw FALLBACK;
      skipPacked(bytes, start, to, content.of, depth + 1);
      break;
    case "entry":
      if (depth >= MOST_DEPTH) throw FALLBACK;
      skipEntry(bytes, start, to, content, depth + 1);
      break;
  }
  return to;
}
function skipPacked(bytes: Buffer, from: number, end: number, of: Content, depth: number): void {
  let at = from;
  while (at < end) at = skip(bytes, at, end, of, depth);
  if (at !== end) throw FALLBACK;
}
/** Nothing but its key and its value. */
function skipEntry(
  bytes: Buffer,
  from: number,
  end: number,
  { key, value }: Content & { readonly kind: "entry" },
  depth: number,
): void {
  let at = from;
  while (at < end) {
    const tag = uint32(bytes, at);
    at = after;
    if (tag === key[0]) at = skip(bytes, at, end, key[1], depth);
    else if (tag === value[0]) at = skip(bytes, at, end, value[1], depth);
    else throw FALLBACK;
  }
  if (at !== end) throw FALLBACK;
}

function skipVarint(bytes: Buffer, from: number): number {
  for (let at = from; at < from + MOST_VARINT_BYTES; ) if ((bytes[at++] as number) < 0x80) return at;
  throw FALLBACK; // also behind the last byte, where there is none
}
/** End of the varint that `uint32` read. */
let after = 0;
/** Reads a varint as 32 bits. Its upper bits, and sign bits behind them, are ignored. */
function uint32(bytes: Buffer, from: number): number {
  let byte = bytes[from] as number;
  after = from + 1;
  if (byte < 0x80) return byte;
  let value = byte & 0x7f;
  for (let shift = 7; shift < 35; shift += 7) {
    byte = bytes[after++] as number;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return value >>> 0;
  }
  while (after < from + MOST_VARINT_BYTES) if ((bytes[after++] as number) < 0x80) return value >>> 0;
  throw FALLBACK;
}

function contentsOf(schema: DescMessage): Contents {
  if (last?.desc === schema) return last;
  let contents = known.get(schema);
  if (contents === undefined) {
    const near: Content[] = [];
    const far = new Map<number, Content>();
    for (const [tag, content] of schema.fields.flatMap(contentsOfField)) {
      if (tag < NEAR) near[tag] = content;
      else far.set(tag, content);
    }
    contents = { desc: schema, near, far };
    known.set(schema, contents);
  }
  last = contents;
  return contents;
}

const PROTO3 = 999;
const LENGTH = 2;

function contentsOfField(field: DescField): [number, Content][] {
  const tag = (wireType: number): number => field.number * 8 + wireType;
  if ("delimitedEncoding" in field && field.delimitedEncoding) return [];
  const [wireType, content] = contentOf(field);
  if (field.fieldKind === "map") {
    const [keyType, key] = contentOfScalar(field.mapKey);
    return [[tag(LENGTH), { kind: "entry", key: [8 + keyType, key], value: [16 + wireType, content] }]];
  }
  if (field.fieldKind !== "list" || wireType === LENGTH) return [[tag(wireType), content]];
  return [
    [tag(wireType), content],
    [tag(LENGTH), { kind: "packed", of: content }],
  ];
}

function contentOf(field: DescField): readonly [wireType: number, content: Content] {
  const { message } = field;
  if (message === undefined) return contentOfScalar(field.enum === undefined ? field.scalar : ScalarType.INT32);
  return [LENGTH, { kind: "message", desc: message, isProto3: message.file.edition === PROTO3, contents: undefined }];
}

function contentOfScalar(scalar: ScalarType): readonly [wireType: number, content: Content] {
  switch (scalar) {
    case ScalarType.STRING:
      return [LENGTH, { kind: "text" }];
    case ScalarType.BYTES:
      return [LENGTH, { kind: "bytes" }];
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return [1, { kind: "fixed64" }];
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return [5, { kind: "fixed32" }];
    default:
      return [0, { kind: "varint" }];
  }
}
