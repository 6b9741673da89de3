// `<file>_codec.ts`: how what goes over the wire is read and written, without reflection.
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import type { GeneratedFile } from "@bufbuild/protoplugin";
import type { PlanFile } from "../plan/plan.ts";
import type { CodecMessage, CodecRoot, PlanCodec } from "../plan/plan-codec.ts";
import { codecPath, FileNames } from "./file-names.ts";
import { block, type Line, type Lines } from "./lines.ts";
import { keepOwnWords } from "./own-words.ts";

export function emitCodec(file: PlanFile, codec: PlanCodec, f: GeneratedFile): void {
  const names = new FileNames(f, file.desc);
  const lines: Line[] = [["// ---- what is sent ----"], []];
  for (const message of codec.encodes) lines.push(...emitRoot(message, "encode", names), []);
  for (const message of codec.writers.values()) lines.push(...emitWriter(message, codec, names), []);
  lines.push(["// ---- what is received ----"], []);
  for (const message of codec.decodes) lines.push(...emitRoot(message, "decode", names), []);
  for (const message of codec.readers.values()) lines.push(...emitReader(message, codec, names), []);
  f.preamble(file.desc);
  while (lines.at(-1)?.length === 0) lines.pop();
  for (const row of keepOwnWords(lines, f, `./${codecPath(file.desc)}.js`)) f.print(...row);
}

/** `encodeSummary`, `decodeSummary`: a whole message, as calls and rpcs need it. */
function emitRoot({ desc, name, why }: CodecRoot, way: "encode" | "decode", names: FileNames): Lines {
  const made: Line =
    why === undefined
      ? [names.runtime(`${way}r`), "(", names.schema(desc), `, ${way === "encode" ? "write" : "read"}${name});`]
      : [names.runtime(`other${way === "encode" ? "Encoder" : "Decoder"}`), "(", names.schema(desc), ");"];
  const doc = why === undefined ? desc.typeName : `${desc.typeName}, by protobuf-es (${why})`;
  return [[`/** ${doc} */`], [`export const ${way}${name} = `, ...made]];
}

// ---- writing ----

function emitWriter({ desc, name }: CodecMessage, codec: PlanCodec, names: FileNames): Lines {
  const fields = [...desc.fields].sort((a, b) => a.number - b.number);
  const message: Line = [names.protobufType("MessageInitShape"), "<typeof ", names.schemaType(desc), ">"];
  return block(
    [`function write${name}(w: `, names.runtimeType("Writer"), ", message: ", ...message, "): void {"],
    [...fields.flatMap((field) => writeField(field, codec, names)), ["w.unknown(message);"]],
    ["}"],
  );
}

function writeField(field: DescField, codec: PlanCodec, names: FileNames): Lines {
  const read = `message.${field.localName}`;
  switch (field.fieldKind) {
    case "list": {
      if (field.packed) {
        const rows = [
          [`w.open(${tagOf(field.number, LENGTH)});`],
          [`for (const item of ${read}) w.${methodOf(field)}(item);`],
          ["w.close();"],
        ];
        return block([`if (${read}?.length) {`], rows, ["}"]);
      }
      return [[`for (const item of ${read} ?? []) `, ...writeOne(field, "item", codec, names)]];
    }
    case "map": {
      const key = keyOf(field.mapKey);
      return block(
        [`for (const [key, value] of Object.entries(${read} ?? {})) {`],
        [
          [`w.open(${tagOf(field.number, LENGTH)});`],
          [`w.tag(${tagOf(1, wireTypeOf(field.mapKey))}).${SCALARS[field.mapKey]}(${key});`],
          writeOne(field, "value", codec, names, 2),
          ["w.close();"],
        ],
        ["}"],
      );
    }
    default: {
      if (field.oneof !== undefined) {
        const oneof = `message.${field.oneof.localName}`;
        const set = `if (${oneof}?.case === ${JSON.stringify(field.localName)}) `;
        return [[set, ...writeOne(field, `${oneof}.value`, codec, names)]];
      }
      return [[`if (${isSet(field, read)}) `, ...writeOne(field, read, codec, names)]];
    }
  }
}

/** Whether a field goes out. A value of implicit presence stays at home when it is the default; -0 is none. */
function isSet(field: DescField, read: string): string {
  if (field.presence !== IMPLICIT || field.fieldKind === "message") return `${read} !== undefined`;
  if (field.fieldKind === "enum") return `${read} !== undefined && ${read} !== 0`;
  switch (field.scalar) {
    case ScalarType.STRING:
    case ScalarType.BOOL:
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return read;
    case ScalarType.BYTES:
      return `${read}?.length`;
    case ScalarType.FLOAT:
    case ScalarType.DOUBLE:
      return `${read} !== undefined && !Object.is(${read}, 0)`;
    default:
      return `${read} !== undefined && ${read} !== 0`;
  }
}
const IMPLICIT = 2;

function writeOne(field: DescField, value: string, codec: PlanCodec, names: FileNames, number = field.number): Line {
  const { message } = field;
  if (message === undefined)
    return [`w.tag(${tagOf(number, wireTypeOf(scalarOf(field)))}).${methodOf(field)}(${value});`];
  const inside = isUnwrapped(field) ? `{ value: ${value} }` : value;
  const writer = codec.writers.get(message);
  if (writer === undefined) return [`w.tag(${tagOf(number, LENGTH)}).other(`, names.schema(message), `, ${inside});`];
  return [`{ w.open(${tagOf(number, LENGTH)}); write${writer.name}(w, ${inside}); w.close(); }`];
}

/** The key of an entry, as protobuf-es reads it from the property's name. */
function keyOf(key: ScalarType): string {
  switch (key) {
    case ScalarType.STRING:
      return "key";
    case ScalarType.BOOL:
      return 'key !== "false" && key !== ""';
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return "BigInt(key)";
    default:
      return "Number.parseInt(key)";
  }
}

// ---- reading ----

function emitReader({ desc, name }: CodecMessage, codec: PlanCodec, names: FileNames): Lines {
  const shape = names.shape(desc);
  const zero = block(
    ["const message: ", shape, " = {"],
    [
      [`$typeName: ${JSON.stringify(desc.typeName)},`],
      ...desc.members.map((member): Line => [`${member.localName}: ${zeroOf(member)},`]),
    ],
    ["};"],
  );
  const fields = [...desc.fields].sort((a, b) => a.number - b.number);
  const unknown: Line = ["default: unknown = r.unknown(tag, ", names.schema(desc), ", unknown);"];
  return block(
    [`function read${name}(r: `, names.runtimeType("Reader"), "): ", shape, " {"],
    [
      ...zero,
      ["let unknown: ", names.protobufType("UnknownField"), "[] | undefined;"],
      ...block(
        ["while (r.more()) {"],
        [
          ["const tag = r.tag();"],
          ...block(["switch (tag) {"], [...fields.flatMap((field) => readField(field, codec, names)), unknown], ["}"]),
        ],
        ["}"],
      ),
      ["if (unknown !== undefined) message.$unknown = unknown;"],
      ["return message;"],
    ],
    ["}"],
  );
}

function zeroOf(member: DescMessage["members"][number]): string {
  if (member.kind === "oneof") return "{ case: undefined }";
  if (member.fieldKind === "list") return "[]";
  if (member.fieldKind === "map") return "{}";
  if (member.fieldKind === "message" || member.presence !== IMPLICIT) return "undefined";
  return member.fieldKind === "enum" ? "0" : zeroOfScalar(member.scalar);
}
function zeroOfScalar(scalar: ScalarType): string {
  switch (scalar) {
    case ScalarType.STRING:
      return '""';
    case ScalarType.BOOL:
      return "false";
    case ScalarType.BYTES:
      return "new Uint8Array()";
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return "0n";
    default:
      return "0";
  }
}

function readField(field: DescField, codec: PlanCodec, names: FileNames): Lines {
  const at = `message.${field.localName}`;
  const one = readOne(field, codec, names);
  switch (field.fieldKind) {
    case "list": {
      const single: Line = [
        `case ${tagOf(field.number, wireTypeOf(scalarOf(field)))}: ${at}.push(`,
        ...one,
        "); break;",
      ];
      if (wireTypeOf(scalarOf(field)) === LENGTH) return [single];
      const packed = block(
        [`case ${tagOf(field.number, LENGTH)}: {`],
        [["const end = r.enter();"], [`while (r.more()) ${at}.push(`, ...one, ");"], ["r.leave(end);"], ["break;"]],
        ["}"],
      );
      return [single, ...packed];
    }
    case "map":
      return readEntry(field, one);
    default: {
      const wire = `case ${tagOf(field.number, wireTypeOf(scalarOf(field)))}: `;
      if (field.oneof !== undefined) {
        const oneof = `message.${field.oneof.localName}`;
        const name = JSON.stringify(field.localName);
        const once = field.message === undefined ? "" : `r.once(${oneof}.case !== ${name}); `;
        return [[wire, once, `${oneof} = { case: ${name}, value: `, ...one, " }; break;"]];
      }
      if (field.message === undefined) return [[wire, `${at} = `, ...one, "; break;"]];
      const value = isUnwrapped(field) ? ".value" : "";
      return [[wire, `r.once(${at} === undefined); ${at} = `, ...one, `${value}; break;`]];
    }
  }
}

function readEntry(field: DescField & { fieldKind: "map" }, one: Line): Lines {
  const at = `message.${field.localName}`;
  const keyed = SCALARS[field.mapKey];
  const key = keyed === "string" ? "r.key(key)" : KEYED_BY_NUMBER.has(field.mapKey) ? "key" : "String(key)";
  const scalar = field.mapKind === "message" ? undefined : field.mapKind === "enum" ? ScalarType.INT32 : field.scalar;
  const value: Line = scalar === undefined ? ["r.once(value === undefined); value = ", ...one] : ["value = ", ...one];
  return block(
    [`case ${tagOf(field.number, LENGTH)}: {`],
    [
      ["const end = r.enter();"],
      [`let key = ${zeroOfScalar(field.mapKey)};`],
      [`let value: typeof ${at}[${KEYED_BY_NUMBER.has(field.mapKey) ? "number" : "string"}] | undefined;`],
      ...block(
        ["while (r.more()) {"],
        block(
          ["switch (r.tag()) {"],
          [
            [`case ${tagOf(1, wireTypeOf(field.mapKey))}: key = r.${keyed}(); break;`],
            [`case ${tagOf(2, wireTypeOf(scalar))}: `, ...value, "; break;"],
            ["default: r.unusual();"],
          ],
          ["}"],
        ),
        ["}"],
      ),
      ["r.leave(end);"],
      [`${at}[${key}] = ${scalar === undefined ? "r.given(value)" : `value ?? ${zeroOfScalar(scalar)}`};`],
      ["break;"],
    ],
    ["}"],
  );
}

function readOne(field: DescField, codec: PlanCodec, names: FileNames): Line {
  const { message } = field;
  if (message === undefined) return [field.enum === undefined ? `r.${methodOf(field)}()` : "r.enum()"];
  const reader = codec.readers.get(message);
  return reader !== undefined ? [`r.message(read${reader.name})`] : ["r.other(", names.schema(message), ")"];
}

// ---- the wire format ----

const LENGTH = 2;
const tagOf = (number: number, wireType: number): number => number * 8 + wireType;

/** Enums are written as int32; undefined for messages. */
function scalarOf(field: DescField): ScalarType | undefined {
  return field.message !== undefined ? undefined : field.enum !== undefined ? ScalarType.INT32 : field.scalar;
}
function methodOf(field: DescField): string {
  return SCALARS[scalarOf(field) ?? ScalarType.BYTES];
}
function wireTypeOf(scalar: ScalarType | undefined): number {
  switch (scalar) {
    case undefined:
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return LENGTH;
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return 1;
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return 5;
    default:
      return 0;
  }
}
/** A wrapper (google.protobuf.StringValue) that protobuf-es shows as the value inside. */
function isUnwrapped(field: DescField): boolean {
  return field.fieldKind === "message" && field.oneof === undefined && isWrapperDesc(field.message);
}

/** What Reader and Writer call them. */
const SCALARS: Readonly<Record<ScalarType, string>> = {
  [ScalarType.DOUBLE]: "double",
  [ScalarType.FLOAT]: "float",
  [ScalarType.INT64]: "int64",
  [ScalarType.UINT64]: "uint64",
  [ScalarType.INT32]: "int32",
  [ScalarType.FIXED64]: "fixed64",
  [ScalarType.FIXED32]: "fixed32",
  [ScalarType.BOOL]: "bool",
  [ScalarType.STRING]: "string",
  [ScalarType.BYTES]: "bytes",
  [ScalarType.UINT32]: "uint32",
  [ScalarType.SFIXED32]: "sfixed32",
  [ScalarType.SFIXED64]: "sfixed64",
  [ScalarType.SINT32]: "sint32",
  [ScalarType.SINT64]: "sint64",
};
const KEYED_BY_NUMBER: ReadonlySet<ScalarType> = new Set([
  ScalarType.INT32,
  ScalarType.UINT32,
  ScalarType.SINT32,
  ScalarType.FIXED32,
  ScalarType.SFIXED32,
]);
