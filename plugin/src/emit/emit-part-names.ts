// Part names for clients: the fields of a response that may come later.
import type { GeneratedFile } from "@bufbuild/protoplugin";
import type { PlanFile } from "../plan/model/plan.ts";

/** Imports nothing, so that it can be taken into a browser. */
export function emitPartNames({ desc, parts }: PlanFile, f: GeneratedFile): void {
  f.preamble(desc);
  for (const { name, message, paths } of parts) {
    f.print(
      "/** The fields of ",
      message.typeName,
      " that may come later, as `parts` names them when they have arrived. */",
    );
    f.print("export const ", name, " = [", paths.map((path) => JSON.stringify(path)).join(", "), "] as const;");
    f.print();
  }
}
