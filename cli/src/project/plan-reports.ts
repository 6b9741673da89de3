// The plans of a compiled project.
import type { FileReport } from "protoc-gen-bff/compiler";
import type { CompiledProject } from "./compile-project.ts";

/** Returns the plans of a project, or the reason why there are none. */
export function reportsOf({
  compilation: { response, reports },
}: Pick<CompiledProject, "compilation">): readonly FileReport[] | string {
  return response.error === "" ? reports() : response.error.trim();
}
