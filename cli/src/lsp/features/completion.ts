import type { DescField, DescMessage, Registry } from "@bufbuild/protobuf";
import { getComments } from "protoc-gen-bff/compiler";
import { textOf, valuesOf, type WrittenMessage } from "protoc-gen-bff/internal/language";
import { type CompletionItem, CompletionItemKind, type CompletionList } from "vscode-languageserver";
import { describeVariable, type Offer, offersAt } from "../expressions/offers.ts";
import { holeAt, meaningOf, type Named } from "../options/meanings.ts";
import { fieldNameOf, type TypedPath, typedPath } from "../options/typed-path.ts";
import { aliasesAround, fieldAt, requestAround } from "../program/named.ts";
import type { Program, SourceFile } from "../program/program.ts";
import { type Cursor, cursorAt, type ValuePlace } from "../syntax/cursor.ts";

const KINDS: Readonly<Record<Offer["kind"], CompletionItemKind>> = {
  "enum value": CompletionItemKind.EnumMember,
  field: CompletionItemKind.Field,
  function: CompletionItemKind.Function,
  macro: CompletionItemKind.Keyword,
  namespace: CompletionItemKind.Module,
  type: CompletionItemKind.Class,
  variable: CompletionItemKind.Variable,
};
/** Maximum number of completions in one answer. */
const MOST = 1_000;

/** Returns the completions at an offset of a text, which may be broken. */
export function complete(program: Program, file: SourceFile, offset: number): CompletionList {
  const cursor = cursorAt(file.parsed, offset);
  const found = cursor === undefined ? [] : completions(program, file, cursor, offset);
  return { isIncomplete: found.length > MOST, items: found.slice(0, MOST) };
}

function completions(program: Program, file: SourceFile, cursor: Cursor, offset: number): CompletionItem[] {
  const path = typedPath(cursor, program.registry, file.parsed.package);
  if (path === undefined) return [];
  if (cursor.kind === "key") return keys(path, cursor.message, file, offset);
  if (cursor.kind === "scalar") return values(path, file, offset);
  const meaning = meaningOf(fieldNameOf(path));
  if (meaning?.kind === "name") return names(meaning.of, cursor, program, file, offset);
  if (meaning === undefined) return [];
  const hole = meaning.kind === "template" ? holeAt(cursor.text, cursor.at) : { text: cursor.text, from: 0 };
  if (hole === undefined) return [];
  const items = new Map<string, CompletionItem>();
  for (const scope of program.scopesAt(file, cursor)) {
    const { offers, replaced } = offersAt(hole.text, cursor.at - hole.from, scope, program.registry);
    const range = rangeOf(file, offset - replaced, offset);
    for (const offer of offers) if (!items.has(offer.label)) items.set(offer.label, itemOf(offer, range));
  }
  return [...items.values()];
}

function itemOf(
  { label, kind, detail, insert = label, desc }: Offer,
  range: ReturnType<typeof rangeOf>,
): CompletionItem {
  return {
    label,
    kind: KINDS[kind],
    detail,
    filterText: label,
    sortText: `${kind === "variable" || kind === "field" || kind === "enum value" ? 0 : 1}${label}`,
    textEdit: { range, newText: insert },
    ...(desc && { documentation: commentOf(desc) }),
  };
}

function rangeOf({ document }: SourceFile, from: number, to: number) {
  return { start: document.positionAt(from), end: document.positionAt(to) };
}

/** The comment of a declaration. */
export function commentOf(desc: Parameters<typeof getComments>[0]): string {
  return (getComments(desc).leading ?? "").replace(/^ /gm, "").trim();
}

/** Keys of a message of options, without those that are set and not repeated. */
function keys(
  { message, rule, fields }: TypedPath,
  around: WrittenMessage | undefined,
  file: SourceFile,
  offset: number,
): CompletionItem[] {
  const desc = message ?? (fields.length === 0 ? rule : undefined);
  if (desc === undefined) return [];
  const range = wordRange(file, offset);
  return desc.fields
    .filter(
      (field) =>
        field.fieldKind === "list" ||
        around === undefined ||
        !around.fields.some(({ key }) => key.text === field.name && key.to < offset),
    )
    .map((field) => ({
      label: field.name,
      kind: CompletionItemKind.Property,
      detail: typeOfOption(field),
      documentation: commentOf(field),
      textEdit: { range, newText: around === undefined ? field.name : keyText(field) },
    }));
}

function keyText(field: DescField): string {
  return field.message === undefined ? `${field.name}: ` : `${field.name}: { `;
}

export function typeOfOption(field: DescField): string {
  const type = field.message?.name ?? field.enum?.name ?? (field.scalar === undefined ? "" : SCALARS[field.scalar]);
  return field.fieldKind === "list" ? `repeated ${type}` : (type ?? "");
}
/** By number of google.protobuf.FieldDescriptorProto.Type. */
const SCALARS: Readonly<Record<number, string>> = { 1: "double", 4: "uint64", 8: "bool", 9: "string", 13: "uint32" };

function wordRange(file: SourceFile, offset: number) {
  const before = file.document.getText().slice(Math.max(0, offset - 200), offset);
  return rangeOf(file, offset - (/\w*$/.exec(before)?.[0].length ?? 0), offset);
}

/** Values of enums and bools. */
function values({ fields }: TypedPath, file: SourceFile, offset: number): CompletionItem[] {
  const field = fields.at(-1);
  const range = wordRange(file, offset);
  if (field?.scalar === 8)
    return ["true", "false"].map((label) => ({
      label,
      kind: CompletionItemKind.Value,
      textEdit: { range, newText: label },
    }));
  return (field?.enum?.values ?? []).map((value) => ({
    label: value.name,
    kind: CompletionItemKind.EnumMember,
    documentation: commentOf(value),
    textEdit: { range, newText: value.name },
  }));
}

/** Names in a string: they replace the whole string up to the cursor. */
function names(
  of: Named,
  cursor: Cursor & { readonly kind: "string" },
  program: Program,
  file: SourceFile,
  offset: number,
): CompletionItem[] {
  const range = rangeOf(file, offset - cursor.at, offset);
  const before = cursor.text.slice(0, cursor.text.lastIndexOf(".", cursor.at - 1) + 1);
  return [...namesOf(of, cursor, before, program, file)].map(({ label, detail, documentation, kind }) => ({
    label,
    kind,
    detail,
    documentation,
    filterText: label,
    textEdit: { range, newText: label },
  }));
}

interface Name {
  readonly label: string;
  readonly kind: CompletionItemKind;
  readonly detail: string;
  readonly documentation: string;
}

/** @param before the path before the cursor, with its last dot */
function* namesOf(of: Named, place: ValuePlace, before: string, program: Program, file: SourceFile): Generator<Name> {
  const { registry } = program;
  const { package: container } = file.parsed;
  if (of === "method" || of === "service") yield* upstreams(of, registry);
  else if (of === "message" || of === "enum") yield* types(of, registry, container);
  else if (of === "step") yield* steps(place, program, file);
  else if (of === "path" || of === "key field") yield* requestFields(place, before, program, container);
  else if (of === "field")
    for (const desc of aliasesAround(place, registry, container)) yield* fieldNames(desc, before);
}

function* upstreams(of: "method" | "service", registry: Registry): Generator<Name> {
  for (const desc of registry) {
    if (desc.kind !== "service") continue;
    const { typeName } = desc;
    if (of === "service") {
      yield { label: typeName, kind: CompletionItemKind.Interface, detail: "service", documentation: commentOf(desc) };
      continue;
    }
    for (const method of desc.methods)
      yield {
        label: `${typeName}/${method.name}`,
        kind: CompletionItemKind.Method,
        detail: `(${method.input.typeName}) returns (${method.output.typeName})`,
        documentation: commentOf(method),
      };
  }
}

function* types(of: "message" | "enum", registry: Registry, container: string): Generator<Name> {
  const kind = of === "enum" ? CompletionItemKind.Enum : CompletionItemKind.Class;
  for (const desc of registry) {
    if (desc.kind !== of) continue;
    const label = desc.typeName.startsWith(`${container}.`) ? desc.typeName.slice(container.length + 1) : desc.typeName;
    yield { label, kind, detail: desc.typeName, documentation: commentOf(desc) };
  }
}

function* steps(place: ValuePlace, program: Program, file: SourceFile): Generator<Name> {
  const scope = program.scopeAt(file, place);
  for (const label of new Set(scope?.names() ?? []))
    if (scope?.lookup(label)?.role === "step")
      yield { label, kind: CompletionItemKind.Variable, detail: "step", documentation: "" };
}

/** Fields of the request that the call does not set yet. */
function* requestFields(place: ValuePlace, before: string, program: Program, container: string): Generator<Name> {
  const bindings = place.path.findLast(({ key }) => key === "set" || key === "args");
  const set = new Set(
    bindings?.around === undefined
      ? []
      : valuesOf(bindings.around, bindings.key).map((value) =>
          value.kind === "message" ? textOf(valuesOf(value, "name")[0]) : "",
        ),
  );
  const desc = requestAround(place, program.registry, container);
  if (desc === undefined) return;
  const all = bindings?.key === "args" ? argumentNames(desc, program) : fieldNames(desc, before);
  for (const name of all) if (!set.has(name.label)) yield name;
}

/** Arguments that a composed message reads. */
function* argumentNames(message: DescMessage | undefined, { analysis }: Program): Generator<Name> {
  const composed = analysis.model.messages.find(({ desc }) => desc.typeName === message?.typeName);
  for (const { name, variable } of composed?.args.members ?? [])
    yield { label: name, kind: CompletionItemKind.Variable, detail: describeVariable(variable), documentation: "" };
}

/** Fields by their path, those of the message before the last dot. */
function* fieldNames(desc: DescMessage, before: string): Generator<Name> {
  const message = before === "" ? desc : fieldAt(desc, before.slice(0, -1))?.message;
  for (const field of message?.fields ?? [])
    yield {
      label: `${before}${field.name}`,
      kind: CompletionItemKind.Field,
      detail: typeOfOption(field),
      documentation: commentOf(field),
    };
}
