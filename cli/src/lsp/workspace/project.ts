// One project that the editor has open: its last compilation, and its next one.
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { create } from "@bufbuild/protobuf";
import { CodeGeneratorRequestSchema } from "@bufbuild/protobuf/wkt";
import { type Diagnostic, inOrder, parseParameter, sourcesIn, tryRead } from "protoc-gen-bff/compiler";
import { analyze } from "protoc-gen-bff/internal/language";
import type { TextDocument } from "vscode-languageserver-textdocument";
import type { Image } from "../../project/buf.ts";
import { configOf } from "../../project/checked-project.ts";
import { buildInputs } from "../../project/compile-project.ts";
import { Refusal } from "../../refusal.ts";
import { Program } from "../program/program.ts";
import { fileOf, type SourceFile } from "../program/source-file.ts";
import { type BuildFault, buildFaults } from "./build-faults.ts";
import { withOverlay } from "./overlay.ts";

/** The result of a compilation. */
export interface Outcome {
  /** Diagnostics in order; undefined: buf does not build the project, and `faults` are its reasons. */
  readonly diagnostics: readonly Diagnostic[] | undefined;
  readonly faults: readonly BuildFault[];
}

const TEMPLATE = "buf.gen.yaml";

export class Project {
  readonly root: string;
  #image: Image | undefined;
  #tookMs = 0;
  #program: Program | undefined;
  /** The last program without errors. */
  #sound: Program | undefined;
  #names: ReadonlyMap<string, string> = new Map();

  constructor(root: string) {
    this.root = root;
  }

  /**
   * Time without a change after which it is compiled, in milliseconds: as long as the last compilation took. No answer
   * comes during a compilation, so a large project is not compiled between two keystrokes.
   */
  get quietMs(): number {
    return quietMs(this.#tookMs);
  }

  /** The last program that was built; it may have faults. */
  get program(): Program | undefined {
    return this.#program;
  }

  /** True if buf.yaml names the check plugin, which shows the diagnostics in editors with Buf's server. */
  get hasCheckPlugin(): boolean {
    return /^\s*-?\s*plugin:.*buf-plugin-bff/m.test(tryRead(join(this.root, "buf.yaml")) ?? "");
  }

  /** Name in the descriptors of the file at a path, if the last program has it. */
  nameOf(path: string): string | undefined {
    return this.#names.get(path);
  }

  /**
   * Compiles the project with the texts of the editor in place of the files. A fault of the project is returned.
   *
   * @param open documents by their absolute path
   */
  compile(open: ReadonlyMap<string, TextDocument>): Outcome {
    const began = performance.now();
    try {
      return this.#compiled(open);
    } finally {
      this.#tookMs = performance.now() - began;
    }
  }

  #compiled(open: ReadonlyMap<string, TextDocument>): Outcome {
    const { parameter, inputs } = configOf(this.root, TEMPLATE);
    const changed = inputs.every(({ input }) => isInside(input))
      ? changedIn(this.root, open)
      : new Map<string, string>();
    try {
      const image = withOverlay(this.root, changed, (folder) => buildInputs(folder, inputs, undefined, this.#image));
      this.#image = image;
      return this.#analyzed(image, parameter, open);
    } catch (thrown) {
      if (!(thrown instanceof Refusal)) throw thrown;
      return { diagnostics: undefined, faults: buildFaults(thrown.message, this.root) };
    }
  }

  #analyzed(image: Image, parameter: string, open: ReadonlyMap<string, TextDocument>): Outcome {
    const sources = sourcesIn(this.root);
    const pathOf = (name: string): string => sources.path?.(name) ?? join(this.root, name);
    const textOf = (name: string): string | undefined => open.get(pathOf(name))?.getText() ?? sources(name);
    const names = image.files.map(({ name }) => name);
    const request = create(CodeGeneratorRequestSchema, {
      parameter,
      protoFile: [...image.files],
      sourceFileDescriptors: [...image.files],
      fileToGenerate: names.filter((name) => !image.imports.has(name)),
    });
    const lock = tryRead(join(this.root, parseParameter(parameter).parameter.lock));
    const analysis = analyze(request, Object.assign(textOf, { path: pathOf }), { text: lock, ci: false });
    const files = new Map<string, SourceFile | undefined>();
    // The texts of this compilation, read before they change.
    const texts = new Map(analysis.ir.files.map(({ desc }) => [desc.proto.name, textOf(desc.proto.name)]));
    const fileNamed = (name: string): SourceFile | undefined => {
      const text = texts.get(name) ?? textOf(name);
      const file = files.get(name) ?? (text === undefined ? undefined : fileOf(name, uriOf(pathOf(name)), text));
      files.set(name, file);
      return file;
    };
    const isSound = analysis.plan !== undefined;
    this.#program = new Program(analysis, fileNamed, isSound ? undefined : this.#sound);
    if (isSound) this.#sound = this.#program;
    this.#names = new Map(names.map((name) => [pathOf(name), name]));
    return { diagnostics: inOrder(analysis.diagnostics), faults: [] };
  }
}

const SHORTEST_MS = 150;
const LONGEST_MS = 2_000;

/** @param tookMs duration of the last compilation */
export function quietMs(tookMs: number): number {
  return Math.min(LONGEST_MS, Math.max(SHORTEST_MS, tookMs));
}

export function uriOf(path: string): string {
  return pathToFileURL(path).href;
}

/** Open files of the project whose text is not the one on disk, by path from the root. */
function changedIn(root: string, open: ReadonlyMap<string, TextDocument>): ReadonlyMap<string, string> {
  const inside = [...open].filter(([path]) => isInside(relative(root, path)));
  const changed = inside.filter(([path, document]) => tryRead(path) !== document.getText());
  return new Map(changed.map(([path, document]) => [relative(root, path), document.getText()]));
}

function isInside(path: string): boolean {
  return !/^(\.\.([/\\]|$)|[/\\]|[A-Za-z]:)/.test(path);
}
