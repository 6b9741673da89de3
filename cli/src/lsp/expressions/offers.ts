// Completions in an expression: the names, fields and functions that may stand at a cursor.
import type { DescEnum, DescField, DescMessage, Registry } from "@bufbuild/protobuf";
import {
  type CelType,
  ERROR_MEMBERS,
  fieldType,
  functionNames,
  MACROS,
  macroForm,
  type Overload,
  overloadsOf,
  type Scope,
  typeNameOfEnums,
  type Variable,
} from "protoc-gen-bff/internal/language";
import { type BeforeCursor, beforeCursor } from "./receiver.ts";
import { typeOf, withLocals } from "./types.ts";

/** One completion. */
export interface Offer {
  readonly label: string;
  readonly kind: "enum value" | "field" | "function" | "macro" | "namespace" | "type" | "variable";
  /** Type or signatures. */
  readonly detail: string;
  /** Text to insert in place of the label. */
  readonly insert?: string;
  /** The declaration behind it, for its comment. */
  readonly desc?: DescField | DescMessage | DescEnum | DescEnum["values"][number];
}

/** Offers of a cursor, and the number of characters before it that they replace. */
interface Offers {
  readonly replaced: number;
  readonly offers: readonly Offer[];
}

const NOTHING: Offers = { replaced: 0, offers: [] };
/** Maximum number of characters of an expression that is completed. */
const LONGEST = 20_000;

/** Returns the completions at a cursor, in any text. Offers are not filtered by the characters already typed. */
export function offersAt(text: string, cursor: number, scope: Scope, registry: Registry): Offers {
  if (text.length > LONGEST) return NOTHING;
  const before = beforeCursor(text, cursor);
  if (before === undefined) return NOTHING;
  const inner = withLocals(scope, before.macros, registry);
  return { replaced: before.prefix.length, offers: [...offersOf(before, inner, registry)] };
}

function* offersOf({ receiver, literal, macros }: BeforeCursor, scope: Scope, registry: Registry): Generator<Offer> {
  if (receiver !== undefined) yield* membersOf(receiver, scope, registry);
  else if (literal !== undefined) yield* literalFields(literal, scope, registry);
  else {
    const locals = macros.flatMap(({ variables }) => variables);
    yield* namesIn(scope, locals);
    yield* functionsIn(scope);
    yield* declaredUnder("", scope, registry);
  }
}

function* namesIn(scope: Scope, locals: readonly string[]): Generator<Offer> {
  const names = new Set([...locals, ...scope.names()]);
  for (const label of names) {
    const variable = label.includes(".") ? undefined : scope.lookup(label);
    if (variable !== undefined) yield { label, kind: "variable", detail: describeVariable(variable) };
  }
  for (const label of ["true", "false", "null"]) yield { label, kind: "variable", detail: "constant" };
}

/** Returns the type of a variable, with a question mark if it may be absent. */
export function describeVariable({ type, absent, role }: Variable): string {
  const name = type.kind === "struct" ? role : typeNameOfEnums(type);
  return absent ? `${name}, may be absent` : name;
}

/** Functions and namespaces that begin a call. */
function* functionsIn(scope: Scope): Generator<Offer> {
  const spaces = new Set<string>();
  for (const name of [...functionNames(), ...(scope.functions ?? []).map(({ fn }) => fn)]) {
    if (name.includes(".")) spaces.add(name.slice(0, name.indexOf(".")));
    else
      yield* functionOffer(
        name,
        overloadsOf(name).filter(({ method }) => !method),
      );
  }
  for (const label of [...spaces, "cel"]) yield { label, kind: "namespace", detail: "functions" };
  yield { label: "has", kind: "macro", detail: "has(x.field) bool", insert: "has(" };
  yield { label: "ok", kind: "macro", detail: "ok(step) bool", insert: "ok(" };
  yield { label: "failure", kind: "macro", detail: "failure(step) optional(error)", insert: "failure(" };
}

function* functionOffer(label: string, overloads: readonly Overload[]): Generator<Offer> {
  const [first] = overloads;
  if (first === undefined) return;
  const detail = [...new Set(overloads.map(signatureOf))].join("\n");
  const hasParams = first.params.length > (first.method ? 1 : 0);
  yield { label, kind: "function", detail, insert: hasParams ? `${label}(` : `${label}()` };
}

function signatureOf({ fn, method, params, result }: Overload): string {
  const [first, ...rest] = params.map(typeNameOfEnums);
  const call = method ? `${first}.${fn}(${rest.join(", ")})` : `${fn}(${params.map(typeNameOfEnums).join(", ")})`;
  return `${call} ${typeNameOfEnums(result)}`;
}

/** Members of the value, namespace, package or enum before a dot. */
function* membersOf(receiver: string, scope: Scope, registry: Registry): Generator<Offer> {
  const group = scope.lookup(receiver)?.type;
  if (group?.kind === "struct") {
    for (const [label, variable] of group.members)
      yield { label, kind: "variable", detail: describeVariable(variable) };
    return;
  }
  const type = typeOf(receiver, scope, registry);
  if (type !== undefined && type.kind !== "type") yield* membersOfType(type);
  if (/^[.\w]+$/.test(receiver)) {
    yield* namespaceMembers(receiver, scope);
    yield* declaredUnder(receiver, scope, registry);
  }
}

function* membersOfType(type: CelType): Generator<Offer> {
  const of = type.kind === "optional" ? type.of : type;
  if (of.kind === "message") yield* fieldsOf(of.desc);
  if (of.kind === "opaque") for (const label of ERROR_MEMBERS) yield { label, kind: "field", detail: "of an error" };
  const methods = Map.groupBy(
    METHODS.filter(({ params: [receiver] }) => receiver !== undefined && takes(receiver, type)),
    ({ fn }) => fn,
  );
  for (const [fn, overloads] of methods) yield* functionOffer(fn, overloads);
  const isCollection = type.kind === "list" || type.kind === "map" || type.kind === "dyn";
  for (const macro of MACROS)
    if (macro.startsWith("opt") ? type.kind === "optional" : isCollection)
      yield { label: macro, kind: "macro", detail: macroForm(macro), insert: `${macro}(` };
}

function* fieldsOf(desc: DescMessage): Generator<Offer> {
  if (/^google\.protobuf\.(Timestamp|Duration)$/.test(desc.typeName)) return;
  for (const field of desc.fields)
    yield { label: field.name, kind: "field", detail: describeField(field), desc: field };
}

export function describeField(field: DescField): string {
  return typeNameOfEnums(fieldType(field).type);
}

/** Functions that are called on a value, namespaces left out. */
const METHODS: readonly Overload[] = methodNames().flatMap((name) => overloadsOf(name).filter(({ method }) => method));

function methodNames(): readonly string[] {
  const ofOptionals = ["hasValue", "value", "orValue", "or", "unwrapOpt"];
  return [...new Set([...functionNames().filter((name) => !name.includes(".")), ...ofOptionals])];
}

/** Returns true if a parameter may take a value, as far as the outermost kind decides. */
function takes(param: CelType, type: CelType): boolean {
  if (param.kind === "param" || type.kind === "dyn" || param.kind === "dyn") return true;
  const of = type.kind === "wrapper" ? type.of : type;
  if (param.kind !== of.kind) return false;
  return param.kind !== "message" || of.kind !== "message" || param.desc.typeName === of.desc.typeName;
}

function* namespaceMembers(space: string, scope: Scope): Generator<Offer> {
  const names = [...functionNames(), ...(scope.functions ?? []).map(({ fn }) => fn)];
  for (const name of new Set(names)) {
    if (!name.startsWith(`${space}.`)) continue;
    const declared = (scope.functions ?? []).filter(({ fn }) => fn === name);
    for (const offer of functionOffer(name, [...overloadsOf(name), ...declared])) {
      const label = name.slice(space.length + 1);
      yield { ...offer, label, insert: `${label}(` };
    }
  }
  if (space === "cel") yield { label: "bind", kind: "macro", detail: macroForm("bind"), insert: "bind(" };
}

/** Messages, enums, values and packages whose names follow a prefix, relative to the scope's package or full. */
function* declaredUnder(prefix: string, { container }: Scope, registry: Registry): Generator<Offer> {
  const absolute = prefix.replace(/^\./, "");
  const starts = new Set([absolute === "" ? "" : `${absolute}.`]);
  for (let scope = container; scope !== ""; scope = scope.slice(0, Math.max(0, scope.lastIndexOf("."))))
    starts.add(absolute === "" ? `${scope}.` : `${scope}.${absolute}.`);
  const shown = new Set<string>();
  for (const desc of registry) {
    if (desc.kind !== "message" && desc.kind !== "enum") continue;
    const start = [...starts].find((candidate) => desc.typeName.startsWith(candidate));
    if (start === undefined) continue;
    const label = desc.typeName.slice(start.length).split(".")[0] ?? "";
    const isWhole = desc.typeName === `${start}${label}`;
    if (shown.has(label)) continue;
    shown.add(label);
    if (isWhole) yield { label, kind: "type", detail: desc.typeName, desc };
    else yield { label, kind: "namespace", detail: "package or type" };
  }
  yield* enumMembers(absolute, starts, registry);
}

function* enumMembers(name: string, starts: ReadonlySet<string>, registry: Registry): Generator<Offer> {
  const desc =
    name === "" ? undefined : [...starts].map((start) => registry.getEnum(start.slice(0, -1))).find((e) => e);
  if (desc === undefined) return;
  for (const value of desc.values)
    yield { label: value.name, kind: "enum value", detail: `${desc.typeName} ${value.number}`, desc: value };
  yield { label: "from", kind: "function", detail: `${desc.name}.from(int) optional(${desc.name})`, insert: "from(" };
  yield {
    label: "parse",
    kind: "function",
    detail: `${desc.name}.parse(string) optional(${desc.name})`,
    insert: "parse(",
  };
}

function* literalFields(name: string, scope: Scope, registry: Registry): Generator<Offer> {
  const type = typeOf(name, scope, registry);
  if (type?.kind !== "type" || type.of.kind !== "message") return;
  for (const offer of fieldsOf(type.of.desc)) yield { ...offer, insert: `${offer.label}: ` };
}
