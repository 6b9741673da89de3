// Goes over what nobody reads, and refuses what cannot be read: by the descriptor, since no code is generated for it.
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import type { Reader } from "./reader.ts";
import { UNUSUAL } from "./unusual.ts";

/** What stands behind a tag. */
type Content =
  | { readonly kind: "varint" | "fixed32" | "fixed64" | "text" | "bytes" }
  | { readonly kind: "packed"; readonly of: Content }
  /** `own` false: protobuf-es goes over it. */
  | { readonly kind: "message"; readonly desc: DescMessage; readonly own: boolean }
  | { readonly kind: "entry"; readonly key: readonly [number, Content]; readonly value: readonly [number, Content] };

interface Contents {
  /** By tag, of small ones. */
  readonly near: readonly (Content | undefined)[];
  readonly far: ReadonlyMap<number, Content>;
}
const NEAR = 1024;

const known = new WeakMap<DescMessage, Contents>();

/** All fields up to the end of the message. */
export function skipFields(r: Reader, schema: DescMessage): void {
  const { near, far } = contentsOf(schema);
  while (r.more()) {
    const tag = r.tag();
    const content = tag < NEAR ? near[tag] : far.get(tag);
    if (content === undefined) skipUnknown(r, tag, schema);
    else skip(r, content);
  }
}
/** The field behind a tag that has been read. */
export function skipField(r: Reader, tag: number, schema: DescMessage): void {
  const { near, far } = contentsOf(schema);
  const content = tag < NEAR ? near[tag] : far.get(tag);
  if (content === undefined) skipUnknown(r, tag, schema);
  else skip(r, content);
}

function skipUnknown(r: Reader, tag: number, schema: DescMessage): void {
  const no = tag >>> 3;
  if (no === 0 || schema.fields.some(({ number }) => number === no)) throw UNUSUAL;
  r.skipUnknown(tag & 7);
}

function skip(r: Reader, content: Content): void {
  switch (content.kind) {
    case "varint":
      r.skipVarint();
      return;
    case "text":
      r.skipText();
      return;
    case "bytes":
      r.bytes();
      return;
    case "fixed32":
      r.skipBytes(4);
      return;
    case "fixed64":
      r.skipBytes(8);
      return;
    case "message": {
      if (!content.own) {
        r.other(content.desc);
        return;
      }
      const end = r.enter();
      skipFields(r, content.desc);
      r.leave(end);
      return;
    }
    case "packed": {
      const end = r.enter();
      while (r.more()) skip(r, content.of);
      r.leave(end);
      return;
    }
    case "entry": {
      // Nothing but its key and its value.
      const end = r.enter();
      while (r.more()) {
        const tag = r.tag();
        if (tag === content.key[0]) skip(r, content.key[1]);
        else if (tag === content.value[0]) skip(r, content.value[1]);
        else throw UNUSUAL;
      }
      r.leave(end);
      return;
    }
  }
}

function contentsOf(schema: DescMessage): Contents {
  let contents = known.get(schema);
  if (contents === undefined) {
    const near: Content[] = [];
    const far = new Map<number, Content>();
    for (const [tag, content] of schema.fields.flatMap(contentsOfField)) {
      if (tag < NEAR) near[tag] = content;
      else far.set(tag, content);
    }
    contents = { near, far };
    known.set(schema, contents);
  }
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
  return [LENGTH, { kind: "message", desc: message, own: message.file.edition === PROTO3 }];
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
