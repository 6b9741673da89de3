// Steps that a permit may read: they have a value or fail, and their calls have no side effects.

import { caution, fault, type Origin } from "../../diagnostic/diagnostic.ts";
import { fullName } from "../../model/full-name.ts";
import { callsOf, mayBeStale } from "../model/blocks.ts";
import type { Step } from "../model/model.ts";
import type { MessageScope } from "../scope/scope.ts";

/**
 * @param shared true for a step of the service
 * @param reader the place where the permit reads the step, if it reads the step directly
 */
export function checkDecision(
  { report }: MessageScope,
  step: Step,
  { shared, reader }: { readonly shared: boolean; readonly reader: Origin | undefined },
): void {
  if (step.source.kind === "guard") return;
  const at = reader ?? step.ir.name?.at ?? step.ir.at;
  const called = step.name === undefined ? "this step" : `step "${step.name}"`;
  const what = unsureOf(step);
  if (what !== undefined) {
    fault(report, "BFF236", at, {
      message: `a permit depends on ${called}, which ${what}: a failure would decide about access`,
      ...(!shared || reader === undefined
        ? {}
        : { related: [{ at: step.ir.name?.at ?? step.ir.at, message: "the step of the service" }] }),
      hint: "read a critical step by `call`, `by` or `switch`, such as one in the `let` of the permit itself",
    });
    return;
  }
  for (const call of callsOf(step.source)) {
    if (call.effects !== "none") {
      fault(report, "BFF237", call.methodAt, {
        message: `"${fullName(call.method)}" may have side effects, but is also called for callers that the permit refuses`,
        hint: "set `read_only: true` in the call if it only reads, or `idempotency_level = NO_SIDE_EFFECTS` in its method",
        derived: true,
      });
    }
    if (mayBeStale(call)) {
      caution(report, "BFF238", call.policy.cache.stale?.at ?? call.ir.at, {
        message: `a permit depends on an answer that may be past its \`ttl\`: a revoked right stays valid until then`,
        hint: 'write `stale: "0s"` in the `cache` of this call',
      });
    }
  }
}

function unsureOf({ ir, source, supplementary, fallback }: Step): string | undefined {
  if (source.kind !== "by" && source.kind !== "call" && source.kind !== "switch")
    return `has \`${source.kind}\` as its source`;
  if (supplementary) return "is supplementary";
  if (fallback !== undefined) return "has a `fallback`";
  if (ir.unordered?.value === true) return "is `unordered`";
  // Error rules of upstream entries do not apply to decisions.
  const rules = ir.source?.kind === "call" ? ir.source.policy.onError : [];
  const rule = rules.find(({ then }) => then !== undefined && then.kind !== "fail");
  return rule?.then === undefined ? undefined : `has an \`on_error\` with \`${rule.then.kind}\``;
}
