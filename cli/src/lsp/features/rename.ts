// Renames of steps and of the user's functions.
import {
  functionMember,
  functionNameFault,
  isReservedName,
  type Step,
  type Stretch,
} from "protoc-gen-bff/internal/language";
import type { Location, Range, TextEdit, WorkspaceEdit } from "vscode-languageserver";
import { foundAt } from "../program/found.ts";
import type { Program, SourceFile } from "../program/program.ts";
import { type ModulesWith, type PlacedUse, usesOfMember } from "./members.ts";
import { between, callsOfFunction, declarationsOf, distinct, locationOf, resolverOf, usesOf } from "./places.ts";

/** A rename that is refused, with its reason for the user. */
export class RenameRefusal extends Error {}

/** Texts beside the program. */
interface Texts {
  /** True if a document is not the text that the program was compiled from. */
  readonly isChanged: (uri: string) => boolean;
  readonly modulesWith: ModulesWith;
}

type Target = Stretch &
  ({ readonly kind: "step"; readonly step: Step } | { readonly kind: "function"; readonly name: string });

/** Returns the range and the text that a rename at an offset replaces. Throws a `RenameRefusal`. */
export function prepareRename(
  program: Program,
  file: SourceFile,
  offset: number,
): { readonly range: Range; readonly placeholder: string } {
  const target = targetAt(program, file, offset);
  const { range } = between(file, target.from, target.to);
  return { range, placeholder: file.document.getText(range) };
}

/** Returns the edits of a rename. Throws a `RenameRefusal`. */
export function rename(program: Program, file: SourceFile, offset: number, name: string, texts: Texts): WorkspaceEdit {
  const target = targetAt(program, file, offset);
  const places =
    target.kind === "step" ? placesOfStep(target.step, name, program) : placesOfFunction(target.name, name, program);
  if (places.some(({ uri }) => texts.isChanged(uri)))
    throw new RenameRefusal("the text has changed since it last compiled: correct its faults, then rename");
  const inTypeScript = target.kind === "step" ? [] : memberEdits(target.name, name, program, texts);
  const changes: Record<string, TextEdit[]> = {};
  for (const { uri, range, newText } of [...places.map((place) => ({ ...place, newText: name })), ...inTypeScript]) {
    changes[uri] ??= [];
    changes[uri].push({ range, newText });
  }
  return { changes };
}

function targetAt(program: Program, file: SourceFile, offset: number): Target {
  const found = foundAt(program, file, offset);
  if (found?.kind === "meant" && found.meant.kind === "step")
    return { kind: "step", step: found.meant.step, from: found.from, to: found.to };
  if (found?.kind === "function") {
    const { name, from, to } = found;
    if (declaredFunctions(name, program).length === 0)
      throw new RenameRefusal(`"${name}" is a function of the library, and has no other name`);
    const quote = file.document.getText()[from] === name[0] ? 0 : 1;
    return { kind: "function", name, from: from + quote, to: to - quote };
  }
  const resolver = found?.kind === "meant" ? resolverOf(found.meant, program) : undefined;
  if (resolver !== undefined)
    throw new RenameRefusal(
      `the resolver \`${resolver}\` has the name of an element of the API, which clients read: rename both by hand`,
    );
  throw new RenameRefusal("only steps and functions can be renamed here: place the cursor on the name of one");
}

function placesOfStep(step: Step, name: string, program: Program): readonly Location[] {
  if (!/^[A-Za-z_]\w*$/.test(name)) throw new RenameRefusal(`"${name}" is no name: write letters, digits and _`);
  if (isReservedName(name)) throw new RenameRefusal(`"${name}" has a meaning in expressions: choose another name`);
  const taken = program.textsOf(step.ir.at.file).some(({ stepOf, scope }) => {
    const isSeen = [...stepOf.values()].some(({ ir }) => ir === step.ir);
    return isSeen && scope.lookup(name) !== undefined;
  });
  if (taken) throw new RenameRefusal(`there is a "${name}" already: choose another name`);
  const meant = { kind: "step", step } as const;
  return distinct([...declarationsOf(meant, program), ...usesOf(meant, program)]);
}

function declaredFunctions(name: string, { analysis }: Program) {
  return analysis.ir.files.flatMap(({ functions }) => functions).filter((declared) => declared.name.value === name);
}

function placesOfFunction(old: string, name: string, program: Program): readonly Location[] {
  const fault = functionNameFault(name);
  if (fault !== undefined)
    throw new RenameRefusal(`"${name}" is not a valid name of a function: ${fault.reason}: ${fault.hint}`);
  if (declaredFunctions(name, program).length > 0)
    throw new RenameRefusal(`there is a "${name}" already: choose another name`);
  const [namespace = ""] = name.split(".");
  if (program.analysis.texts.some(({ scope }) => scope.lookup(namespace) !== undefined))
    throw new RenameRefusal(`"${namespace}" has a meaning in an expression: choose another name before the dot`);
  const places = distinct([
    ...declaredFunctions(old, program).flatMap((ir) => locationOf(ir.name.place(0, old.length), program)),
    ...callsOfFunction(old, program),
  ]);
  const other = places.find((place) => textAt(place, program) !== old);
  if (other !== undefined)
    throw new RenameRefusal(
      `"${old}" is written in another form at ${shown(other.uri, other.range)}: write it as one word`,
    );
  return places;
}

function textAt({ uri, range }: Location, program: Program): string | undefined {
  const { files } = program.analysis.ir;
  const file = files.map(({ desc }) => program.files(desc.proto.name)).find((known) => known?.document.uri === uri);
  return file?.document.getText(range);
}

type Edit = Location & { readonly newText: string };

/** Edits of the member in TypeScript that implements a function. */
function memberEdits(old: string, name: string, { analysis: { plan } }: Program, texts: Texts): readonly Edit[] {
  if (plan === undefined) throw new RenameRefusal("the project has faults: correct them, then rename");
  const all = new Map(plan.files.flatMap(({ functions }) => functions.map((each) => [each.overload, each.name])));
  const members = [...all].filter(([{ fn }]) => fn === old);
  const [member = "", newMember = ""] = [members[0]?.[1], functionMember(name)];
  if (members.length === 0 || member === newMember) return [];
  const others = [...all.keys()].filter(({ fn }) => fn !== old).map(({ fn }) => functionMember(fn));
  if (members.length > 1 || others.includes(functionMember(old)) || others.includes(newMember))
    throw new RenameRefusal(`several functions share the name of a member in TypeScript: rename "${old}" by hand`);
  const first = `rename \`${member}\` to \`${newMember}\` in TypeScript first, then rename here`;
  const uses = usesOfMember(member, "Functions", texts.modulesWith);
  const unknown = uses.find(({ kind }) => kind === "unknown");
  if (unknown !== undefined) throw new RenameRefusal(`\`${member}\` may be read at ${shownUse(unknown)}: ${first}`);
  const present = usesOfMember(newMember, "Functions", texts.modulesWith).find(({ kind }) => kind !== "unknown");
  const [use, second] = uses;
  if (use !== undefined && (second ?? present) !== undefined)
    throw new RenameRefusal(
      `functions are defined at ${shownUse(use)} and ${shownUse(second ?? present ?? use)}: ${first}`,
    );
  if (use === undefined && present !== undefined) return [];
  if (use === undefined) throw new RenameRefusal(`no definition of \`${member}\` is found: ${first}`);
  return [{ ...use.place, newText: use.kind === "shorthand" ? `${newMember}: ${member}` : newMember }];
}

const shownUse = ({ place: { uri, range } }: PlacedUse): string => shown(uri, range);

function shown(uri: string, { start }: Range): string {
  return `${decodeURIComponent(uri.slice(uri.lastIndexOf("/") + 1))}:${start.line + 1}`;
}
