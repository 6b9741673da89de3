// Inputs of a project, built by buf. Loads no compiler, so that a server can start buf first.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { Refusal } from "../terminal.ts";
import { buildImage, type Image, startBuild } from "./buf.ts";
import { type GenConfig, readGenConfig, WHOLE } from "./gen-config.ts";

/** Returns the folder or the nearest one above it that has a buf.yaml. */
export function rootOf(cwd: string): string | undefined {
  for (let folder = cwd; ; folder = dirname(folder)) {
    if (["buf.yaml", "buf.work.yaml"].some((name) => existsSync(join(folder, name)))) return folder;
    if (dirname(folder) === folder) return undefined;
  }
}

/** Returns the folder of the project around a folder. Throws a `Refusal` if there is none. */
export function requiredRoot(cwd: string): string {
  const root = rootOf(cwd);
  if (root === undefined) throw new Refusal("there is no buf.yaml here, and none above: start in the project");
  return root;
}

/** Returns defaults for a faulty template, because `buf generate` reports the fault. */
export function configOf(root: string, template = "buf.gen.yaml"): Pick<GenConfig, "parameter" | "inputs"> {
  try {
    return readGenConfig(root, template);
  } catch (thrown) {
    if (thrown instanceof Refusal) return { parameter: "", inputs: [WHOLE] };
    throw thrown;
  }
}

/** Builds all inputs as one image; `instead` is built in the place of each, with its exclusions. */
export function buildInputs(cwd: string, inputs: GenConfig["inputs"], instead?: string, before?: Image): Image {
  return joinedAll(
    inputs.map(({ input, paths, excludePaths }) =>
      buildImage({ cwd, input: instead ?? input, paths, excludePaths, before }),
    ),
  );
}

/** Builds all inputs as one image, while other work continues. */
export async function startInputs(
  cwd: string,
  inputs: GenConfig["inputs"],
  before: Image | undefined,
  signal: AbortSignal,
): Promise<Image> {
  return joinedAll(await Promise.all(inputs.map((input) => startBuild({ cwd, ...input, before }, signal))));
}

function joinedAll([first, ...rest]: readonly Image[]): Image {
  return rest.reduce(joined, first ?? { files: [], imports: new Set<string>() });
}

/** Joins two images. A file that either image contains as its own, not as an import, is no import of the result. */
function joined(image: Image, other: Image): Image {
  const known = new Set(image.files.map(({ name }) => name));
  const files = [...image.files, ...other.files.filter(({ name }) => !known.has(name))];
  const targets = new Set([image, other].flatMap(targetsOf));
  return { files, imports: new Set(files.map(({ name }) => name).filter((name) => !targets.has(name))) };
}

/** Returns the names of the files that are no imports. */
export function targetsOf({ files, imports }: Image): readonly string[] {
  return files.map(({ name }) => name).filter((name) => !imports.has(name));
}
