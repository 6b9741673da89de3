// One project that the editor has open: its last compilation, and its next one.
import { join, relative } from "node:path";
import { setImmediate } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { create } from "@bufbuild/protobuf";
import { CodeGeneratorRequestSchema } from "@bufbuild/protobuf/wkt";
import { type Diagnostic, inOrder, parseParameter, sourcesIn, tryRead } from "protoc-gen-bff/compiler";
import { type Analysis, analyzeInSlices } from "protoc-gen-bff/internal/language";
import type { Image } from "../../project/buf.ts";
import { configOf, startInputs } from "../../project/inputs.ts";
import { Refusal } from "../../refusal.ts";
import { Program } from "../program/program.ts";
import { fileOf, type SourceFile } from "../program/source-file.ts";
import { type BuildFault, buildFaults } from "./build-faults.ts";
import type { FirstBuild } from "./first-builds.ts";
import { boundHeap } from "./heap.ts";
import { NewestRun } from "./newest-run.ts";
import { withOverlay } from "./overlay.ts";

/** The result of a compilation. */
export interface Outcome {
  /** Diagnostics in order; undefined: buf does not build the project, and `faults` are its reasons. */
  readonly diagnostics: readonly Diagnostic[] | undefined;
  readonly faults: readonly BuildFault[];
}

/** Texts of open documents by their absolute path. */
type Texts = ReadonlyMap<string, string>;

interface EditorSide {
  readonly open: () => Texts;
  readonly ended: (outcome: Outcome) => void;
  readonly failed: (thrown: unknown) => void;
}

/** Maximum time without an answer during an analysis, in milliseconds. Parts of the analysis take longer. */
const SLICE_MS = 15;
/** Turns of the event loop between two slices. */
const TURNS = 3;
const TEMPLATE = "buf.gen.yaml";

export class Project {
  readonly root: string;
  readonly #runs: NewestRun;
  #image: Image | undefined;
  #first: FirstBuild | undefined;
  #program: Program | undefined;
  /** The last program without errors. */
  #sound: Program | undefined;
  #names: ReadonlyMap<string, string> = new Map();

  /**
   * @param editor the texts of the editor, and the receivers of results and of bugs
   * @param first a build of the files on disk
   */
  constructor(root: string, { open, ended, failed }: EditorSide, first?: FirstBuild) {
    this.root = root;
    this.#first = first;
    this.#runs = new NewestRun(async (signal) => {
      try {
        ended(await this.#compiled(open(), signal));
      } catch (thrown) {
        signal.throwIfAborted();
        failed(thrown);
      }
    });
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
   * Compiles the project with the newest texts of the editor in place of the files. Resolves when no compilation runs.
   */
  compile(): Promise<void> {
    return this.#runs.start();
  }

  /** Resolves when no compilation runs. */
  get settled(): Promise<void> {
    return this.#runs.settled;
  }

  async #compiled(open: Texts, signal: AbortSignal): Promise<Outcome> {
    boundHeap();
    const { parameter, inputs } = configOf(this.root, TEMPLATE);
    const changed = inputs.every(({ input }) => isInside(input))
      ? changedIn(this.root, open)
      : new Map<string, string>();
    const first = this.#first;
    this.#first = undefined;
    if (changed.size > 0) first?.end();
    try {
      this.#image =
        first !== undefined && changed.size === 0
          ? await first.image
          : await withOverlay(this.root, changed, (folder) => startInputs(folder, inputs, this.#image, signal));
      return await this.#analyzed(this.#image, parameter, open, signal);
    } catch (thrown) {
      if (!(thrown instanceof Refusal)) throw thrown;
      return { diagnostics: undefined, faults: buildFaults(thrown.message, this.root) };
    }
  }

  async #analyzed(image: Image, parameter: string, open: Texts, signal: AbortSignal): Promise<Outcome> {
    const sources = sourcesIn(this.root);
    const pathOf = (name: string): string => sources.path?.(name) ?? join(this.root, name);
    const textOf = (name: string): string | undefined => open.get(pathOf(name)) ?? sources(name);
    const names = image.files.map(({ name }) => name);
    const request = create(CodeGeneratorRequestSchema, {
      parameter,
      protoFile: [...image.files],
      sourceFileDescriptors: [...image.files],
      fileToGenerate: names.filter((name) => !image.imports.has(name)),
    });
    const lock = tryRead(join(this.root, parseParameter(parameter).parameter.lock));
    const work = analyzeInSlices(request, Object.assign(textOf, { path: pathOf }), { text: lock, ci: false });
    const analysis = await paused(work, signal);
    const files = new Map<string, SourceFile | undefined>();
    const fileNamed = (name: string): SourceFile | undefined => {
      const text = textOf(name);
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

/** Completes an analysis. Requests of the editor are answered between its slices. */
async function paused(work: ReturnType<typeof analyzeInSlices>, signal: AbortSignal): Promise<Analysis> {
  for (let began = performance.now(); ; ) {
    const { done, value } = work.next();
    if (done === true) return value;
    if (performance.now() - began < SLICE_MS) continue;
    // Each turn takes one message, and a request often follows a change.
    for (let turn = 0; turn < TURNS; turn++) await setImmediate();
    signal.throwIfAborted();
    began = performance.now();
  }
}

export function uriOf(path: string): string {
  return pathToFileURL(path).href;
}

/** Open files of the project whose text is not the one on disk, by path from the root. */
function changedIn(root: string, open: Texts): Texts {
  const inside = [...open].filter(([path]) => isInside(relative(root, path)));
  const changed = inside.filter(([path, text]) => tryRead(path) !== text);
  return new Map(changed.map(([path, text]) => [relative(root, path), text]));
}

function isInside(path: string): boolean {
  return !/^(\.\.([/\\]|$)|[/\\]|[A-Za-z]:)/.test(path);
}
