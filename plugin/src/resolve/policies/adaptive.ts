// Faults in adaptive limits of entries and calls: a limit without room to adapt, and `adaptive: false` without an
// adaptive limit.

import { fault, type Report } from "../../diagnostic/diagnostic.ts";
import type { IrLimit, IrUpstream } from "../../ir/step.ts";
import { lowest } from "../../text/amount.ts";
import { nearest } from "./entries.ts";

/** Lower bound of an adaptive limit; equals `FLOOR` of the runtime. */
const FLOOR = 3;

/**
 * Checks entries. Entries of every upstream surround those of one service; an entry with `method` is an inner limit
 * without surroundings.
 */
export function checkAdaptiveEntries(entries: readonly IrUpstream[], report: Report): void {
  const wide = entries.filter(({ method, service }) => method === undefined && service === undefined);
  for (const entry of entries) {
    const around = entry.method === undefined && entry.service !== undefined ? wide : [];
    checkAdaptive(entry.policy.limit, limitsOf(around), report);
  }
}
const limitsOf = (entries: readonly IrUpstream[]): IrLimit[] => entries.flatMap(({ policy }) => policy.limit ?? []);

/** Checks the limit of one level against the levels around it. */
export function checkAdaptive(level: IrLimit | undefined, around: readonly IrLimit[], report: Report): void {
  if (level === undefined) return;
  const levels = [level, ...around];
  if (level.adaptive?.value === false && !around.some(({ adaptive }) => adaptive?.value === true)) {
    fault(report, "BFF287", level.adaptive.at, {
      message: "`adaptive: false` has no effect: no outer limit is adaptive",
      hint: "leave it out",
    });
  }
  const adaptive = nearest(levels, (limit) => limit.adaptive);
  const concurrent = nearest(levels, (limit) => limit.concurrent);
  if (adaptive?.value !== true || concurrent === undefined || lowest(concurrent) > FLOOR) return;
  if (adaptive !== level.adaptive && concurrent !== level.concurrent) return; // told where they meet
  const [at, other] = concurrent === level.concurrent ? [concurrent, adaptive] : [adaptive, concurrent];
  const inherited = adaptive !== level.adaptive;
  fault(report, "BFF287", at.at, {
    message: `an adaptive limit is at least ${FLOOR}, so it cannot change with \`concurrent: ${lowest(concurrent)}\``,
    related: [{ at: other.at, message: at === concurrent ? "this limit is adaptive" : "the maximum of the limit" }],
    hint: `raise it, as in \`concurrent: 100\`, or ${inherited ? "add `adaptive: false` here" : "leave `adaptive` out"}`,
  });
}
