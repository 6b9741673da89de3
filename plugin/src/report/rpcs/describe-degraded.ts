// Degradation: for each field of a composed message, the steps whose failure it survives, and the effect on its value.
import type { DescField } from "@bufbuild/protobuf";
import type { Expression, Variable } from "../../cel/index.ts";
import { type BoundExpression, canBeAbsent, type Target } from "../../model/conversion.ts";
import type { PlanMessage, Touch, TouchOrigin } from "../../plan/model/messages.ts";
import { callsOf, mayBeStale } from "../../resolve/model/blocks.ts";
import { stepName } from "../calls/describe-worst.ts";

/** A field that a failure changes, and the step whose failure does so. */
export interface Degraded {
  readonly field: string;
  /**
   * A step of the same message, or "an item of" its list; for an argument "args.x", whose steps belong to its composer.
   */
  readonly when: string;
  /** As in bff.v1.Degradation; "within": entries of the composed message, with separate paths. */
  readonly becomes: "missing" | "replaced" | "incomplete" | "stale" | "within";
}

export function degradedOf(message: PlanMessage): readonly Degraded[] {
  const { steps, targets } = message.composed;
  const resolved = new Set(steps.flatMap((step) => (step.source.kind === "resolver" ? (step.variable ?? []) : [])));
  const found = message.touches.flatMap(({ field, ...touch }) =>
    touch.origins.flatMap((origin): Degraded[] => {
      const whole = { field, when: nameOf(origin), becomes: becomes(expressionsOf(touch, targets), resolved, origin) };
      const isWhole = whole.becomes === "missing" || whole.becomes === "replaced";
      return isWhole && isPartial(origin)
        ? [whole, { field, when: `an item of ${whole.when}`, becomes: "incomplete" }]
        : [whole];
    }),
  );
  return [...new Map(found.map((entry) => [JSON.stringify(entry), entry])).values()];
}

/** A field that is computed from a field of another composed message, which may be missing. */
interface Loss {
  readonly field: string;
  /** "Card.price" */
  readonly without: string;
  /** False: the value is computed without it. */
  readonly isMissing: boolean;
}

/** @param all the composed messages of an rpc */
export function lossesOf(message: PlanMessage, all: readonly PlanMessage[]): readonly Loss[] {
  const found = message.touches.flatMap(({ field, origins, ...touch }) =>
    origins.flatMap(({ origin }): Loss[] => {
      const read = "reads" in origin ? origin.reads.filter(({ passed }) => !passed).flatMap(({ path }) => path) : [];
      const unsafe = expressionsOf(touch, message.composed.targets).flatMap((expression) => expression.unsafe);
      return read
        .filter((part) => isLost(part, all))
        .map((part) => ({
          field,
          without: `${part.parent.name}.${part.name}`,
          isMissing: unsafe.some(({ missing }) => missing?.path.includes(part)),
        }));
    }),
  );
  return [...new Map(found.map((loss) => [JSON.stringify(loss), loss])).values()];
}

const isLost = ({ parent, name }: DescField, all: readonly PlanMessage[]): boolean =>
  all
    .filter(({ composed }) => composed.desc === parent)
    .flatMap(degradedOf)
    .some(({ field, becomes }) => field === name && becomes === "missing");

/** Returns true for a list that leaves out items that fail. */
const isPartial = ({ origin }: TouchOrigin): boolean =>
  origin.kind === "step" && origin.step.step.source.kind === "each" && origin.step.step.source.partial;

function nameOf({ origin }: TouchOrigin): string {
  if (origin.kind === "within arg") return `args.${origin.arg.name}`;
  return origin.kind === "arg" ? `args.${origin.name}` : stepName(origin.step);
}

function expressionsOf({ target }: Pick<Touch, "target">, targets: readonly Target[]): readonly Expression[] {
  if (target.kind === "resolved") return [];
  const found = targets[target.index];
  if (found === undefined) return [];
  if (found.kind === "field") return isAlwaysSet(found.bound) ? [] : [found.bound.expression];
  const member = target.kind === "member" ? found.members[target.member] : undefined;
  return member === undefined ? [] : [member.bound.expression, ...(member.if === undefined ? [] : [member.if])];
}

/** Returns true for a copy that has a value even if its source has none. */
const isAlwaysSet = ({ copy }: BoundExpression): boolean =>
  copy !== undefined && (copy.fallback !== undefined || !canBeAbsent(copy.to));

function becomes(
  expressions: readonly Expression[],
  resolved: ReadonlySet<Variable>,
  { origin, leftOut }: TouchOrigin,
): Degraded["becomes"] {
  if (origin.kind === "within" || origin.kind === "within arg") return "within";
  if (leftOut) return "incomplete";
  if (origin.kind === "step") {
    const { step } = origin.step;
    if (step.source.kind === "each" && step.source.partial && !step.supplementary) return "incomplete";
    const replaces = callsOf(step.source).some((call) => call.onError.some(({ then }) => then.kind === "fallback"));
    if (step.fallback !== undefined || (replaces && !step.supplementary)) return "replaced";
    // Without an answer the response fails; only a stale answer lets it continue.
    if (!step.supplementary && callsOf(step.source).some(mayBeStale)) return "stale";
  }
  // An expression with an unsafe read is not evaluated if the value is absent; behind `ok` another expression is
  // evaluated. Arguments of a resolver may be absent, and the resolver still returns its value.
  const isResolver = origin.kind === "step" && origin.step.step.source.kind === "resolver";
  const absent = expressions
    .flatMap(({ unsafe }) => unsafe)
    .filter((variable) => isResolver || !resolved.has(variable));
  return absent.length > 0 ? "missing" : "replaced";
}
