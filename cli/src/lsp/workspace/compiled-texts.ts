import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Sources, sourcesIn } from "protoc-gen-bff/compiler";
import { fileOf, type SourceFile } from "../program/program.ts";

/** Texts of open documents by their absolute path. */
export type OpenTexts = ReadonlyMap<string, string>;

/** The texts of one compilation by name in the descriptors: those of the editor, all others as on disk. */
export class CompiledTexts {
  readonly #root: string;
  readonly #open: OpenTexts;
  readonly #disk: Sources;
  readonly #known = new Map<string, string | undefined>();
  readonly #files = new Map<string, SourceFile | undefined>();

  constructor(root: string, open: OpenTexts) {
    this.#root = root;
    this.#open = open;
    this.#disk = sourcesIn(root);
  }

  readonly pathOf = (name: string): string => this.#disk.path?.(name) ?? join(this.#root, name);

  readonly uriOf = (name: string): string => uriOf(this.pathOf(name));

  /** The text of a file, read once. */
  readonly sources: Sources = Object.assign(
    (name: string) => {
      if (!this.#known.has(name)) this.#known.set(name, this.#open.get(this.pathOf(name)) ?? this.#disk(name));
      return this.#known.get(name);
    },
    { path: this.pathOf },
  );

  readonly fileNamed = (name: string): SourceFile | undefined => {
    const text = this.sources(name);
    if (text !== undefined && !this.#files.has(name)) this.#files.set(name, fileOf(name, this.uriOf(name), text));
    return this.#files.get(name);
  };

  /** True if the texts that were read here are those of a newer compilation. */
  isSameAs(newer: CompiledTexts): boolean {
    return [...this.#known].every(([name, text]) => newer.sources(name) === text);
  }
}

export function uriOf(path: string): string {
  return pathToFileURL(path).href;
}
