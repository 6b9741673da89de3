// A fair queue in a random world: keys of several weights that enter, become critical, leave and get places, with few
// places for waiters. A naive model that tags each waiter must agree after every step. Every pair of keys that wait all
// the time must keep the bound of start-time fair queueing (Goyal, Vin and Cheng 1996, theorem 1): the services per
// weight differ by at most the sum of one service of each.
import { FairQueue } from "../../../runtime/src/guard/fair-queue.ts";
import type { UrgentWaiter, WaitQueue } from "../../../runtime/src/guard/limit.ts";
import { NaiveShares, type Party } from "./naive-shares.ts";
import { Random } from "./random.ts";

interface Waiter extends Party, Pick<UrgentWaiter, "admitted" | "shed"> {
  critical: boolean;
}
export interface ShareWorld {
  readonly violations: readonly string[];
  readonly seen: Readonly<Record<string, number>>;
}

const WEIGHTS = [0.01, 0.25, 1, 1, 2, 3, 7.5, 100] as const;
const KINDS = ["enter", "enter", "enter", "serve", "serve", "serve", "leave", "urge"] as const;
type Some<T> = readonly [T, ...T[]];

/** @param broken a queue that may break the rules */
export function shareWorld(seed: number, broken?: (total: number) => WaitQueue): ShareWorld {
  const random = new Random(seed);
  const weights = new Map<string, number>(["", "a", "b", "c", "d", "e"].map((key) => [key, random.pick(WEIGHTS)]));
  const keys = [...weights.keys()].slice(0, random.pick([1, 2, 3, 6])) as string[] as [string, ...string[]];
  const limits = { total: random.pick([0, 1, 5, 30]), perKey: random.pick([1, 4, 30]) };
  const violations: string[] = [];
  const seen = { entered: 0, refused: 0, evicted: 0, served: 0, left: 0, urged: 0 };
  const shed: string[] = [];
  const queue = broken?.(limits.total) ?? new FairQueue({ ...limits, refused: (key) => shed.push(key) });
  const model = new NaiveShares<Waiter>(limits);
  const classes = [new Fairness(weights), new Fairness(weights)] as const;
  const steps = random.pick([20, 60, 150]);
  const expect = (what: string, found: unknown, expected: unknown): void => {
    if (found !== expected) violations.push(`${what}: ${String(found)}, expected ${String(expected)}`);
  };
  for (let step = 0, id = 0; step < steps && violations.length === 0; step++) {
    const waiting = model.waiting;
    const any = waiting.length === 0 ? undefined : random.pick(waiting as Some<Waiter>);
    const kind = random.pick(KINDS);
    if (kind === "enter") {
      const key = random.pick(keys);
      const share = { key, weight: weights.get(key) ?? 1 };
      const critical = random.pick([true, false]);
      const waiter: Waiter = { id: id++, share, critical, admitted() {}, shed() {} };
      const lost = model.enter(waiter);
      expect("enters", queue.enter(waiter), lost !== waiter);
      if (broken === undefined)
        expect("loses", shed.splice(0).join(), lost === undefined || limits.total === 0 ? "" : lost.share.key);
      seen[lost === waiter ? "refused" : "entered"]++;
      if (lost !== undefined && lost !== waiter) seen.evicted++;
    } else if (kind === "serve" && waiting.length > 0) {
      const served = queue.first as Waiter | undefined;
      if (broken === undefined) expect("serves", served?.id, model.first?.id);
      if (served === undefined) break;
      queue.take();
      classes[served.critical ? 1 : 0].served(served.share.key);
      model.serve(served);
      seen.served++;
    } else if (kind === "leave" && any !== undefined) {
      queue.leave(any);
      model.leave(any);
      seen.left++;
    } else if (kind === "urge" && any !== undefined && !any.critical) {
      any.critical = true;
      queue.urge(any);
      model.urge(any);
      seen.urged++;
    }
    expect("size", queue.size, model.waiting.length);
    for (const [i, fairness] of classes.entries())
      fairness.waiting(model.waiting.filter(({ critical }) => critical === (i === 1)).map(({ share }) => share.key));
    violations.push(...classes.flatMap((fairness) => fairness.violations.splice(0)));
  }
  return { violations, seen };
}

/** Compares the services of all pairs of keys while both wait. */
class Fairness {
  readonly violations: string[] = [];
  readonly #weights: ReadonlyMap<string, number>;
  readonly #pairs = new Map<
    string,
    { readonly a: string; readonly b: string; lead: number; most: number; least: number }
  >();

  constructor(weights: ReadonlyMap<string, number>) {
    this.#weights = weights;
  }
  served(key: string): void {
    for (const pair of this.#pairs.values()) {
      if (pair.a !== key && pair.b !== key) continue;
      const cost = 1 / this.#weightOf(key);
      pair.lead += pair.a === key ? cost : -cost;
      pair.most = Math.max(pair.most, pair.lead);
      pair.least = Math.min(pair.least, pair.lead);
      const bound = 1 / this.#weightOf(pair.a) + 1 / this.#weightOf(pair.b);
      if (pair.most - pair.least > bound + 1e-6)
        this.violations.push(`"${pair.a}" and "${pair.b}" differ by ${pair.most - pair.least}, at most ${bound}`);
    }
  }
  /** Begins the comparison of pairs that now wait, and ends that of others. */
  waiting(keys: readonly string[]): void {
    const all = [...new Set(keys)].sort();
    const now = new Set<string>();
    for (const [i, a] of all.entries())
      for (const b of all.slice(i + 1)) {
        const name = `${a} ${b}`;
        now.add(name);
        if (!this.#pairs.has(name)) this.#pairs.set(name, { a, b, lead: 0, most: 0, least: 0 });
      }
    for (const name of this.#pairs.keys()) if (!now.has(name)) this.#pairs.delete(name);
  }
  #weightOf(key: string): number {
    return this.#weights.get(key) ?? 1;
  }
}
