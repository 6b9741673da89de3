// Definitions, references and renames.
import { childrenOf, composesOf, type Node, type Origin, type Variable } from "protoc-gen-bff/internal/language";
import type { Location } from "vscode-languageserver";
import { meaningOf } from "../options/meanings.ts";
import { fieldNameOf, typedPath } from "../options/typed-path.ts";
import { type Found, foundAt } from "../program/found.ts";
import { meaningOfName } from "../program/named.ts";
import { offsetOf, type Program, type SourceFile } from "../program/program.ts";
import { fullNameOf, keyOf, type Meant, mentionsIn } from "../program/symbols.ts";
import { decoded } from "../syntax/cursor.ts";
import { elementNamed, stringsOf } from "../syntax/values.ts";
import { definitionsIn, type ModulesWith, type PlacedUse, usesOfMember } from "./members.ts";

/**
 * Returns the declarations of the thing at an offset. A function of the user, and a field or message with a resolver,
 * has its place in TypeScript, too.
 */
export function definition(
  program: Program,
  file: SourceFile,
  offset: number,
  modulesWith: ModulesWith = NOWHERE,
): readonly Location[] {
  const found = foundAt(program, file, offset);
  const inTypeScript = definitionsIn(usesInTypeScript(found, program, modulesWith)).map(({ place }) => place);
  if (found?.kind === "function") return [...declarationsOfFunction(found.name, program), ...inTypeScript];
  const declaredAt = declarationInMacro(found);
  if (declaredAt !== undefined) return [between(file, declaredAt.column, declaredAt.endColumn)];
  return found?.kind === "meant" ? [...declarationsOf(found.meant, program), ...inTypeScript] : [];
}

const NOWHERE: ModulesWith = () => [];

function usesInTypeScript(found: Found | undefined, program: Program, modulesWith: ModulesWith): readonly PlacedUse[] {
  const [member, owner] =
    found?.kind === "function"
      ? ([memberOf(found.name, program), "Functions"] as const)
      : ([found?.kind === "meant" ? resolverOf(found.meant, program) : undefined, "Resolvers"] as const);
  return member === undefined ? [] : usesOfMember(member, owner, modulesWith);
}

/** Name in TypeScript of a function of the user: `slugOf`, for `slug.of`. */
function memberOf(name: string, { analysis: { plan } }: Program): string | undefined {
  return plan?.files.flatMap(({ functions }) => functions).find(({ overload }) => overload.fn === name)?.name;
}

function declarationsOfFunction(name: string, program: Program): readonly Location[] {
  const declared = program.analysis.ir.files.flatMap(({ functions }) => functions);
  return declared.filter((ir) => ir.name.value === name).flatMap((ir) => locationOf(ir.name.at, program));
}

export function callsOfFunction(name: string, program: Program): readonly Location[] {
  return program.analysis.texts.flatMap(({ expression }) =>
    [...(expression === undefined ? [] : nodesIn(expression.root))].flatMap((node) => {
      if (node.kind !== "call" || node.userFunction?.fn !== name) return [];
      const { line, column } = node.at;
      return locationOf({ ...node.at, endLine: line, endColumn: column + name.length }, program);
    }),
  );
}

function* nodesIn(node: Node): Generator<Node> {
  yield node;
  for (const child of childrenOf(node)) yield* nodesIn(child);
}

/** Name of the resolver that supplies a field or a message. */
export function resolverOf(meant: Meant, { analysis: { plan } }: Program): string | undefined {
  if (meant.kind !== "declared") return undefined;
  const { desc } = meant;
  for (const { resolvers } of plan?.messages ?? [])
    for (const [{ source }, { name }] of resolvers) {
      if (source.kind !== "resolver") continue;
      const supplied = source.field ?? source.message;
      if (supplied.kind === desc.kind && fullNameOf(supplied) === fullNameOf(desc)) return name;
    }
  return undefined;
}

/** Returns the places that name the thing at an offset, its declaration included if `declared`. */
export function references(
  program: Program,
  file: SourceFile,
  offset: number,
  declared: boolean,
  modulesWith: ModulesWith = NOWHERE,
): readonly Location[] {
  const declarations = definition(program, file, offset, modulesWith);
  const uses = usesAt(program, file, offset, modulesWith);
  if (declared) return distinct([...declarations, ...uses]);
  const places = new Set(declarations.map((place) => JSON.stringify(place)));
  return distinct(uses).filter((place) => !places.has(JSON.stringify(place)));
}

/** Places that name the thing at an offset, with some of its declarations. */
function usesAt(program: Program, file: SourceFile, offset: number, modulesWith: ModulesWith): readonly Location[] {
  const found = foundAt(program, file, offset);
  const inTypeScript = usesInTypeScript(found, program, modulesWith).map(({ place }) => place);
  if (found?.kind === "function") return [...callsOfFunction(found.name, program), ...inTypeScript];
  if (found?.kind !== "meant") return [];
  const { meant, expression } = found;
  if (expression === undefined || declarationInMacro(found) === undefined)
    return [...usesOf(meant, program), ...inTypeScript];
  const same = mentionsIn(expression, program).filter((mention) => keyOf(mention.meant) === keyOf(meant));
  return same.map(({ at }) => between(file, at.column, at.endColumn));
}

/** Place of the name in the macro that declares the variable. Its columns are offsets. */
function declarationInMacro(found: Found | undefined): Origin | undefined {
  return found?.kind === "meant" && found.meant.kind === "variable" ? found.meant.declaredAt : undefined;
}

export function declarationsOf(meant: Meant, program: Program): readonly Location[] {
  if (meant.kind === "step") {
    const name = meant.step.ir.name;
    return name === undefined ? [] : locationOf(name.place(0, name.value.length), program);
  }
  if (meant.kind === "variable")
    return distinct(declarationsOfVariable(meant.variable, program).flatMap((at) => locationOf(at, program)));
  const { desc } = meant;
  const owner = desc.kind === "field" || desc.kind === "rpc" || desc.kind === "enum_value" ? desc.parent : desc;
  const file = program.files(owner.file.proto.name);
  const { package: prefix } = owner.file.proto;
  const name = prefix === "" ? fullNameOf(desc) : fullNameOf(desc).slice(prefix.length + 1);
  const token = file && elementNamed(file.parsed.file, name)?.nameToken;
  return file === undefined || token === undefined ? [] : [between(file, token.from, token.to)];
}

/** Places that pass an argument to a message, or that declare a variable of the environment. */
function declarationsOfVariable(variable: Variable, { analysis }: Program): readonly Origin[] {
  const { role, name } = variable;
  const { messages, files } = analysis.model;
  if (role === "arg")
    return messages.flatMap(({ steps }) =>
      steps.flatMap(({ source }) =>
        composesOf(source).flatMap(({ args }) => args.filter((arg) => arg.name === name).map(({ at }) => at)),
      ),
    );
  if (role === "item")
    return messages.flatMap(({ steps }) =>
      steps.flatMap(({ ir, source }) => {
        const isDeclared = source.kind === "each" && source.item === variable && ir.source?.kind === "each";
        return isDeclared && ir.source.var !== undefined ? [ir.source.var.at] : [];
      }),
    );
  if (role !== "var") return [];
  const all = files.flatMap(({ env, services }) => [...env, ...services.flatMap((service) => service.env)]);
  return all.filter((declared) => declared.variable.name === name).map(({ ir }) => ir.name.at);
}

export function usesOf(meant: Meant, program: Program): readonly Location[] {
  const key = keyOf(meant);
  const inExpressions = program.analysis.texts.flatMap(({ expression }) =>
    expression === undefined
      ? []
      : mentionsIn(expression, program)
          .filter((mention) => keyOf(mention.meant) === key)
          .flatMap(({ at }) => locationOf(at, program)),
  );
  return [...inExpressions, ...namesOf(key, program)];
}

/** Strings of options that name the thing. */
function namesOf(key: string, program: Program): readonly Location[] {
  const files = program.analysis.ir.files.flatMap(({ desc }) => program.files(desc.proto.name) ?? []);
  return files.flatMap((file) =>
    [...stringsOf(file.parsed.file)].flatMap(({ place, value }) => {
      const path = typedPath(place, program.registry, file.parsed.package);
      const meaning = path && meaningOf(fieldNameOf(path));
      if (meaning?.kind !== "name") return [];
      const { text, offsets } = decoded(value);
      const named = meaningOfName({ of: meaning.of, text, file, place }, program);
      const [from, to] = [offsets[0], offsets.at(-1)];
      return named !== undefined && keyOf(named) === key && from !== undefined && to !== undefined
        ? [between(file, from, to)]
        : [];
    }),
  );
}

/** The place of an origin, if its file is known. */
export function locationOf(at: Origin, program: Program): readonly Location[] {
  const file = program.files(at.file);
  if (file === undefined) return [];
  return [between(file, offsetOf(file, at), offsetOf(file, { line: at.endLine, column: at.endColumn }))];
}

export function between({ document }: SourceFile, from: number, to: number): Location {
  return { uri: document.uri, range: { start: document.positionAt(from), end: document.positionAt(to) } };
}

export function distinct(all: readonly Location[]): readonly Location[] {
  return [...new Map(all.map((location) => [JSON.stringify(location), location])).values()];
}
