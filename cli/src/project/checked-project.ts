// The project that buf lints, as `buf generate` would see it.
import { join, relative } from "node:path";
import { parseParameter, type Sources, sourcesIn, tryRead } from "protoc-gen-bff/compiler";
import type { CheckedProject } from "../check-plugin/check.ts";
import { Refusal } from "../terminal.ts";
import { buildInputs, configOf, rootOf } from "./buf.ts";

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
