// The project's BFFs in this process, generated into a temporary folder of the project.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { PlayModule } from "@protobff/replay/whatif";
import type { PlanEdit, SettingReport } from "protoc-gen-bff/compiler";
import { OtherPlugins } from "../dev/other-plugins.ts";
import type { OutputFile } from "../dev/outputs.ts";
import { buildInputs, type Image } from "../project/buf.ts";
import { compileImage } from "../project/compile-project.ts";
import { type GenConfig, readGenConfig } from "../project/gen-config.ts";
import { Refusal } from "../terminal.ts";

/** BFFs of the project, with changed options or without. */
export interface Played {
  /** The BFF of each file with services, by the name of the file. */
  readonly modules: ReadonlyMap<string, PlayModule>;
  /** Settings of all of them. */
  readonly settings: readonly SettingReport[];
}

/** Imports of generated files have to name files that exist. */
const PARAMETER = "import_extension=ts,mock=true";
const PLAY = /_play\.ts$/;

/** A project whose BFFs are played, again and again with other options. */
export class PlayedProject {
  readonly #cwd: string;
  readonly #config: GenConfig;
  readonly #image: Image;
  readonly #others: readonly OutputFile[];
  readonly #folder: string;
  #count = 0;

  /**
   * Throws a `Refusal` if the project does not build.
   *
   * @param cwd the project's folder
   */
  constructor(cwd: string) {
    this.#cwd = cwd;
    this.#config = readGenConfig(cwd);
    this.#image = buildInputs(cwd, this.#config.inputs);
    this.#others = new OtherPlugins(cwd).run(this.#image, this.#config.others);
    // Inside the project, so that imports of packages resolve as they do in generated files.
    this.#folder = mkdtempSync(join(cwd, ".protobff-whatif-"));
    process.once("exit", this.#remove);
  }
  readonly #remove = (): void => rmSync(this.#folder, { recursive: true, force: true });

  /** Removes the generated files. */
  close(): void {
    process.off("exit", this.#remove);
    this.#remove();
  }

  /**
   * Generates and imports the BFFs. Throws a `Refusal` if the project has faults, or if a change is impossible.
   *
   * @param edits changes of the options
   */
  async build(edits: readonly PlanEdit[] = []): Promise<Played> {
    const parameter = [this.#config.parameter, PARAMETER].filter((part) => part !== "").join(",");
    const { response, settings } = compileImage(this.#image, parameter, this.#cwd, { examples: true, edits });
    if (response.error !== "") throw new Refusal(response.error.trim(), edits.length > 0 ? 2 : 1);
    const folder = join(this.#folder, String(this.#count++));
    const ours = response.file.map(({ name, content }) => ({ path: join(this.#config.out, name), content }));
    for (const { path, content } of [...this.#others, ...ours]) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
    const modules = new Map<string, PlayModule>();
    for (const { path } of ours)
      if (PLAY.test(path)) modules.set(path.replace(PLAY, ".proto"), await imported(join(folder, path)));
    if (modules.size === 0) throw new Refusal("the project has no service with options of bff.v1, so nothing can run");
    return { modules, settings };
  }
}

async function imported(path: string): Promise<PlayModule> {
  try {
    return (await import(pathToFileURL(path).href)) as PlayModule;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const hint =
      code === "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX"
        ? "write erasable_syntax=true into `opt` of protoc-gen-es in buf.gen.yaml"
        : "write import_extension=ts into `opt` of protoc-gen-es in buf.gen.yaml, and install the packages that generated code imports";
    throw new Refusal(`the generated code cannot be loaded: ${message}\n${hint}`);
  }
}
