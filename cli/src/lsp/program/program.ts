// A project's meaning at its last compilation, found again by places in texts that have changed since.

import type { Registry } from "@bufbuild/protobuf";
import {
  type Analysis,
  type CheckedText,
  type Origin,
  type Parsed,
  parseProto,
  type Scope,
  type Step,
  textOf,
  type Variable,
  valuesOf,
} from "protoc-gen-bff/internal/language";
import { TextDocument } from "vscode-languageserver-textdocument";
import { itemOf, local, typeOf, withVariables } from "../expressions/types.ts";
import { cursorAt, type PathPart, type ValuePlace } from "../syntax/cursor.ts";

/** An expression of the compiled text with its way through the options. */
interface Located {
  readonly checked: CheckedText;
  readonly keys: readonly string[];
}

/** Maximum number of expressions of one element that a place is compared with. */
const MAX_COMPARED = 2_000;
/** Maximum number of scopes of one place. */
const MAX_SCOPES = 16;

export class Program {
  readonly analysis: Analysis;
  readonly registry: Registry;
  /** Compiled texts by name in the descriptors. */
  readonly files: (name: string) => SourceFile | undefined;
  readonly #located = new Map<string, ReadonlyMap<string, readonly Located[]>>();
  readonly #byFile: ReadonlyMap<string, readonly CheckedText[]>;
  #steps: ReadonlyMap<Variable, Step> | undefined;
  readonly #before: Program | undefined;

  /** @param before an earlier program without faults, whose names serve while this one has faults */
  constructor(analysis: Analysis, files: (name: string) => SourceFile | undefined, before?: Program) {
    this.#before = before;
    this.analysis = analysis;
    this.registry = analysis.ir.registry;
    this.files = files;
    this.#byFile = Map.groupBy(analysis.texts, ({ text }) => text.at.file);
  }

  /** Expressions of the file. */
  textsOf(file: string): readonly CheckedText[] {
    return this.#byFile.get(file) ?? [];
  }

  stepOf(variable: Variable): Step | undefined {
    this.#steps ??= new Map([...new Set(this.analysis.texts.map(({ stepOf }) => stepOf))].flatMap((all) => [...all]));
    return this.#steps.get(variable);
  }

  /** Names that an expression at a place may use, from the most similar place that was compiled. */
  scopeAt(file: SourceFile, place: ValuePlace): Scope | undefined {
    return this.scopesAt(file, place)[0];
  }

  /** The scopes of a place, several for an expression that several rpcs evaluate; those come first in which it is right. */
  scopesAt(file: SourceFile, place: ValuePlace): readonly Scope[] {
    const scopes = this.#checkedAt(file, place).map(({ scope }) => this.#withItems(scope, place.path));
    const [before] = this.#before?.scopesAt(file, place) ?? [];
    if (before === undefined) return scopes;
    return scopes.length === 0 ? [before] : scopes.map((scope) => withNamesOf(scope, before));
  }

  /** The expressions that were compiled at a place, or at the most similar place of the same element. */
  #checkedAt(file: SourceFile, place: ValuePlace): readonly CheckedText[] {
    const keys = keysOf(place);
    const all = this.#locatedIn(file.name).get(ownerOf(place)) ?? [];
    let best = Number.NEGATIVE_INFINITY;
    let found: CheckedText[] = [];
    for (const { checked, keys: others } of all.slice(0, MAX_COMPARED)) {
      const score = similarity(keys, others);
      if (score > best) found = [];
      best = Math.max(best, score);
      if (score === best) found.push(checked);
    }
    const [first] = found;
    const same = found.filter(({ text }) => text.at === first?.text.at || text.value === first?.text.value);
    return same
      .sort((a, b) => Number(b.expression !== undefined) - Number(a.expression !== undefined))
      .slice(0, MAX_SCOPES);
  }

  /** Adds the items of `each`, whose names may be new. */
  #withItems(scope: Scope, path: readonly PathPart[]): Scope {
    return path.reduce((outer, { around }) => {
      if (around === undefined) return outer;
      const name = textOf(valuesOf(around, "var")[0]);
      const range = textOf(valuesOf(around, "in")[0]);
      if (!/^\w+$/.test(name) || range === "" || outer.lookup(name) !== undefined) return outer;
      const type = typeOf(range, outer, this.registry);
      return type === undefined ? outer : withVariables(outer, new Map([[name, local(name, itemOf(type))]]));
    }, scope);
  }

  /** Expressions of a file by the element that contains them. */
  #locatedIn(name: string): ReadonlyMap<string, readonly Located[]> {
    const known = this.#located.get(name);
    if (known !== undefined) return known;
    const file = this.files(name);
    const found = file === undefined ? [] : this.textsOf(name).flatMap((checked) => locate(file, checked));
    const byOwner = Map.groupBy(found, ({ owner }) => owner);
    this.#located.set(name, byOwner);
    return byOwner;
  }
}

/** Adds names that only an earlier scope has, as of steps whose declarations are faulty now. */
function withNamesOf(scope: Scope, before: Scope): Scope {
  const names = [...before.names()].flatMap((name) => {
    const variable = scope.lookup(name) === undefined ? before.lookup(name) : undefined;
    return variable === undefined ? [] : [[name, variable] as const];
  });
  return withVariables(scope, new Map(names));
}

function locate(file: SourceFile, checked: CheckedText): readonly (Located & { readonly owner: string })[] {
  const place = cursorAt(file.parsed, offsetOf(file, checked.text.at) + 1);
  return place === undefined ? [] : [{ checked, keys: keysOf(place), owner: ownerOf(place) }];
}

export function offsetOf({ document }: SourceFile, { line, column }: Pick<Origin, "line" | "column">): number {
  return document.offsetAt({ line: line - 1, character: column - 1 });
}

/** The message, service or enum that contains a place; "" for the file. */
function ownerOf({ elements }: ValuePlace): string {
  return elements.findLast(({ kind }) => kind !== "field" && kind !== "rpc" && kind !== "enum_value")?.name ?? "";
}

/** The way to a place. Entries of lists count by their name, because entries before them come and go. */
function keysOf({ elements, option, path }: ValuePlace): readonly string[] {
  return [
    `${elements.at(-1)?.name} ${option.extension}`,
    ...path.flatMap(({ key }, i) => {
      const inside = path[i + 1]?.around;
      const name = inside && textOf(valuesOf(inside, "name")[0]);
      return [key, name === undefined || name === "" ? `#${path[i]?.index}` : `"${name}"`];
    }),
  ];
}

/** Counts the equal keys at the beginning, and then the keys that only one of them has. */
function similarity(keys: readonly string[], others: readonly string[]): number {
  let equal = 0;
  while (equal < keys.length && keys[equal] === others[equal]) equal++;
  const words = (all: readonly string[]) => new Set(all.filter((key) => /^[a-z]/.test(key)));
  return 100 * equal - words(keys).symmetricDifference(words(others)).size;
}

/** A .proto file with its text and its tree. */
export interface SourceFile {
  /** Name in the descriptors, as "web/v1/web.proto". */
  readonly name: string;
  readonly document: TextDocument;
  readonly parsed: Parsed;
}

export function sourceFile(name: string, document: TextDocument): SourceFile {
  return { name, document, parsed: parseProto(document.getText()) };
}

export function fileOf(name: string, uri: string, text: string): SourceFile {
  return sourceFile(name, TextDocument.create(uri, "proto", 0, text));
}
