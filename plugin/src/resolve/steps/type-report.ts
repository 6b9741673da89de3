import type { Expression } from "../../cel/index.ts";
import type { Report } from "../../diagnostic/diagnostic.ts";
import type { IrMessage, IrService } from "../../ir/ir.ts";
import { type MessageScope, stepPlaces } from "../scope/scope.ts";
import type { Run } from "./context.ts";

interface Context {
  readonly scope: MessageScope;
  readonly run: Run;
  readonly ir: IrMessage | IrService | undefined;
}

/** Returns the report for faults of a value's type. It adds the place of the step or the argument that is the value. */
export function typeReport({ scope, run, ir }: Context, { root }: Expression): Report {
  const { report } = scope;
  if (root.kind !== "name") return report;
  const { role, name } = root.variable;
  const places = role === "arg" && ir !== undefined ? (run.places.get(ir.desc.typeName) ?? []) : [];
  const passed = places.flatMap(({ members, what }) => {
    const at = members.get(name)?.at;
    return at === undefined ? [] : [{ at, message: `${what} passes it` }];
  });
  const related = role === "step" ? stepPlaces(scope, [name]) : passed;
  return (diagnostic) => report({ ...diagnostic, related: [...(diagnostic.related ?? []), ...related] });
}
