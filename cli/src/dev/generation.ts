// One generation of the project, in this process: what `buf generate` would write.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseParameter, renderDiagnostics, sourcesIn } from "protoc-gen-bff/compiler";
import { type CompiledProject, compileProject, shown } from "../project/compile-project.ts";
import { Refusal } from "../refusal.ts";
import { OtherPlugins } from "./other-plugins.ts";
import { Outputs } from "./outputs.ts";

/** What came of it. */
export type Generated =
  | {
      readonly kind: "generated";
      /** Absolute paths of the files that are other than before. */
      readonly touched: readonly string[];
      /** As text; empty: none. */
      readonly warnings: string;
      /** The `server.ts` of each server, by its name; absolute paths. */
      readonly servers: ReadonlyMap<string, string>;
      readonly project: CompiledProject;
    }
  | { readonly kind: "refused"; readonly why: string };

/** Generates into one folder again and again. */
export class Generation {
  readonly #cwd: string;
  readonly #others: OtherPlugins;
  readonly outputs: Outputs;

  /** @param cwd the project's folder */
  constructor(cwd: string) {
    this.#cwd = cwd;
    this.#others = new OtherPlugins(cwd);
    this.outputs = new Outputs(cwd);
  }

  /** What is wrong with the project is given, not thrown; nothing is written then. */
  generate(): Generated {
    const cwd = this.#cwd;
    try {
      const project = compileProject({ cwd, lock: true });
      const { compilation, config, image } = project;
      const { error, file } = compilation.response;
      if (error !== "") return { kind: "refused", why: error.trim() };
      const own = file.map(({ name, content }) => ({ path: join(config.out, name), content }));
      const touched = this.outputs.write([...this.#others.run(image, config.others), ...own]);
      const { parameter } = parseParameter(config.parameter);
      if (compilation.lock !== undefined) writeLock(join(cwd, parameter.lock), compilation.lock);
      const servers = file.filter(({ name }) => /(^|\/)server\.ts$/.test(name));
      const { warnings } = compilation;
      return {
        kind: "generated",
        touched,
        warnings:
          warnings.length === 0 ? "" : renderDiagnostics(warnings, sourcesIn(shown(cwd)), parameter.errorFormat),
        servers: new Map(servers.map(({ name }) => [nameOf(name), join(cwd, config.out, name)])),
        project,
      };
    } catch (error) {
      if (error instanceof Refusal) return { kind: "refused", why: error.message };
      // Of the file system: a folder that may not be written, a disk that is full.
      if (error instanceof Error && "syscall" in error) return { kind: "refused", why: error.message };
      throw error;
    }
  }
}

/** `web/v1/server.ts` is that of web.v1. */
function nameOf(file: string): string {
  return file === "server.ts" ? "server" : dirname(file).replaceAll("/", ".");
}

function writeLock(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  let before: string | undefined;
  try {
    before = readFileSync(path, "utf8");
  } catch {
    // It is the first one.
  }
  if (before !== text) writeFileSync(path, text);
}
