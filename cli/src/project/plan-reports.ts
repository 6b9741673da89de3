// The plans of a compiled project.
import type { FileReport } from "protoc-gen-bff/compiler";
import type { CompiledProject } from "./compile-project.ts";

/** Parameter for plans alone, because other outputs take time and may be empty. */
export const PLAN = "plan=json";

/** Returns the plans of a project that was compiled with `PLAN`, or the reason why there are none. */
export function reportsOf({
  compilation: { response },
}: Pick<CompiledProject, "compilation">): readonly FileReport[] | string {
  if (response.error !== "") return response.error.trim();
  return response.file
    .filter(({ name }) => name.endsWith("_plan.json"))
    .map(({ content }) => JSON.parse(content) as FileReport);
}
