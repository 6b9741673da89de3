import type { Origin } from "../../diagnostic/diagnostic.ts";
import type { IrSource } from "../../ir/step.ts";
import type { Source, Step } from "./model.ts";

/** A step without options. It reads nothing. */
export const WITHOUT_OPTIONS = {
  if: undefined,
  supplementary: false,
  autobind: false,
  unordered: false,
  deferred: false,
  fallback: undefined,
  after: [],
  reads: [],
} as const satisfies Partial<Step>;

/** Returns a step that no `let` declares, for a value or test of another option. It has no name and always a value. */
export function undeclaredStep(at: Origin, index: number, source: Source, declared?: IrSource): Step {
  const ir = { name: undefined, if: undefined, supplementary: undefined, fallback: undefined, autobind: undefined };
  return {
    ir: { kind: "step", at, index, ...ir, source: declared, after: [], unordered: undefined, defer: undefined },
    name: undefined,
    index,
    variable: undefined,
    source,
    ...WITHOUT_OPTIONS,
    absent: false,
    absentByFailure: false,
    tainted: false,
  };
}
