// `<file>_codec.ts`: functions that read and write messages on the wire, without reflection.

import { type DescField, type DescMessage, type DescOneof, ScalarType } from "@bufbuild/protobuf";
import type { GeneratedFile } from "@bufbuild/protoplugin";
import { is64Bit } from "../../model/is-64-bit.ts";
import { byNumber } from "../../plan/codec/plan-codec.ts";
import type { CodecMessage, CodecRoot, PlanCodec } from "../../plan/model/codec.ts";
import type { PlanFile } from "../../plan/model/plan.ts";
import { codecPath, FileNames } from "../names/file-names.ts";
import { divided } from "../text/function-parts.ts";
import { block, importComments, type Line, type Lines, protectWords } from "../text/lines.ts";
import { zeroOf, zeroOfScalar } from "../text/zero-of.ts";
import { MAX_CHAIN } from "../values/long-choice.ts";
import {
  CHECKED,
  isUnwrapped,
  KEYED_BY_NUMBER,
  LENGTH,
  methodOf,
  scalarName,
  scalarOf,
  tagOf,
  wireTypeOf,
} from "./wire-format.ts";

export function emitCodec(file: PlanFile, codec: PlanCodec, f: GeneratedFile): void {
  const names = new FileNames(f, file.desc);
  const lines: Line[] = [["// ---- sent messages ----"], []];
  for (const message of codec.encodes) lines.push(...emitRoot(message, "encode", codec, names), []);
  for (const message of codec.writers.values()) lines.push(...emitWriter(message, codec, names), []);
  lines.push(["// ---- received messages ----"], []);
  for (const message of codec.decodes) lines.push(...emitRoot(message, "decode", codec, names), []);
  for (const message of codec.readers.values()) lines.push(...emitReader(message, codec, names), []);
  f.preamble(file.desc);
  while (lines.at(-1)?.length === 0) lines.pop();
  for (const row of importComments(lines, f.importSchema(file.desc).from)) f.print(...row);
  for (const row of protectWords(lines, f, `./${codecPath(file.desc)}.js`)) f.print(...row);
}

/** `encodeSummary`, `decodeSummary`: a whole message, as calls and rpcs need it. */
function emitRoot({ desc, name, why }: CodecRoot, way: "encode" | "decode", codec: PlanCodec, names: FileNames): Lines {
  const schema = names.schema(desc);
  const print = (doc: string, of: Line, maker: string, argument = ""): Lines => [
    [`/** ${desc.typeName}${doc} */`],
    [`export const ${way}${name}: `, ...of, " = ", names.runtime(maker), "(", schema, `${argument});`],
  ];
  const decoderOf = (shape: Line): Line => [names.runtimeType("Decoder"), "<", ...shape, ">"];
  const whole = decoderOf([names.shape(desc)]);
  const encoder: Line = [names.runtimeType("Encoder"), "<typeof ", schema, ">"];
  const byDescriptor = `, by protobuf-es (${why})`;
  if (way === "encode")
    return why === undefined
      ? print("", encoder, "encoder", `, write${name}`)
      : print(byDescriptor, encoder, "otherEncoder");
  if (codec.passed.has(desc)) return print(", passed on", whole, "passer");
  if (why !== undefined) return print(byDescriptor, whole, "otherDecoder");
  return print("", decoderOf(readShape(desc, codec, names)), "decoder", `, read${name}`);
}

/** Returns the type of a received message: the part that is read, or the whole message. */
function readShape(desc: DescMessage, { readers }: PlanCodec, names: FileNames): Line {
  const reader = readers.get(desc);
  return reader?.fields === undefined ? [names.shape(desc)] : [`${reader.name}Read`];
}

/** Returns the types of messages that are read in part. */
export function readTypes(codec: PlanCodec | undefined): ReadonlyMap<DescMessage, string> {
  const parts = [...(codec?.readers.values() ?? [])].filter(({ fields }) => fields !== undefined);
  return new Map(parts.map(({ desc, name }) => [desc, `${name}Read`]));
}

// ---- writing ----

function emitWriter({ desc, name, fields }: CodecMessage, codec: PlanCodec, names: FileNames): Lines {
  const unknown: Lines = fields === undefined ? [["w.unknown(message);"]] : [];
  const statements = runsOf(fields ?? byNumber(desc.fields)).map((run) => writeRun(run, codec, names));
  const message: Line = [names.protobufType("MessageInitShape"), "<typeof ", names.schemaType(desc), ">"];
  const print = (of: string, body: Lines): Lines => {
    const [w, parameter] = body.length === 0 ? ["_w", "_message"] : ["w", "message"];
    const head: Line = [`function ${of}(${w}: `, names.runtimeType("Writer"), `, ${parameter}: `, ...message];
    return block([...head, "): void {"], body, ["}"]);
  };
  return divided([...statements, unknown], { verb: "write", name, parameters: "w, message", print });
}

/** Fields in their order: those of a long oneof that follow each other together, all others alone. */
function runsOf(fields: readonly DescField[]): readonly (readonly DescField[])[] {
  const long = longOneofs(fields);
  const runs: DescField[][] = [];
  for (const field of fields) {
    const last = runs.at(-1);
    if (field.oneof !== undefined && long.has(field.oneof) && last?.[0]?.oneof === field.oneof) last.push(field);
    else runs.push([field]);
  }
  return runs;
}
function longOneofs(fields: readonly DescField[]): ReadonlySet<DescOneof> {
  const byOneof = Map.groupBy(fields, ({ oneof }) => oneof);
  return new Set([...byOneof].flatMap(([oneof, of]) => (oneof !== undefined && of.length > MAX_CHAIN ? [oneof] : [])));
}
function writeRun(run: readonly DescField[], codec: PlanCodec, names: FileNames): Lines {
  const [first, second] = run;
  if (first?.oneof === undefined || second === undefined)
    return run.flatMap((field) => writeField(field, codec, names));
  const oneof = `message.${first.oneof.localName}`;
  const cases = run.map((field): Line => {
    const write = writeSingular(field, `${oneof}.value`, codec, names);
    return [`case ${JSON.stringify(field.localName)}: `, ...write, " break;"];
  });
  return block([`switch (${oneof}?.case) {`], cases, ["}"]);
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
      return [[`for (const item of ${read} ?? []) `, ...writeSingular(field, "item", codec, names)]];
    }
    case "map": {
      const key = keyOf(field.mapKey);
      return block(
        [`for (const [key, value] of Object.entries(${read} ?? {})) {`],
        [
          [`w.open(${tagOf(field.number, LENGTH)});`],
          [`w.tag(${tagOf(1, wireTypeOf(field.mapKey))}).${scalarName(field.mapKey)}(${key});`],
          writeSingular(field, "value", codec, names, { number: 2 }),
          ["w.close();"],
        ],
        ["}"],
      );
    }
    default: {
      if (field.oneof !== undefined) {
        const oneof = `message.${field.oneof.localName}`;
        const set = `${oneof}?.case === ${JSON.stringify(field.localName)}`;
        return [writeSingular(field, `${oneof}.value`, codec, names, { set })];
      }
      return [writeSingular(field, read, codec, names, { set: isSet(field, read) })];
    }
  }
}

/**
 * Returns the condition under which a field is sent. A field of implicit presence is not sent if it has the default
 * value; -0 is not the default.
 */
function isSet(field: DescField, read: string): string {
  if (field.presence !== IMPLICIT || field.fieldKind === "message") return `${read} !== undefined`;
  if (field.fieldKind === "enum") return `${read} !== undefined && ${read} !== 0`;
  switch (field.scalar) {
    case ScalarType.STRING:
    case ScalarType.BOOL:
      return read;
    case ScalarType.BYTES:
      return `${read}?.length`;
    case ScalarType.FLOAT:
    case ScalarType.DOUBLE:
      return `${read} !== undefined && !Object.is(${read}, 0)`;
    default:
      return is64Bit(field.scalar) ? read : `${read} !== undefined && ${read} !== 0`;
  }
}
const IMPLICIT = 2;

/** @param set the condition under which the field is sent */
function writeSingular(
  field: DescField,
  value: string,
  codec: PlanCodec,
  names: FileNames,
  { set, number = field.number }: { readonly set?: string; readonly number?: number } = {},
): Line {
  const { message } = field;
  const when = (conditions: readonly (string | undefined)[]): string => {
    const all = conditions.filter((condition) => condition !== undefined);
    return all.length === 0 ? "" : `if (${all.join(" && ")}) `;
  };
  const tag = tagOf(number, message === undefined ? wireTypeOf(scalarOf(field)) : LENGTH);
  if (message === undefined) return [`${when([set])}w.tag(${tag}).${methodOf(field)}(${value});`];
  const inside = isUnwrapped(field) ? `{ value: ${value} }` : value;
  const writer = codec.writers.get(message);
  if (writer === undefined) return [`${when([set])}w.tag(${tag}).other(`, names.schema(message), `, ${inside});`];
  const passed = codec.passed.has(message) ? `!w.passed(${tag}, ${inside})` : undefined;
  return [`${when([set, passed])}{ w.open(${tag}); write${writer.name}(w, ${inside}); w.close(); }`];
}

/** The key of an entry, as protobuf-es reads it from the property's name. */
function keyOf(key: ScalarType): string {
  switch (key) {
    case ScalarType.STRING:
      return "key";
    case ScalarType.BOOL:
      return 'key !== "false" && key !== ""';
    default:
      return is64Bit(key) ? "BigInt(key)" : "Number.parseInt(key)";
  }
}

// ---- reading ----

function emitReader(reader: CodecMessage, codec: PlanCodec, names: FileNames): Lines {
  const { desc, name, fields } = reader;
  const shape = readShape(desc, codec, names);
  const read = fields ?? byNumber(desc.fields);
  const slots = new Set(read.map((field) => field.oneof ?? field));
  const zero = block(
    ["const message: ", ...shape, " = {"],
    [
      [`$typeName: ${JSON.stringify(desc.typeName)},`],
      ...desc.members
        .filter((member) => slots.has(member))
        .map((member): Line => [`${member.localName}: ${zeroOf(member)},`]),
    ],
    ["};"],
  );
  const others: Line =
    fields === undefined
      ? ["default: unknown = r.unknown(tag, ", names.schema(desc), ", unknown);"]
      : ["default: r.skip(tag, ", names.schema(desc), ");"];
  const unknown: Line = ["let unknown: ", names.protobufType("UnknownField"), "[] | undefined;"];
  // In the loop TypeScript would compare the value of each member with the values of all others.
  const composed = read.filter(({ message }) => message !== undefined);
  const long = new Map([...longOneofs(composed)].map((oneof, i) => [oneof, `once${i + 1}`]));
  const checks = [...long].map(([{ localName }, check]): Line => {
    return [`const ${check} = (name: string): void => r.once(message.${localName}.case !== name);`];
  });
  const rows = read.flatMap((field) => readField(field, codec, names, long));
  const cases = block(["switch (tag) {"], [...rows, others], ["}"]);
  const loop: Lines =
    read.length === 0 && fields !== undefined
      ? [["while (r.more()) r.skip(r.tag(), ", names.schema(desc), ");"]]
      : block(["while (r.more()) {"], [["const tag = r.tag();"], ...cases], ["}"]);
  return [
    ...(fields === undefined ? [] : [...readType(reader, codec, names), []]),
    ...block(
      [`function read${name}(r: `, names.runtimeType("Reader"), "): ", ...shape, " {"],
      [
        ...zero,
        ...checks,
        ...(fields === undefined ? [unknown] : []),
        ...loop,
        ...(fields === undefined ? [["if (unknown !== undefined) message.$unknown = unknown;"]] : []),
        [CHECKED.has(desc.typeName) ? "return r.allowed(message);" : "return message;"],
      ],
      ["}"],
    ),
  ];
}

/** Prints `interface SummaryRead`: the message without its unread fields. */
function readType({ desc, name, fields }: CodecMessage, codec: PlanCodec, names: FileNames): Lines {
  const parts = readTypes(codec);
  const reserved: string[] = ["$typeName"];
  const rest: Line[] = [];
  for (const member of desc.members) {
    const members = member.kind === "oneof" ? member.fields : [member];
    if (!members.some((field) => fields?.includes(field))) continue;
    const part = member.kind === "oneof" || member.message === undefined ? undefined : parts.get(member.message);
    if (part === undefined || member.kind === "oneof") reserved.push(member.localName);
    else rest.push([partOf(member, part)]);
  }
  const keys = reserved.map((key) => JSON.stringify(key)).join(" | ");
  const open: Line = [`export interface ${name}Read extends Pick<`, names.shape(desc), `, ${keys}> {`];
  return [
    [`/** The fields of ${desc.typeName} that the BFF reads. */`],
    ...(rest.length === 0 ? [[...open, "}"]] : block(open, rest, ["}"])),
  ];
}
function partOf(field: DescField, part: string): string {
  switch (field.fieldKind) {
    case "list":
      return `${field.localName}: ${part}[];`;
    case "map":
      return `${field.localName}: { [key: ${KEYED_BY_NUMBER.has(field.mapKey) ? "number" : "string"}]: ${part} };`;
    default:
      return `${field.localName}?: ${part} | undefined;`;
  }
}

/** @param long the function that checks a oneof with many members */
function readField(field: DescField, codec: PlanCodec, names: FileNames, long: ReadonlyMap<DescOneof, string>): Lines {
  const at = `message.${field.localName}`;
  const read = readSingular(field, codec, names);
  switch (field.fieldKind) {
    case "list": {
      const single: Line = [
        `case ${tagOf(field.number, wireTypeOf(scalarOf(field)))}: ${at}.push(`,
        ...read,
        "); break;",
      ];
      if (wireTypeOf(scalarOf(field)) === LENGTH) return [single];
      const packed = block(
        [`case ${tagOf(field.number, LENGTH)}: {`],
        [["const end = r.enter();"], [`while (r.more()) ${at}.push(`, ...read, ");"], ["r.leave(end);"], ["break;"]],
        ["}"],
      );
      return [single, ...packed];
    }
    case "map":
      return readEntry(field, read);
    default: {
      const wire = `case ${tagOf(field.number, wireTypeOf(scalarOf(field)))}: `;
      if (field.oneof !== undefined) {
        const oneof = `message.${field.oneof.localName}`;
        const name = JSON.stringify(field.localName);
        const check = long.get(field.oneof);
        const once = check === undefined ? `r.once(${oneof}.case !== ${name}); ` : `${check}(${name}); `;
        return [
          [wire, field.message === undefined ? "" : once, `${oneof} = { case: ${name}, value: `, ...read, " }; break;"],
        ];
      }
      if (field.message === undefined) return [[wire, `${at} = `, ...read, "; break;"]];
      const value = isUnwrapped(field) ? ".value" : "";
      return [[wire, `r.once(${at} === undefined); ${at} = `, ...read, `${value}; break;`]];
    }
  }
}

function readEntry(field: DescField & { fieldKind: "map" }, read: Line): Lines {
  const at = `message.${field.localName}`;
  const key = readKey(field.mapKey);
  const scalar = scalarOf(field);
  const value: Line = scalar === undefined ? ["r.once(value === undefined); value = ", ...read] : ["value = ", ...read];
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
            [`case ${tagOf(1, wireTypeOf(field.mapKey))}: key = r.${scalarName(field.mapKey)}(); break;`],
            [`case ${tagOf(2, wireTypeOf(scalar))}: `, ...value, "; break;"],
            ["default: r.unusual();"],
          ],
          ["}"],
        ),
        ["}"],
      ),
      ["r.leave(end);"],
      [`${at}[${key}] = ${scalar === undefined ? "r.required(value)" : `value ?? ${zeroOfScalar(scalar)}`};`],
      ["break;"],
    ],
    ["}"],
  );
}

/** The property of a map's object that an entry sets. */
function readKey(scalar: ScalarType): string {
  if (scalar === ScalarType.STRING) return "r.key(key)";
  return KEYED_BY_NUMBER.has(scalar) ? "key" : "String(key)";
}

function readSingular(field: DescField, codec: PlanCodec, names: FileNames): Line {
  const { message } = field;
  if (message === undefined) return [field.enum === undefined ? `r.${methodOf(field)}()` : "r.enum()"];
  if (codec.passed.has(message)) return ["r.passed(", names.schema(message), ")"];
  const reader = codec.readers.get(message);
  return reader !== undefined ? [`r.message(read${reader.name})`] : ["r.other(", names.schema(message), ")"];
}
