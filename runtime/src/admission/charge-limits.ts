import { type ChargeRequest, type ChargeResult, isRefusal, type Refusal } from "../limits/charge-result.ts";
import type { Limits } from "../limits/limits.ts";

type Outcome = ChargeResult | Refusal;

/**
 * Charges the limits of a request that may refuse it, all or none. Then it charges each limit in a dry run by itself: one
 * that is exceeded takes nothing.
 *
 * @param failed `<package>/<name>` of the limits in a dry run that would refuse the request before any charge
 */
export function chargeLimits(
  counters: Limits,
  charges: readonly ChargeRequest[],
  failed: readonly string[],
): Outcome | Promise<Outcome> {
  if (failed.length === 0 && !charges.some(isDry)) return counters.charge(charges);
  const chargeDry = (enforced: Outcome): Outcome | Promise<Outcome> => {
    if (isRefusal(enforced)) return enforced;
    const dry = charges.filter(isDry).map((charge) => counters.charge([charge]));
    const join = (outcomes: readonly Outcome[]): Outcome => new DryRun(charges, enforced, outcomes, failed);
    return dry.some((outcome) => outcome instanceof Promise) ? Promise.all(dry).then(join) : join(dry as Outcome[]);
  };
  const enforced = counters.charge(charges.filter((charge) => !isDry(charge)));
  return enforced instanceof Promise ? enforced.then(chargeDry) : chargeDry(enforced);
}

const isDry = ({ limit }: ChargeRequest): boolean => limit.dryRun === true;

/** Charges of limits, some of them in a dry run. */
class DryRun implements ChargeResult {
  readonly alone: readonly string[];
  readonly dry: readonly string[];
  /** By request: its charge, and the index there. Undefined: nothing is charged. */
  readonly #of: readonly ({ readonly result: ChargeResult; readonly index: number } | undefined)[];
  readonly #all: readonly ChargeResult[];

  constructor(
    charges: readonly ChargeRequest[],
    enforced: ChargeResult,
    outcomes: readonly Outcome[],
    failed: readonly string[],
  ) {
    const dry = outcomes.values();
    let index = 0;
    this.#of = charges.map((charge) => {
      if (!isDry(charge)) return { result: enforced, index: index++ };
      const outcome = dry.next().value;
      return outcome === undefined || isRefusal(outcome) ? undefined : { result: outcome, index: 0 };
    });
    this.dry = [...failed, ...outcomes.flatMap((outcome) => (isRefusal(outcome) ? outcome.limits : []))];
    this.#all = [enforced, ...outcomes.filter((outcome): outcome is ChargeResult => !isRefusal(outcome))];
    this.alone = this.#all.flatMap(({ alone }) => alone);
  }
  refund(): void {
    for (const result of this.#all) result.refund();
  }
  charged(index: number): number | undefined {
    const charged = this.#of[index];
    return charged?.result.charged(charged.index);
  }
  settle(index: number, cost: number | bigint): void {
    const charged = this.#of[index];
    charged?.result.settle(charged.index, cost);
  }
  unsettled(index: number, cause: unknown): void {
    const charged = this.#of[index];
    charged?.result.unsettled(charged.index, cause);
  }
}
