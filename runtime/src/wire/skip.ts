// Skips content that is not read, and refuses invalid content, by the descriptor, since no code is generated for it.
// Each function takes the start and returns the end. Whole answers are passed on that way, and a reader's fields would
// cost more than the bytes' check. The decisions are those of read-fields.ts.
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { FALLBACK, NOT_UTF8 } from "./fallback.ts";
import { isChecked, MAX_NANOS } from "./forbidden-values.ts";
import { isText } from "./utf8-check.ts";
import { GROUP, GROUP_END, LENGTH, VARINT, wireTypeOf } from "./wire-types.ts";

/** Maximum depth of messages and groups in each other. */
export const MAX_DEPTH = 100;
const MAX_VARINT_BYTES = 10;
/** Maximum tenth byte of a varint: the 64th bit. */
const MAX_TENTH_BYTE = 1;

/** Content behind a tag. */
type Content =
  | { readonly kind: "varint" | "fixed32" | "fixed64" | "text" | "bytes" }
  | { readonly kind: "packed"; readonly of: Content }
  /** `isChecked`: its type forbids some values. */
  | {
      readonly kind: "message";
      readonly desc: DescMessage;
      readonly isChecked: boolean;
      contents: Contents | undefined;
    }
  | { readonly kind: "group"; readonly desc: DescMessage; readonly isChecked: boolean; readonly end: number }
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
 * Skips all fields of a message that is passed on, which has to end at `end`.
 *
 * @param depth number of messages around it, itself included
 * @throws FALLBACK if they are invalid, or hold a value that its type forbids
 */
export function skipFields(bytes: Uint8Array, from: number, end: number, schema: DescMessage, depth: number): void {
  isChecking = true;
  skipContents(bytes, from, end, contentsOf(schema), depth);
}
/** Skips the field behind a tag that has been read, in a message that ends at `end`. Returns the field's end. */
export function skipField(
  bytes: Uint8Array,
  from: number,
  end: number,
  tag: number,
  schema: DescMessage,
  depth: number,
): number {
  isChecking = false;
  return skipIn(bytes, from, end, tag, contentsOf(schema), depth);
}
/** Skips a field that its message does not declare with this tag. */
export function skipOther(bytes: Uint8Array, from: number, end: number, tag: number, depth: number): number {
  let at = from;
  if (tag >>> 3 === 0) throw FALLBACK;
  switch (tag & 7) {
    case VARINT:
      at = skipVarint(bytes, at);
      break;
    case 1:
      at += 8;
      break;
    case LENGTH: {
      const length = size(bytes, at);
      at = after + length;
      break;
    }
    case GROUP:
      at = skipGroup(bytes, from, end, undefined, tag + GROUP_END - GROUP, depth);
      break;
    case 5:
      at += 4;
      break;
    default:
      throw FALLBACK;
  }
  if (at > end) throw FALLBACK;
  return at;
}

function skipContents(bytes: Uint8Array, from: number, end: number, contents: Contents, depth: number): void {
  const { near, far } = contents;
  let at = from;
  while (at < end) {
    let tag = bytes[at] as number;
    if (tag < 0x80) at++;
    else {
      tag = size(bytes, at);
      at = after;
    }
    const content = tag < NEAR ? near[tag] : far.get(tag);
    at = content === undefined ? skipOther(bytes, at, end, tag, depth) : skip(bytes, at, end, content, depth);
  }
  if (at !== end) throw FALLBACK;
}
function skipIn(
  bytes: Uint8Array,
  from: number,
  end: number,
  tag: number,
  { near, far }: Contents,
  depth: number,
): number {
  const content = tag < NEAR ? near[tag] : far.get(tag);
  return content === undefined ? skipOther(bytes, from, end, tag, depth) : skip(bytes, from, end, content, depth);
}
/**
 * @param contents of the group; undefined for an unknown one
 * @param endTag tag behind the group
 */
function skipGroup(
  bytes: Uint8Array,
  from: number,
  end: number,
  contents: Contents | undefined,
  endTag: number,
  depth: number,
): number {
  if (depth >= MAX_DEPTH) throw FALLBACK;
  let at = from;
  while (at < end) {
    const tag = size(bytes, at);
    at = after;
    if (tag === endTag) return at;
    at =
      contents === undefined
        ? skipOther(bytes, at, end, tag, depth + 1)
        : skipIn(bytes, at, end, tag, contents, depth + 1);
  }
  throw FALLBACK;
}

function skip(bytes: Uint8Array, from: number, end: number, content: Content, depth: number): number {
  switch (content.kind) {
    case "varint":
      return skipVarint(bytes, from);
    case "fixed32":
      return from + 4;
    case "fixed64":
      return from + 8;
    case "group":
      if (content.isChecked && isChecking) throw FALLBACK; // read and then checked, because such groups are rare
      return skipGroup(bytes, from, end, contentsOf(content.desc), content.end, depth);
  }
  const length = size(bytes, from);
  const start = after;
  const to = start + length;
  if (to > end) throw FALLBACK;
  switch (content.kind) {
    case "text":
      if (!isText(bytes, start, to)) throw NOT_UTF8;
      break;
    case "bytes":
      break;
    case "message":
      if (depth >= MAX_DEPTH) throw FALLBACK;
      content.contents ??= contentsOf(content.desc);
      if (content.isChecked && isChecking) skipValue(bytes, start, to, content, depth);
      else skipContents(bytes, start, to, content.contents, depth + 1);
      break;
    case "packed":
      skipPacked(bytes, start, to, content.of, depth);
      break;
    case "entry":
      skipEntry(bytes, start, to, content, depth);
      break;
  }
  return to;
}
/** Skips a message that is passed on, unless its type forbids the value. */
function skipValue(
  bytes: Uint8Array,
  from: number,
  end: number,
  { desc }: Content & { readonly kind: "message" },
  depth: number,
): void {
  if (TIMES.has(desc.typeName) && isUsualTime(bytes, from, end)) return;
  isChecking = false;
  skipContents(bytes, from, end, contentsOf(desc), depth + 1);
  isChecking = true;
  if (isForbidden(desc, bytes.subarray(from, end))) throw FALLBACK;
}
const TIMES: ReadonlySet<string> = new Set(["google.protobuf.Timestamp", "google.protobuf.Duration"]);
const SECONDS = 0x08;
const NANOS = 0x10;

/** Returns true for a time of the years 1970 to 2106, or a duration up to that length, in the bytes that encoders write. */
function isUsualTime(bytes: Uint8Array, from: number, end: number): boolean {
  const nanos = bytes[from] === SECONDS ? usualEnd(bytes, from + 1) : from;
  if (nanos === end || bytes[nanos] !== NANOS) return nanos === end;
  return usualEnd(bytes, nanos + 1) === end && size(bytes, nanos + 1) <= MAX_NANOS;
}
/** Returns the end of a varint of at most 32 bits; -1 for a longer one. */
function usualEnd(bytes: Uint8Array, from: number): number {
  const end = skipVarint(bytes, from);
  return end - from <= 5 && (end - from < 5 || (bytes[end - 1] as number) <= 0xf) ? end : -1;
}

type IsForbidden = (desc: DescMessage, bytes: Uint8Array) => boolean;
let isForbidden: IsForbidden = () => false;
/** True while a message is skipped that is passed on. */
let isChecking = false;
/** Sets the function that finds forbidden values in messages that are passed on. */
export function checkValuesWith(check: IsForbidden): void {
  isForbidden = check;
}

function skipPacked(bytes: Uint8Array, from: number, end: number, of: Content, depth: number): void {
  let at = from;
  while (at < end) at = skip(bytes, at, end, of, depth);
  if (at !== end) throw FALLBACK;
}
function skipEntry(
  bytes: Uint8Array,
  from: number,
  end: number,
  { key, value }: Content & { readonly kind: "entry" },
  depth: number,
): void {
  let at = from;
  while (at < end) {
    const tag = size(bytes, at);
    at = after;
    if (tag === key[0]) at = skip(bytes, at, end, key[1], depth);
    else if (tag === value[0]) at = skip(bytes, at, end, value[1], depth);
    else at = skipOther(bytes, at, end, tag, depth);
  }
  if (at !== end) throw FALLBACK;
}

function skipVarint(bytes: Uint8Array, from: number): number {
  const last = from + MAX_VARINT_BYTES - 1;
  for (let at = from; at < last; ) if ((bytes[at++] as number) < 0x80) return at;
  if ((bytes[last] as number) <= MAX_TENTH_BYTE) return last + 1;
  throw FALLBACK; // also behind the last byte, where there is none
}
/** End of the varint that `size` read. */
let after = 0;
/** Reads a tag or a length: a varint of at most 32 bits. */
function size(bytes: Uint8Array, from: number): number {
  let byte = bytes[from] as number;
  after = from + 1;
  if (byte < 0x80) return byte;
  let value = byte & 0x7f;
  for (let shift = 7; shift < 28; shift += 7) {
    byte = bytes[after++] as number;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return value >>> 0;
  }
  byte = bytes[after++] as number;
  value |= byte << 28;
  if ((byte & 0x7f) > 0xf) throw FALLBACK;
  // Further bytes hold no bits.
  while (byte >= 0x80) {
    if (after - from >= MAX_VARINT_BYTES) throw FALLBACK;
    byte = bytes[after++] as number;
    if ((byte & 0x7f) !== 0) throw FALLBACK;
  }
  if (byte === undefined) throw FALLBACK;
  return value >>> 0;
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

function contentsOfField(field: DescField): [number, Content][] {
  const tag = (wireType: number): number => field.number * 8 + wireType;
  if (field.message !== undefined && "delimitedEncoding" in field && field.delimitedEncoding)
    return [
      [tag(GROUP), { kind: "group", desc: field.message, isChecked: isChecked(field.message), end: tag(GROUP_END) }],
    ];
  const [wireType, content] = contentOf(field);
  if (field.fieldKind === "map") {
    const [keyType, key] = contentOfScalar(field.mapKey, field.utf8Validation);
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
  if (message !== undefined) {
    return [LENGTH, { kind: "message", desc: message, isChecked: isChecked(message), contents: undefined }];
  }
  return contentOfScalar(
    field.enum === undefined ? field.scalar : ScalarType.INT32,
    "utf8Validation" in field && field.utf8Validation,
  );
}

/** @param isChecked whether texts have to be UTF-8 */
function contentOfScalar(scalar: ScalarType, isChecked: boolean): readonly [wireType: number, content: Content] {
  const wireType = wireTypeOf(scalar);
  if (wireType === LENGTH) return [LENGTH, { kind: scalar === ScalarType.STRING && isChecked ? "text" : "bytes" }];
  if (wireType === VARINT) return [VARINT, { kind: "varint" }];
  return [wireType, { kind: wireType === 1 ? "fixed64" : "fixed32" }];
}
