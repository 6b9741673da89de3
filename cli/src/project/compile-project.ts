// A project, compiled in this process as `buf generate` would have the plugin do.
import { join, relative } from "node:path";
import { create } from "@bufbuild/protobuf";
import { CodeGeneratorRequestSchema } from "@bufbuild/protobuf/wkt";
import {
  type Compilation,
  compile,
  EXAMPLES,
  type PlanEdit,
  parseParameter,
  projectOf,
  readsExamples,
  type Sources,
  sourcesIn,
  tryRead,
} from "protoc-gen-bff/compiler";
import { buildInputs, type Image, targetsOf } from "./buf.ts";
import { type GenConfig, readGenConfig } from "./gen-config.ts";

/** Options beside the project's own configuration. */
interface CompileOptions {
  /** The project's folder. */
  readonly cwd: string;
  /** Input in place of the folder: the same project elsewhere, as a git reference or an image. */
  readonly input?: string | undefined;
  /** Configuration in place of the folder's buf.gen.yaml. */
  readonly config?: GenConfig | undefined;
  /** Files for excerpts and places. Default: the modules of the folder. */
  readonly sources?: Sources | undefined;
  /** More of the plugin's options, as in `opt:`; they come last. */
  readonly parameter?: string | undefined;
  /** True to compare the lock and return its new text. Default: false. */
  readonly lock?: boolean | undefined;
  /** True to report faults for the requests of the folder's faults.json, too. Default: false. */
  readonly examples?: boolean | undefined;
  /** Changes of the plan, for a simulation. Default: no simulation. */
  readonly edits?: readonly PlanEdit[] | undefined;
}
export interface CompiledProject {
  readonly config: GenConfig;
  readonly image: Image;
  readonly compilation: Compilation;
}

/**
 * Compiles the project without writing files. Faults of the protos are diagnostics of the compilation. Throws a
 * `Refusal` if the protos do not build at all.
 */
export function compileProject(options: CompileOptions): CompiledProject {
  const { cwd, input, config = readGenConfig(cwd), sources, parameter = "", lock, examples, edits } = options;
  const image = buildInputs(cwd, config.inputs, input);
  const all = [config.parameter, parameter].filter((part) => part !== "").join(",");
  return { config, image, compilation: compileImage(image, all, cwd, { lock, sources, examples, edits }) };
}

/** One image, with the plugin's options as in `opt:`. */
export function compileImage(
  image: Image,
  parameter: string,
  cwd: string,
  {
    lock = false,
    examples = false,
    edits,
    sources = sourcesIn(shown(cwd)),
  }: Pick<CompileOptions, "lock" | "examples" | "edits" | "sources"> = {},
): Compilation {
  const request = create(CodeGeneratorRequestSchema, {
    parameter,
    protoFile: [...image.files],
    sourceFileDescriptors: [...image.files],
    fileToGenerate: [...targetsOf(image)],
  });
  const parsed = parseParameter(parameter).parameter;
  return compile(
    request,
    sources,
    lock ? { text: tryRead(join(cwd, parsed.lock)), ci: false, project: projectOf(parsed.lock, cwd) } : undefined,
    examples && (readsExamples(parsed) || edits !== undefined) ? tryRead(join(cwd, EXAMPLES)) : undefined,
    edits,
  );
}

/** Returns the folder as diagnostics name it: from the user's working directory. */
export function shown(cwd: string): string {
  return relative(process.cwd(), cwd) || ".";
}
