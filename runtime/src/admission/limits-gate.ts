import type { Message } from "@bufbuild/protobuf";
import type { EarlyCharges, Exchange } from "../compose/exchange.ts";
import type { Request } from "../compose/request.ts";
import type { Failure } from "../failure.ts";
import type { ChargeResult, Limits, Refusal } from "../limits/limits.ts";
import type { Observer } from "../observer.ts";
import { chargeLimits } from "./charge-limits.ts";
import type { Gate } from "./gates.ts";
import { chargesOf, isReported, type LimitUse, reportLimits } from "./limit-uses.ts";

interface LimitsGateParts<App, Args extends Message, Result extends Message, Principal> {
  readonly counters: Limits;
  readonly late: readonly LimitUse<Request<App, Principal>, Args, Result>[];
  readonly method: string;
  readonly observer: Observer | undefined;
}

/** Charges a request all limits of an RPC, or none, and refuses it if one has no room. */
export function limitsGate<App, Args extends Message, Result extends Message, Principal>({
  counters,
  late,
  method,
  observer,
}: LimitsGateParts<App, Args, Result, Principal>): Gate<App, Args, Principal> {
  return {
    pass: (cx, args) => {
      const { applied, charges, failed } = chargesOf(late, cx, args);
      if (charges.length === 0 && failed.length === 0) return undefined;
      const { exchange } = cx;
      const charged = (outcome: ChargeResult | Refusal): Failure | undefined => {
        if (isReported(outcome))
          reportLimits(observer, outcome, cx, (name) => exchange.header(name), method, exchange.trace);
        if ("failure" in outcome) return outcome.failure;
        hold(exchange, outcome, (result) =>
          settle(applied, outcome, (use) => use.settle?.(cx, args, result as Result)),
        );
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

function hold(exchange: Exchange, charged: ChargeResult, answered: EarlyCharges["answered"]): void {
  // The request is over, and no work follows.
  if (exchange.over) charged.refund();
  else exchange.charged = { refund: () => charged.refund(), answered };
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
