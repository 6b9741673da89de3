// Prints a file's descriptor as a .proto file, without comments and in the order of its declarations. `compare-files.ts`
// compares the meaning of the printed file with that of the descriptor.
import type { DescMessage, MessageShape, Registry } from "@bufbuild/protobuf";
import { toText } from "@bufbuild/protobuf/txtpb";
import {
  type DescriptorProto,
  Edition,
  type EnumDescriptorProto,
  EnumOptionsSchema,
  EnumValueOptionsSchema,
  ExtensionRangeOptionsSchema,
  type FieldDescriptorProto,
  FieldOptionsSchema,
  type FileDescriptorProto,
  FileOptionsSchema,
  FieldDescriptorProto_Label as Label,
  MessageOptionsSchema,
  MethodOptionsSchema,
  OneofOptionsSchema,
  type ServiceDescriptorProto,
  ServiceOptionsSchema,
  SymbolVisibility,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";

/** Context shared by all declarations of one file. */
interface Context {
  readonly registry: Registry;
  readonly syntax: "proto2" | "proto3" | "editions";
}

/**
 * Prints a file.
 *
 * @param registry contains the extensions that options use
 */
export function printFile(file: FileDescriptorProto, registry: Registry): string {
  const cx: Context = { registry, syntax: syntaxOf(file) };
  const imports = file.dependency.map((name, i) => {
    if (file.publicDependency.includes(i)) return `import public ${quoted(name)};`;
    return `import ${file.weakDependency.includes(i) ? "weak " : ""}${quoted(name)};`;
  });
  imports.push(...file.optionDependency.map((name) => `import option ${quoted(name)};`));
  const inline = groupsOf(file.extension);
  const blocks = [
    [cx.syntax === "editions" ? `edition = "${editionName(file.edition)}";` : `syntax = "${cx.syntax}";`],
    file.package === "" ? [] : [`package ${file.package};`],
    imports,
    optionLines(printOptions(FileOptionsSchema, file.options, registry)),
    ...file.messageType.filter(({ name }) => !inline.has(name)).map((desc) => message(desc, cx)),
    ...file.enumType.map((desc) => enumeration(desc, cx)),
    ...extensions(file.extension, file.messageType, cx),
    ...file.service.map((desc) => service(desc, cx)),
  ];
  const texts = blocks.filter((lines) => lines.length > 0).map((lines) => lines.join("\n"));
  return `${texts.join("\n\n")}\n`;
}

function syntaxOf({ syntax }: FileDescriptorProto): Context["syntax"] {
  return syntax === "proto3" || syntax === "editions" ? syntax : "proto2";
}

const editionName = (edition: Edition): string => (Edition[edition] ?? "").replace("EDITION_", "");

/** Messages that stand where their fields do. */
function groupsOf(fields: readonly FieldDescriptorProto[]): ReadonlySet<string> {
  return new Set(fields.filter(({ type }) => type === Type.GROUP).map(localName));
}

function message(desc: DescriptorProto, cx: Context): string[] {
  return block(`${visibility(desc)}message ${desc.name}`, body(desc, cx));
}

/** Returns the visibility keyword, which exists from edition 2024 on. */
function visibility({ visibility: value }: DescriptorProto | EnumDescriptorProto): string {
  if (value === SymbolVisibility.VISIBILITY_EXPORT) return "export ";
  return value === SymbolVisibility.VISIBILITY_LOCAL ? "local " : "";
}

function body(desc: DescriptorProto, cx: Context): string[] {
  const { registry } = cx;
  const inline = groupsOf([...desc.field, ...desc.extension]);
  const nested = desc.nestedType.filter(({ name, options }) => options?.mapEntry !== true && !inline.has(name));
  const options = printOptions(MessageOptionsSchema, desc.options, registry);
  return [
    ...optionLines(options),
    ...nested.flatMap((child) => message(child, cx)),
    ...desc.enumType.flatMap((child) => enumeration(child, cx)),
    ...fields(desc, cx),
    ...extensions(desc.extension, desc.nestedType, cx).flat(),
    ...desc.extensionRange.map(
      ({ start, end, options: of }) =>
        `extensions ${range(start, end - 1)}${inBrackets(printOptions(ExtensionRangeOptionsSchema, of, registry))};`,
    ),
    ...reserved(
      desc.reservedRange.map(({ start, end }) => range(start, end - 1)),
      desc.reservedName,
      cx,
    ),
  ];
}

function fields(desc: DescriptorProto, cx: Context): string[] {
  const done = new Set<number>();
  return desc.field.flatMap((fieldDesc) => {
    if (!inOneof(fieldDesc)) return field(fieldDesc, desc.nestedType, cx);
    if (done.has(fieldDesc.oneofIndex)) return [];
    done.add(fieldDesc.oneofIndex);
    const oneof = desc.oneofDecl[fieldDesc.oneofIndex];
    const members = desc.field.filter((other) => inOneof(other) && other.oneofIndex === fieldDesc.oneofIndex);
    return block(`oneof ${oneof?.name}`, [
      ...optionLines(printOptions(OneofOptionsSchema, oneof?.options, cx.registry)),
      ...members.flatMap((member) => field(member, desc.nestedType, cx)),
    ]);
  });
}

/** Returns true for a member of a declared oneof. Compilers add a oneof for `optional` in proto3. */
const inOneof = (desc: FieldDescriptorProto): boolean => isSet(desc, "oneofIndex") && !desc.proto3Optional;

function field(desc: FieldDescriptorProto, nested: readonly DescriptorProto[], cx: Context): string[] {
  const type = nested.find(({ name }) => name === localName(desc));
  if (desc.type === Type.MESSAGE && type?.options?.mapEntry === true) {
    const [key, value] = type.field;
    const entry = key === undefined || value === undefined ? "" : `${typeName(key)}, ${typeName(value)}`;
    return [`map<${entry}> ${desc.name} = ${desc.number}${fieldOptions(desc, cx)};`];
  }
  if (desc.type === Type.GROUP)
    return block(
      `${label(desc, cx)}group ${localName(desc)} = ${desc.number}${fieldOptions(desc, cx)}`,
      type === undefined ? [] : body(type, cx),
    );
  return `${label(desc, cx)}${typeName(desc)} ${desc.name} = ${desc.number}${fieldOptions(desc, cx)};`.split("\n");
}

function label(desc: FieldDescriptorProto, { syntax }: Context): string {
  if (desc.label === Label.REPEATED) return "repeated ";
  if (desc.label === Label.REQUIRED) return "required ";
  if (inOneof(desc)) return "";
  return desc.proto3Optional || syntax === "proto2" ? "optional " : "";
}

/** `Entry` of `.pkg.Message.Entry`. */
const localName = ({ typeName: name }: FieldDescriptorProto): string => name.slice(name.lastIndexOf(".") + 1);

function typeName(desc: FieldDescriptorProto): string {
  return desc.typeName === "" ? (Type[desc.type] ?? "").toLowerCase() : desc.typeName;
}

function fieldOptions(desc: FieldDescriptorProto, { registry }: Context): string {
  const pseudoOptions: PrintedOption[] = [];
  if (isSet(desc, "defaultValue")) pseudoOptions.push({ name: "default", value: defaultValue(desc) });
  if (isSet(desc, "jsonName") && desc.extendee === "" && desc.jsonName !== jsonNameOf(desc.name))
    pseudoOptions.push({ name: "json_name", value: quoted(desc.jsonName) });
  return inBrackets([...pseudoOptions, ...printOptions(FieldOptionsSchema, desc.options, registry)]);
}

/** Bytes are escaped in the descriptor already. */
function defaultValue({ type, defaultValue: text }: FieldDescriptorProto): string {
  if (type === Type.STRING) return quoted(text);
  return type === Type.BYTES ? `"${text}"` : text;
}

/** Returns the default JSON name of a field. */
export function jsonNameOf(name: string): string {
  return name.replace(/_+(.?)/g, (_, letter: string) => letter.toUpperCase());
}

/** Neighbouring extensions of the same message are one block. */
function extensions(
  all: readonly FieldDescriptorProto[],
  nested: readonly DescriptorProto[],
  cx: Context,
): readonly string[][] {
  const runs: FieldDescriptorProto[][] = [];
  for (const field of all) {
    const run = runs.at(-1);
    if (run?.[0]?.extendee === field.extendee) run.push(field);
    else runs.push([field]);
  }
  return runs.map((run) =>
    block(
      `extend ${run[0]?.extendee}`,
      run.flatMap((fieldDesc) => field(fieldDesc, nested, cx)),
    ),
  );
}

function enumeration(desc: EnumDescriptorProto, cx: Context): string[] {
  return block(`${visibility(desc)}enum ${desc.name}`, [
    ...optionLines(printOptions(EnumOptionsSchema, desc.options, cx.registry)),
    ...desc.value.flatMap(({ name, number, options }) =>
      `${name} = ${number}${inBrackets(printOptions(EnumValueOptionsSchema, options, cx.registry))};`.split("\n"),
    ),
    ...reserved(
      desc.reservedRange.map(({ start, end }) => range(start, end)),
      desc.reservedName,
      cx,
    ),
  ]);
}

function service(desc: ServiceDescriptorProto, { registry }: Context): string[] {
  const rpcs = desc.method.flatMap((method) => {
    const input = `${method.clientStreaming ? "stream " : ""}${method.inputType}`;
    const output = `${method.serverStreaming ? "stream " : ""}${method.outputType}`;
    const options = optionLines(printOptions(MethodOptionsSchema, method.options, registry));
    const head = `rpc ${method.name}(${input}) returns (${output})`;
    return options.length === 0 ? [`${head};`] : block(head, options);
  });
  return block(`service ${desc.name}`, [
    ...optionLines(printOptions(ServiceOptionsSchema, desc.options, registry)),
    ...rpcs,
  ]);
}

function reserved(ranges: readonly string[], names: readonly string[], { syntax }: Context): string[] {
  const shown = syntax === "editions" ? names : names.map(quoted);
  return [ranges, shown].filter((list) => list.length > 0).map((list) => `reserved ${list.join(", ")};`);
}

const LAST_FIELD = 536_870_911;
const LAST_VALUE = 2_147_483_647;

/** Returns a range that includes both ends. */
function range(start: number, end: number): string {
  if (start === end) return String(start);
  return `${start} to ${end >= LAST_VALUE - 1 || end === LAST_FIELD ? "max" : end}`;
}

/** Returns true for a field that is present, even as zero or empty: these messages are of proto2. */
function isSet(desc: FieldDescriptorProto, name: "oneofIndex" | "defaultValue" | "jsonName"): boolean {
  return Object.hasOwn(desc, name);
}

function block(head: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [`${head} {}`] : [`${head} {`, ...lines.map((line) => `  ${line}`), "}"];
}

// Prints options as in a .proto file. protobuf-es writes the values, in the text format; this file writes the names and
// brackets.

/** One option: `deprecated`, `(google.api.http)`, and its value, which may have several lines. */
interface PrintedOption {
  readonly name: string;
  readonly value: string;
}

/**
 * All that is set, one entry for each element of a list. Extensions that the registry does not know are left out.
 *
 * @param schema of `options`, as in FieldOptionsSchema
 */
function printOptions<Desc extends DescMessage>(
  schema: Desc,
  options: MessageShape<Desc> | undefined,
  registry: Registry,
): readonly PrintedOption[] {
  if (options === undefined) return [];
  const found: { name: string; value: string }[] = [];
  for (const line of toText(schema, options, { registry }).split("\n")) {
    const last = found.at(-1);
    const [, name = "", value = ""] = /^(\[[^\]]+\]|\w+):? (.*)$/.exec(line) ?? [];
    if (name !== "") found.push({ name: name.replace(/^\[(.*)\]$/, "($1)"), value });
    // Inside of a value, or its end: what begins an entry is not indented.
    else if (last !== undefined && line !== "") last.value += `\n${line}`;
  }
  return found;
}

/** Returns the lines of `option name = value;` statements. */
function optionLines(options: readonly PrintedOption[]): string[] {
  return options.flatMap(({ name, value }) => `option ${name} = ${value};`.split("\n"));
}

/** ` [name = value, …]`, or nothing. */
function inBrackets(options: readonly PrintedOption[]): string {
  if (options.length === 0) return "";
  return ` [${options.map(({ name, value }) => `${name} = ${value}`).join(", ")}]`;
}

/** A text as a literal. */
function quoted(text: string): string {
  const escaped = text.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what has to be escaped
  return `"${escaped.replace(/[\x00-\x1f\x7f]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`)}"`;
}
