import type { Printable } from "@bufbuild/protoplugin";
import type { PlanFile } from "../../plan/model/plan.ts";
import type { Line } from "../text/lines.ts";

/** `Readonly<Record<"agent", …>>`, with an optional property for each branch. */
export function clientsType({ upstreams }: PlanFile, type: Printable): Line {
  const branches = upstreams.flatMap(({ name, branches }) =>
    branches.map((branch) => ({ name: `${name}.${branch.name}` })),
  );
  const all = recordOf(upstreams, type);
  return branches.length === 0 ? all : [...all, " & Partial<", ...recordOf(branches, type), ">"];
}
/** `Readonly<Record<"agent" | "user", …>>` */
export function recordOf(keys: readonly { readonly name: string }[], type: Printable): Line {
  const names = keys.length === 0 ? ["never"] : keys.map(({ name }) => JSON.stringify(name));
  return [`Readonly<Record<${names.join(" | ")}, `, type, ">>"];
}
