// One generation of the project, in this process: what `buf generate` would write.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  type Compilation,
  type Diagnostic,
  type FileReport,
  parseParameter,
  renderDiagnostics,
  renderDocument,
  sourcesIn,
} from "protoc-gen-bff/compiler";
import { explained } from "../check/checked.ts";
import { compareReports } from "../diff/compare.ts";
import { linesOf } from "../diff/markdown.ts";
import { type Image, startInputs } from "../project/buf.ts";
import { type CompiledProject, compileImage, shown } from "../project/compile-project.ts";
import { type GenConfig, readGenConfig } from "../project/gen-config.ts";
import { Refusal } from "../terminal.ts";
import { OtherPlugins } from "./other-plugins.ts";
import { Outputs } from "./outputs.ts";

/** Result of a generation. */
export type Generated =
  | {
      readonly kind: "generated";
      /** Absolute paths of the changed files. */
      readonly touched: readonly string[];
      /** Compares the running behaviour with that of the former generation: a line for each change, worst first. */
      readonly changes: () => readonly string[];
      /** Warnings as text; empty: none. */
      readonly warnings: string;
      /** The `server.ts` of each server, by its name; absolute paths. */
      readonly servers: ReadonlyMap<string, string>;
      readonly project: CompiledProject;
      /** The upstream for which mocks are generated though `opt` has no `mock=true`. */
      readonly addsMocksFor: string | undefined;
    }
  | { readonly kind: "refused"; readonly why: string };

/** Generates into one folder again and again. */
export class Generation {
  readonly #cwd: string;
  readonly #others: OtherPlugins;
  readonly outputs: Outputs;
  #reports: (() => readonly FileReport[]) | undefined;
  #image: Image | undefined;
  #build: { readonly image: Promise<Image>; readonly abort: AbortController } | undefined;
  readonly #needsMock: (service: string) => boolean;
  /** The first upstream that needed a mock though `opt` has no `mock=true`. */
  #addsMocksFor: string | undefined;

  /**
   * @param cwd the project's folder
   * @param needsMock whether an upstream is to be mocked, also where `opt` has no `mock=true`
   */
  constructor(cwd: string, needsMock: (service: string) => boolean = () => false) {
    this.#cwd = cwd;
    this.#needsMock = needsMock;
    this.#others = new OtherPlugins(cwd);
    this.outputs = new Outputs(cwd);
  }

  /**
   * Starts to build what is saved now. The next `generate` uses it: call this again after each later change of an
   * input.
   */
  startBuild(): void {
    this.#build?.abort.abort();
    this.#build = undefined;
    try {
      this.#build = this.#begun(readGenConfig(this.#cwd));
    } catch {
      // `generate` reports the fault.
    }
  }

  #begun({ inputs }: GenConfig) {
    const abort = new AbortController();
    const image = startInputs(this.#cwd, inputs, this.#image, abort.signal);
    image.catch(() => {});
    return { image, abort };
  }

  /** Generates the project. A fault of the project is returned, not thrown, and nothing is written. */
  async generate(): Promise<Generated> {
    const cwd = this.#cwd;
    try {
      const config = readGenConfig(cwd);
      const { parameter } = parseParameter(config.parameter);
      const { image: built } = this.#build ?? this.#begun(config);
      this.#build = undefined;
      const image = await built;
      this.#image = image;
      const compilation = this.#compiled(image, config, parameter.mock);
      const { error, file } = compilation.response;
      writeFound(cwd, parameter.errorOutput, compilation.diagnostics);
      if (error !== "") return { kind: "refused", why: error.trim() };
      const bffFiles = file.map(({ name, content }) => ({ path: join(config.out, name), content }));
      const touched = this.outputs.write([...this.#others.run(image, config.others), ...bffFiles]);
      if (compilation.lock !== undefined) writeLock(join(cwd, parameter.lock), compilation.lock);
      const servers = file.filter(({ name }) => /(^|\/)server\.ts$/.test(name));
      const { warnings } = compilation;
      return {
        kind: "generated",
        touched,
        changes: () => this.#changesTo(compilation.reports),
        warnings:
          warnings.length === 0 ? "" : renderDiagnostics(warnings, sourcesIn(shown(cwd)), parameter.errorFormat),
        servers: new Map(servers.map(({ name }) => [nameOf(name), join(cwd, config.out, name)])),
        project: { config, image, compilation },
        addsMocksFor: parameter.mock ? undefined : this.#addsMocksFor,
      };
    } catch (error) {
      if (error instanceof Refusal) return { kind: "refused", why: explained(error.message, cwd) };
      // An error of the file system: a folder without write access, a full disk.
      if (error instanceof Error && "syscall" in error) return { kind: "refused", why: error.message };
      throw error;
    }
  }

  #changesTo(reports: () => readonly FileReport[]): readonly string[] {
    const before = this.#reports?.();
    // Those of the first generation are described with the second one: nothing delays the first server or its end.
    const now = before && reports();
    this.#reports = now === undefined ? reports : () => now;
    return before === undefined || now === undefined ? [] : linesOf(compareReports(before, now));
  }

  /**
   * Compiles the project. From the first time that an upstream needs a mock, mocks are added even if `opt` does not
   * request them.
   */
  #compiled(image: Image, config: GenConfig, hasMocks: boolean): Compilation {
    const isAdded = this.#addsMocksFor !== undefined && !hasMocks;
    const parameter = [config.parameter, isAdded ? MOCK : ""].filter((part) => part !== "").join(",");
    const compilation = compileImage(image, parameter, this.#cwd, { lock: true, examples: true });
    if (hasMocks || isAdded) return compilation;
    const upstreams = compilation.reports().flatMap(({ upstreams = [] }) => upstreams);
    this.#addsMocksFor = upstreams.map(({ upstream }) => upstream).find(this.#needsMock);
    return this.#addsMocksFor === undefined ? compilation : this.#compiled(image, config, false);
  }
}

const MOCK = "mock=true";

/** Returns the name of a server from its file: web.v1 for `web/v1/server.ts`. */
function nameOf(file: string): string {
  return file === "server.ts" ? "server" : dirname(file).replaceAll("/", ".");
}

/** Writes the file that `error_output` requests: all diagnostics, even if none are left. */
function writeFound(cwd: string, path: string | undefined, diagnostics: readonly Diagnostic[]): void {
  if (path === undefined) return;
  try {
    writeChanged(join(cwd, path), renderDocument(diagnostics, sourcesIn(shown(cwd)), path));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Refusal(`error_output=${path} cannot be written: ${reason}`);
  }
}

function writeLock(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeChanged(path, text);
}
function writeChanged(path: string, text: string): void {
  let before: string | undefined;
  try {
    before = readFileSync(path, "utf8");
  } catch {
    // The file does not exist yet.
  }
  if (before !== text) writeFileSync(path, text);
}
