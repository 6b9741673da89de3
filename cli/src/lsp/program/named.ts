// Resolves the strings of options that name something: methods, messages, steps, fields of requests.

import type { DescField, DescMessage, Registry } from "@bufbuild/protobuf";
import { textOf, valuesOf } from "protoc-gen-bff/internal/language";
import type { Named } from "../options/meanings.ts";
import type { ValuePlace } from "../syntax/cursor.ts";
import type { Program, SourceFile } from "./program.ts";
import { type Declared, type Meant, meantBy } from "./symbols.ts";

/** A name in an option: what it should name, its text and its place. */
export interface NameInOption {
  readonly of: Named;
  readonly text: string;
  readonly file: SourceFile;
  readonly place: ValuePlace;
}

/** Returns the meaning of a name. */
export function meaningOfName({ of, text, file, place }: NameInOption, program: Program): Meant | undefined {
  const { registry } = program;
  const container = file.parsed.package;
  if (of === "step" || of === "step name") return stepNamed(text, file, place, program);
  return declared(declaredName(of, text, place, registry, container));
}

function declared(desc: Declared | undefined): Meant | undefined {
  return desc && { kind: "declared", desc };
}

function declaredName(
  of: Named,
  text: string,
  place: ValuePlace,
  registry: Registry,
  container: string,
): Declared | undefined {
  switch (of) {
    case "method":
      return methodNamed(text, registry);
    case "service":
      return registry.getService(text);
    case "message":
      return relative(text, container, (name) => registry.getMessage(name));
    case "enum":
      return relative(text, container, (name) => registry.getEnum(name));
    case "path":
    case "key field":
      return fieldAt(requestAround(place, registry, container), text);
    case "field":
      return aliasesAround(place, registry, container).flatMap((desc) => fieldAt(desc, text) ?? [])[0];
    default:
      return undefined;
  }
}

function methodNamed(text: string, registry: Registry) {
  const slash = text.lastIndexOf("/");
  return registry.getService(text.slice(0, slash))?.methods.find(({ name }) => name === text.slice(slash + 1));
}

/** Looks a name up from the innermost package outwards. */
function relative<T>(name: string, container: string, get: (full: string) => T | undefined): T | undefined {
  if (name.startsWith(".")) return get(name.slice(1));
  for (let scope = container; scope !== ""; scope = scope.slice(0, Math.max(0, scope.lastIndexOf(".")))) {
    const found = get(`${scope}.${name}`);
    if (found !== undefined) return found;
  }
  return get(name);
}

/** Returns the field at a path of names. */
export function fieldAt(message: DescMessage | undefined, path: string): DescField | undefined {
  let at = message;
  let field: DescField | undefined;
  for (const part of path.split(".")) {
    field = at?.fields.find(({ name }) => name === part);
    at = field?.message;
  }
  return field;
}

/** The message that a binding's names belong to: the request of the call around it. */
export function requestAround({ path }: ValuePlace, registry: Registry, container: string): DescMessage | undefined {
  const last = path.findLast(({ key }) =>
    ["set", "batch", "metadata", "args", "hidden", "label", "header"].includes(key),
  );
  if (last?.around === undefined) return undefined;
  if (last.key === "set" || last.key === "batch")
    return methodNamed(textOf(valuesOf(last.around, "method")[0]), registry)?.input;
  if (last.key !== "args") return undefined;
  return relative(textOf(valuesOf(last.around, "message")[0]), container, (name) => registry.getMessage(name));
}

/** The messages that the message around a field is a copy of. */
export function aliasesAround({ elements }: ValuePlace, registry: Registry, container: string): readonly DescMessage[] {
  const options = elements.findLast(({ kind }) => kind === "message")?.options ?? [];
  const names = options.flatMap(({ path, value }) => {
    if (path[0]?.text === "alias") return value?.kind === "list" ? value.items.map(textOf) : [textOf(value)];
    return value?.kind === "message" ? valuesOf(value, "alias").map(textOf) : [];
  });
  return names.flatMap((name) => relative(name, container, (full) => registry.getMessage(full)) ?? []);
}

function stepNamed(name: string, file: SourceFile, place: ValuePlace, program: Program): Meant | undefined {
  const owner = place.elements.findLast(({ kind }) => kind === "message" || kind === "service")?.name ?? "";
  const full = file.parsed.package === "" ? owner : `${file.parsed.package}.${owner}`;
  const { messages, lets } = program.analysis.model;
  const block = [...messages, ...lets].find(({ desc }) => desc.typeName === full);
  const step = block?.steps.find((candidate) => candidate.name === name);
  if (step !== undefined) return { kind: "step", step };
  const variable = program.scopeAt(file, place)?.lookup(name);
  return variable?.role === "step" ? meantBy(variable, program) : undefined;
}
