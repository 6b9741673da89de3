// The hedge of one call.

import { fault } from "../../diagnostic/diagnostic.ts";
import type { IrCall, IrPolicy } from "../../ir/step.ts";
import { lowest } from "../../text/amount.ts";
import type { Effects, Policy } from "../model/call.ts";
import type { PolicyContext } from "./context.ts";
import { nearest } from "./entries.ts";

/** Merges the hedges of the levels, the nearest first. A delay of 0: two attempts leave at once. */
export function mergeHedge(policies: readonly IrPolicy[]): Policy["hedge"] {
  const max = nearest(policies, ({ hedge }) => hedge?.max);
  const timed = policies.find(({ hedge }) => hedge?.delay !== undefined || hedge?.atOnce !== undefined)?.hedge;
  // The nearest of `delay` and `at_once` applies. `at_once: false` leaves an inherited delay.
  if (timed?.atOnce?.value === true)
    return { delay: { value: 0, at: timed.atOnce.at }, max: max?.value === 0 ? max : undefined, budget: undefined };
  return {
    delay: nearest(policies, ({ hedge }) => hedge?.delay),
    max,
    budget: nearest(policies, ({ hedge }) => hedge?.budget),
  };
}

/** Reports a hedge without a repeatable call, a delay, or time for the second attempt. */
export function checkHedge(
  cx: PolicyContext,
  ir: IrCall,
  policies: readonly IrPolicy[],
  hedge: Policy["hedge"],
  effects: Effects,
): void {
  const callHedge = ir.policy.hedge;
  const name = ir.method?.value;
  if (callHedge !== undefined && effects === "once" && callHedge.max?.value !== 0) {
    fault(cx.scope.report, "BFF508", callHedge.at, {
      message: `"${name}" may have side effects, so it must not be hedged`,
      hint: "remove `hedge`; or set `read_only: true` if it only reads, `idempotent: true` if a repetition does no harm",
      derived: true,
    });
    return;
  }
  if (effects === "once" || hedge.max?.value === 0) return;
  const { budget, max } = hedge;
  const set = max ?? budget;
  if (hedge.delay === undefined && set !== undefined) {
    fault(cx.scope.report, "BFF509", set.at, {
      message: "this hedge has no delay",
      hint: "add `delay`, such as the time of most answers",
    });
  }
  const most = max?.value ?? 1;
  if (budget !== undefined && !(budget.value > 0 && budget.value <= most)) {
    fault(cx.scope.report, "BFF523", budget.at, {
      message: `the budget of this hedge is ${budget.value} per call, and a call has at most ${most}`,
      ...(max !== undefined && { related: [{ at: max.at, message: "the maximum" }] }),
      hint: `write a \`budget\` above 0 and at most ${most}; \`max: 0\` turns hedging off`,
    });
  }
  const timeout = nearest(policies, (policy) => policy.timeout);
  if (hedge.delay === undefined || timeout === undefined || hedge.delay.value < lowest(timeout)) return;
  // An inherited hedge does not apply to a shorter call. An author who sets both needs the report.
  const together = policies.some((policy) => policy.hedge?.delay === hedge.delay && policy.timeout === timeout);
  if (callHedge?.delay === undefined && !together) return;
  fault(cx.scope.report, "BFF510", hedge.delay.at, {
    message: `a hedge after ${hedge.delay.value}ms is never sent: the call may take ${lowest(timeout)}ms`,
    related: [{ at: timeout.at, message: "the timeout of the call" }],
    hint: "lower the delay of the hedge, or raise the timeout of the call",
  });
}
