// One project that the editor has open: its last compilation, and its next one.

import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { setImmediate } from "node:timers/promises";
import { create } from "@bufbuild/protobuf";
import { CodeGeneratorRequestSchema } from "@bufbuild/protobuf/wkt";
import { type Diagnostic, inOrder, parseParameter, tryRead } from "protoc-gen-bff/compiler";
import { type Analysis, analyzeInSlices } from "protoc-gen-bff/internal/language";
import { configOf, type Image, startInputs } from "../../project/buf.ts";
import { Refusal } from "../../terminal.ts";
import { Program } from "../program/program.ts";
import { type BuildFault, buildFaults } from "./build-faults.ts";
import { CompiledTexts, type OpenTexts } from "./compiled-texts.ts";
import type { FirstBuild } from "./first-builds.ts";
import { boundHeap } from "./heap.ts";
import { NewestRun } from "./newest-run.ts";

/** The result of a compilation. */
export interface Outcome {
  /** Diagnostics in order; undefined: buf does not build the project, and `faults` are its reasons. */
  readonly diagnostics: readonly Diagnostic[] | undefined;
  readonly faults: readonly BuildFault[];
  /** Diagnostics that were found before the last message was resolved. */
  readonly early: ReadonlySet<Diagnostic>;
  readonly texts: CompiledTexts;
}

interface EditorSide {
  readonly open: () => OpenTexts;
  /** Receives early diagnostics, of which those of the named file are complete. */
  readonly found: (early: Outcome, name: string) => void;
  readonly ended: (outcome: Outcome) => void;
  readonly failed: (thrown: unknown) => void;
}

interface Input {
  readonly image: Image;
  readonly parameter: string;
  readonly texts: CompiledTexts;
}

/** An outcome, and the inputs that it depends on. */
interface Compiled extends Input {
  readonly lock: string | undefined;
  readonly outcome: Outcome;
}

/** Maximum time without an answer during an analysis, in milliseconds. Parts of the analysis take longer. */
const SLICE_MS = 15;
/** Turns of the event loop between two slices. */
const TURNS = 3;
/** Above, the project is built at once. */
const MAX_CHANGED = 100;

export class Project {
  readonly root: string;
  readonly #runs: NewestRun;
  readonly #ready = Promise.withResolvers<void>();
  /** Paths of files that buf did not build. */
  #faulty: ReadonlySet<string> = new Set();
  #first: FirstBuild | undefined;
  #program: Program | undefined;
  /** The last program without errors. */
  #sound: Program | undefined;
  #built: Input | undefined;
  #last: Compiled | undefined;
  #names: ReadonlyMap<string, string> = new Map();
  readonly #found: EditorSide["found"];
  /** Path of the file in use. */
  #shown: string | undefined;

  /**
   * @param editor the texts of the editor, and the receivers of results and of bugs
   * @param first a build of the files on disk
   */
  constructor(root: string, { open, found, ended, failed }: EditorSide, first?: FirstBuild) {
    this.root = root;
    this.#found = found;
    this.#first = first;
    this.#runs = new NewestRun(async (signal) => {
      try {
        ended(await this.#compiled(open(), signal));
      } catch (thrown) {
        signal.throwIfAborted();
        failed(thrown);
      }
      this.#ready.resolve();
    });
  }

  /** Resolves when the first compilation has ended, with or without a program. */
  get ready(): Promise<void> {
    return this.#ready.promise;
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
   * Compiles the project with the newest texts of the editor in place of the files, the messages of one file first.
   * Resolves when no compilation runs.
   *
   * @param shown path of this file
   * @param replaces true to end a running compilation
   */
  compile(shown?: string, replaces = true): Promise<void> {
    this.#shown = shown ?? this.#shown;
    // Completion in a text that does not build needs a first program.
    return this.#runs.start(replaces && this.#program !== undefined);
  }

  /** Resolves when no compilation runs. */
  get settled(): Promise<void> {
    return this.#runs.settled;
  }

  async #compiled(open: OpenTexts, signal: AbortSignal): Promise<Outcome> {
    boundHeap();
    const { parameter, inputs } = configOf(this.root);
    const changed = inputs.every(({ input }) => isInside(input))
      ? changedIn(this.root, open)
      : new Map<string, string>();
    const first = this.#first;
    this.#first = undefined;
    if (changed.size > 0) first?.end();
    const texts = new CompiledTexts(this.root, open);
    const build = (of: typeof inputs, before = this.#built?.image): Promise<Image> =>
      withOverlay(this.root, changed, (folder) => startInputs(folder, of, before, signal));
    try {
      const [only, ...others] = inputs;
      const part =
        only === undefined || others.length > 0
          ? undefined
          : await this.#partial(texts, (paths) => build([{ ...only, paths }]));
      const whole = first !== undefined && changed.size === 0 ? first.image : build(inputs, part);
      if (part !== undefined) await this.#analyzedMeanwhile({ image: part, parameter, texts }, whole, signal);
      const image = await whole;
      this.#faulty = new Set();
      return await this.#analyzed({ image, parameter, texts }, signal);
    } catch (thrown) {
      if (!(thrown instanceof Refusal)) throw thrown;
      const faults = buildFaults(thrown.message, this.root, open);
      this.#faulty = new Set(faults.length === 0 ? [this.root] : faults.map(({ path }) => path));
      return { diagnostics: undefined, faults, early: new Set(), texts };
    }
  }

  /**
   * Builds the files again that have changed since the last build. Undefined if there are none or too many, if other
   * files have faults, or if these files do not build.
   */
  async #partial(
    texts: CompiledTexts,
    build: (paths: readonly string[]) => Promise<Image>,
  ): Promise<Image | undefined> {
    if (this.#built === undefined) return undefined;
    const { image, texts: before } = this.#built;
    const changed = image.files.filter(({ name }) => before.sources(name) !== texts.sources(name));
    const paths = [...withImporters(image, new Set(changed.map(({ name }) => name)))].map(texts.pathOf);
    if (paths.length === 0 || paths.length > MAX_CHANGED || !this.#faulty.isSubsetOf(new Set(paths))) return undefined;
    try {
      return withPart(image, await build(paths.map((path) => relative(this.root, path))));
    } catch (thrown) {
      if (thrown instanceof Refusal) return undefined;
      throw thrown;
    }
  }

  /** Analyzes an image until its project is built. */
  async #analyzedMeanwhile(input: Input, whole: Promise<Image>, signal: AbortSignal): Promise<void> {
    const other = new AbortController();
    const compare = (image?: Image): void => {
      if (image === undefined || !areSame(image, input.image)) other.abort();
    };
    whole.then(compare, () => compare());
    await this.#analyzed(input, AbortSignal.any([signal, other.signal])).catch((thrown: unknown) => {
      if (signal.aborted || !other.signal.aborted) throw thrown;
    });
  }

  async #analyzed(input: Input, signal: AbortSignal): Promise<Outcome> {
    const { image, parameter, texts } = input;
    this.#built = input;
    const lock = tryRead(join(this.root, parseParameter(parameter).parameter.lock));
    const last = this.#last;
    if (last !== undefined && isSame(last, { ...input, lock })) return last.outcome;
    const names = image.files.map(({ name }) => name);
    const request = create(CodeGeneratorRequestSchema, {
      parameter,
      protoFile: [...image.files],
      sourceFileDescriptors: [...image.files],
      fileToGenerate: names.filter((name) => !image.imports.has(name)),
    });
    const shown = (): readonly string[] => names.filter((name) => texts.pathOf(name) === this.#shown);
    let early: ReadonlySet<Diagnostic> = new Set();
    const found = (diagnostics: readonly Diagnostic[]): void => {
      early = new Set(diagnostics);
      for (const name of shown()) this.#found({ diagnostics, faults: [], early, texts }, name);
    };
    const files = (): ReadonlySet<string> => new Set(shown());
    const work = analyzeInSlices(request, texts.sources, { text: lock, ci: false }, { files, found });
    const analysis = await paused(work, signal);
    const isSound = analysis.plan !== undefined;
    this.#program = new Program(analysis, texts.fileNamed, isSound ? undefined : this.#sound);
    if (isSound) this.#sound = this.#program;
    this.#names = new Map(names.map((name) => [texts.pathOf(name), name]));
    const outcome = { diagnostics: inOrder(analysis.diagnostics), faults: [], early, texts };
    this.#last = { ...input, lock, outcome };
    return outcome;
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

function isSame(last: Compiled, { image, parameter, lock, texts }: Omit<Compiled, "outcome">): boolean {
  return last.parameter === parameter && last.lock === lock && areSame(last.image, image) && last.texts.isSameAs(texts);
}

/** Open files of the project whose text is not the one on disk, by path from the root. */
function changedIn(root: string, open: OpenTexts): OpenTexts {
  const inside = [...open].filter(([path]) => isInside(relative(root, path)));
  const changed = inside.filter(([path, text]) => tryRead(path) !== text);
  return new Map(changed.map(([path, text]) => [relative(root, path), text]));
}

function isInside(path: string): boolean {
  return !/^(\.\.([/\\]|$)|[/\\]|[A-Za-z]:)/.test(path);
}

// A copy of a project with the unsaved texts of the editor, for buf: links to everything but the changed files.

/**
 * Calls `use` with a folder that has the project's files, the changed ones with their new texts. The folder is removed
 * afterwards. Without changes the folder is the project itself.
 *
 * @param changed texts by path from `root`
 */
async function withOverlay<T>(
  root: string,
  changed: ReadonlyMap<string, string>,
  use: (folder: string) => Promise<T>,
): Promise<T> {
  if (changed.size === 0) return use(root);
  const folder = mkdtempSync(join(tmpdir(), "protobff-lsp-"));
  try {
    fill(folder, root, changed);
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function fill(folder: string, root: string, changed: ReadonlyMap<string, string>): void {
  const real = new Set(["."]);
  for (const path of changed.keys()) for (let at = dirname(path); at !== "."; at = dirname(at)) real.add(at);
  for (const inner of [...real].sort()) {
    mkdirSync(join(folder, inner), { recursive: true });
    for (const { name } of readdirSync(join(root, inner), { withFileTypes: true })) {
      const path = inner === "." ? name : join(inner, name);
      if (!real.has(path) && !changed.has(path)) symlinkSync(join(root, path), join(folder, path));
    }
  }
  for (const [path, text] of changed) writeFileSync(join(folder, path), text);
}

// An image in which only some files are built again. A part of a large project takes a fifth of buf's time.

/** Returns these files and all that import them, of the files that are no imports themselves. */
export function withImporters({ files, imports }: Image, names: ReadonlySet<string>): ReadonlySet<string> {
  const found = new Set<string>();
  for (const { name, dependency } of files)
    if (!imports.has(name) && (names.has(name) || dependency.some((imported) => found.has(imported)))) found.add(name);
  return found;
}

/**
 * Returns the image with the files of a part. Undefined if a file now imports one that is missing or follows it: buf
 * would then order the files in another way.
 */
export function withPart(image: Image, part: Image): Image | undefined {
  const renewed = new Map(part.files.map((file) => [file.name, file]));
  const files = image.files.map((file) => (part.imports.has(file.name) ? file : (renewed.get(file.name) ?? file)));
  const known = new Set<string>();
  for (const { name, dependency } of files) {
    if (!dependency.every((imported) => known.has(imported))) return undefined;
    known.add(name);
  }
  return { files, imports: image.imports };
}

/** True if two images have the same files, as objects. */
function areSame({ files }: Image, other: Image): boolean {
  return files.length === other.files.length && files.every((file, i) => file === other.files[i]);
}
