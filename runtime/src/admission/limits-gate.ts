import type { Message } from "@bufbuild/protobuf";
import type { StreamCharges } from "../compose/charges.ts";
import type { Request } from "../compose/request.ts";
import type { Failure } from "../failure.ts";
import type { ChargeResult, Refusal } from "../limits/charge-result.ts";
import type { Limits } from "../limits/limits.ts";
import type { Observer } from "../observer.ts";
import { chargeLimits } from "./charge-limits.ts";
import type { Gate } from "./gates.ts";
import { GreatestCosts, type StreamCost } from "./greatest-costs.ts";
import { chargesOf, isReported, type LimitUse, reportLimits } from "./limit-uses.ts";
import { reportUsage, type UsageUse } from "./report-usage.ts";

interface LimitsGateParts<App, Args extends Message, Result extends Message, Principal> {
  readonly counters: Limits;
  readonly late: readonly LimitUse<Request<App, Principal>, Args, Result>[];
  readonly method: string;
  readonly observer: Observer | undefined;
  readonly usage?: UsageUse<Request<App, Principal>, Args> | undefined;
}

/** Charges a request all limits of an RPC, or none, and refuses it if one has no room. */
export function limitsGate<App, Args extends Message, Result extends Message, Principal>({
  counters,
  late,
  method,
  observer,
  usage,
}: LimitsGateParts<App, Args, Result, Principal>): Gate<App, Args, Principal> {
  return {
    pass: (cx, args) => {
      const { applied, charges, failed } = chargesOf(late, cx, args);
      if (charges.length === 0 && failed.length === 0) return undefined;
      const { exchange } = cx;
      const charged = (outcome: ChargeResult | Refusal): Failure | undefined => {
        if (isReported(outcome))
          reportLimits(observer, outcome, {
            request: cx,
            header: (name) => exchange.headers.text(name),
            method,
            trace: exchange.trace,
          });
        if ("failure" in outcome) return outcome.failure;
        // The request is over, and no work follows.
        if (exchange.over) {
          outcome.refund();
          return undefined;
        }
        const limits = applied.map(({ limit }) => limit);
        const kept = (): void => {
          if (usage !== undefined) reportUsage(usage, { cx, args, method, limits, result: outcome });
        };
        exchange.gates.charged = {
          refund: () => outcome.refund(),
          kept,
          answered: (result) => {
            settle(applied, outcome, (use) => use.settle?.(cx, args, result as Result));
            kept();
          },
          streamed: () => {
            const charges = streamChargesOf(applied, outcome, cx, args, kept);
            if (charges === undefined) kept();
            return charges;
          },
        };
        return undefined;
      };
      const outcome = chargeLimits(counters, charges, failed);
      if (!(outcome instanceof Promise)) return charged(outcome);
      return outcome.then((found) => {
        const failure = charged(found);
        if (failure !== undefined) throw failure;
      });
    },
  };
}

/** Returns the limits that a stream settles. Undefined if there is none. */
function streamChargesOf<Cx, Args, Result>(
  applied: readonly LimitUse<Cx, Args, Result>[],
  charged: ChargeResult,
  cx: Cx,
  args: Args,
  kept: () => void,
): StreamCharges | undefined {
  const costs = applied.flatMap(({ settle, settleItem }, index): readonly StreamCost[] =>
    settle === undefined && settleItem === undefined
      ? []
      : [
          {
            index,
            ofItem: settleItem && ((item) => settleItem(cx, args, item as never)),
            ofMessage: settle && ((message) => settle(cx, args, message as Result)),
          },
        ],
  );
  return costs.length === 0 ? undefined : new GreatestCosts(charged, costs, kept);
}

/** Settles the costs. If a cost cannot be evaluated, the requested cost stays. */
function settle<Use extends LimitUse<never, never, never>>(
  applied: readonly Use[],
  charged: ChargeResult,
  cost: (use: Use) => number | bigint | undefined,
): void {
  for (const [index, use] of applied.entries()) {
    try {
      const units = cost(use);
      if (units !== undefined) charged.settle(index, units);
    } catch (thrown) {
      charged.unsettled(index, thrown);
    }
  }
}
