// What degrades to what: for each field of a composed message, the steps whose failure it survives, and what becomes of it then.
import type { Expression, Variable } from "../../cel/index.ts";
import type { Target } from "../../model/conversion.ts";
import type { PlanMessage, Touch, TouchOrigin } from "../../plan/model/messages.ts";
import { callsOf, mayBeStale } from "../../resolve/model/source-parts.ts";
import { stepName } from "../calls/describe-worst.ts";

export interface Degraded {
  readonly field: string;
  /** A step of the same message; of an argument "args.x", whose steps are its composer's. */
  readonly when: string;
  /** As in bff.v1.Degradation; "within": entries of what is composed, with paths of their own. */
  readonly becomes: "missing" | "replaced" | "incomplete" | "stale" | "within";
}

export function degradedOf(message: PlanMessage): readonly Degraded[] {
  const { steps, targets } = message.composed;
  const resolved = new Set(steps.flatMap((step) => (step.source.kind === "resolver" ? (step.variable ?? []) : [])));
  const found = message.touches.flatMap((touch) =>
    touch.origins.map((origin) => ({
      field: touch.field,
      when: nameOf(origin),
      becomes: becomes(expressionsOf(touch, targets), resolved, origin),
    })),
  );
  return [...new Map(found.map((one) => [JSON.stringify(one), one])).values()];
}

function nameOf({ origin }: TouchOrigin): string {
  return origin.kind === "arg" ? `args.${origin.name}` : stepName(origin.step);
}

function expressionsOf({ target }: Touch, targets: readonly Target[]): readonly Expression[] {
  if (target.kind === "resolved") return [];
  const found = targets[target.index];
  if (found === undefined) return [];
  if (found.kind === "field") return [found.bound.expression];
  const member = target.kind === "member" ? found.members[target.member] : undefined;
  return member === undefined ? [] : [member.bound.expression, ...(member.if === undefined ? [] : [member.if])];
}

function becomes(
  expressions: readonly Expression[],
  resolved: ReadonlySet<Variable>,
  { origin, leftOut }: TouchOrigin,
): Degraded["becomes"] {
  if (origin.kind === "within") return "within";
  if (leftOut) return "incomplete";
  if (origin.kind === "step") {
    const { step } = origin.step;
    if (step.source.kind === "each" && step.source.partial && !step.supplementary) return "incomplete";
    const replaces = callsOf(step.source).some((call) => call.onError.some(({ then }) => then.kind === "fallback"));
    if (step.fallback !== undefined || (replaces && !step.supplementary)) return "replaced";
    // Without an answer the response fails; only an old one goes on.
    if (!step.supplementary && callsOf(step.source).some(mayBeStale)) return "stale";
  }
  // Read where it may be absent the value is not evaluated; read behind `ok` another one is.
  // What a resolver was to be given may be absent, and it gives its value all the same.
  const own = origin.kind === "step" && origin.step.step.source.kind === "resolver";
  const absent = expressions.flatMap(({ unsafe }) => unsafe).filter((variable) => own || !resolved.has(variable));
  return absent.length > 0 ? "missing" : "replaced";
}
