import type { StreamCharges } from "../compose/charges.ts";
import type { ChargeResult } from "../limits/charge-result.ts";

/** Costs of a stream for one limit. */
export interface StreamCost {
  /** Index of the limit among the charges. */
  readonly index: number;
  /** Current cost, from an item of the source. */
  readonly ofItem?: ((item: unknown) => number | bigint) | undefined;
  /** Current cost, from a sent message. */
  readonly ofMessage?: ((message: unknown) => number | bigint) | undefined;
}

interface Greatest {
  value?: number | bigint | undefined;
  thrown?: unknown;
}

/** Settles the limits of one stream at its end: each by the greatest cost that its items or messages have. */
export class GreatestCosts implements StreamCharges {
  readonly #charged: ChargeResult;
  readonly #costs: readonly (StreamCost & Greatest)[];
  readonly #settled: (() => void) | undefined;

  /** @param settled called at the end of the stream, unless its charges are returned */
  constructor(charged: ChargeResult, costs: readonly StreamCost[], settled?: () => void) {
    this.#charged = charged;
    this.#settled = settled;
    this.#costs = costs.map((cost) => ({ ...cost }));
  }
  item(item: unknown): void {
    for (const cost of this.#costs) {
      const { ofItem } = cost;
      if (ofItem !== undefined) raise(cost, () => ofItem(item));
    }
  }
  message(read: () => unknown): void {
    for (const cost of this.#costs) {
      const { ofMessage } = cost;
      if (ofMessage !== undefined) raise(cost, () => ofMessage(read()));
    }
  }
  /**
   * Charges without a known cost stay. So do those of a failed stream whose cost is 0: otherwise a client that leaves
   * early would pay nothing.
   *
   * @param sent true if any upstream was called; otherwise a failed stream without a cost gets its charges back
   */
  ended(ok: boolean, sent: boolean): void {
    if (!ok && !sent && this.#costs.every(({ value, thrown }) => value === undefined && thrown === undefined)) {
      this.#charged.refund();
      return;
    }
    for (const { index, value, thrown } of this.#costs) {
      if (value === undefined) {
        if (thrown !== undefined) this.#charged.unsettled(index, thrown);
      } else if (ok || value > 0) this.#charged.settle(index, value);
    }
    this.#settled?.();
  }
}

function raise(greatest: Greatest, cost: () => number | bigint): void {
  try {
    const value = cost();
    if (greatest.value === undefined ? !Number.isNaN(Number(value)) : value > greatest.value) greatest.value = value;
  } catch (thrown) {
    greatest.thrown ??= thrown;
  }
}
