// The project that buf lints, as `buf generate` would see it.
import { existsSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { parseParameter, type Sources, sourcesIn, tryRead } from "protoc-gen-bff/compiler";
import type { CheckedProject } from "../check-plugin/check.ts";
import { Refusal } from "../refusal.ts";
import { buildInputs } from "./compile-project.ts";
import { type GenConfig, readGenConfig, WHOLE } from "./gen-config.ts";

/**
 * Reads the project in a folder or above it, as it is on disk. Throws a `Refusal` if no project is found, or if it does
 * not build.
 *
 * @param template the file that configures generation
 */
export function checkedProject(cwd: string, template: string): CheckedProject {
  const root = rootOf(cwd);
  if (root === undefined)
    throw new Refusal(`there is no buf.yaml in ${cwd}, and none above it: start buf, or the editor, in the project`);
  const { parameter, inputs } = configOf(root, template);
  const { files, imports } = buildInputs(root, inputs);
  const lock = join(root, parseParameter(parameter).parameter.lock);
  return { files, imports, parameter, sources: shownFrom(root), lock: { text: tryRead(lock), ci: false } };
}

/** Paths are shown from the project's folder, wherever the editor was started. */
function shownFrom(root: string): Sources {
  const sources = sourcesIn(root);
  return Object.assign((name: string) => sources(name), {
    path: (name: string) => relative(root, sources.path?.(name) ?? name).replaceAll("\\", "/"),
  });
}

/** Returns the folder or the nearest one above it that has a buf.yaml. */
export function rootOf(cwd: string): string | undefined {
  for (let folder = cwd; ; folder = dirname(folder)) {
    if (["buf.yaml", "buf.work.yaml"].some((name) => existsSync(join(folder, name)))) return folder;
    if (dirname(folder) === folder) return undefined;
  }
}

/** Returns defaults for a faulty template, because `buf generate` reports the fault. */
export function configOf(root: string, template: string): Pick<GenConfig, "parameter" | "inputs"> {
  try {
    return readGenConfig(root, template);
  } catch (thrown) {
    if (thrown instanceof Refusal) return { parameter: "", inputs: [WHOLE] };
    throw thrown;
  }
}
