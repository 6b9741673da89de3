// Decisions over unknown values: each is taken both ways, so that only predictions that differ remain open.
import { Untold } from "./values.ts";

interface Decision {
  readonly why: string;
  /** Whether an expression is an error; else the value of a condition. */
  readonly isError: boolean;
}
/** Takes a decision that an unknown value leaves open. */
export type Decide = (decision: Decision) => boolean;

/** Outside of an exploration nothing is decided. Throws Untold. */
export const refuseDecisions: Decide = ({ why }) => {
  throw new Untold(why);
};

export interface Explored<T> {
  readonly result: T;
  /** The run from which this differs by `flipped` first. */
  readonly parent: T | undefined;
  readonly flipped: Decision | undefined;
  readonly decisions: readonly Decision[];
}

/** Six decisions that do not depend on each other. */
const MAX_RUNS = 64;

/**
 * Runs for every combination of decisions, at most 64 times. The first run decides nothing to be an error or to hold.
 *
 * @param run depends on nothing but its decisions
 */
export function explore<T>(run: (decide: Decide) => T): {
  readonly runs: readonly [Explored<T>, ...Explored<T>[]];
  readonly complete: boolean;
} {
  interface Open extends Pick<Explored<T>, "parent" | "flipped"> {
    readonly taken: readonly boolean[];
  }
  const open: Open[] = [];
  const once = ({ taken, parent, flipped }: Open): Explored<T> => {
    const decisions: Decision[] = [];
    const result = run((decision) => taken[decisions.push(decision) - 1] ?? false);
    for (const [i, decision] of decisions.entries())
      if (i >= taken.length)
        open.push({
          taken: [...taken, ...Array.from({ length: i - taken.length }, () => false), true],
          parent: result,
          flipped: decision,
        });
    return { result, parent, flipped, decisions };
  };
  const runs: [Explored<T>, ...Explored<T>[]] = [once({ taken: [], parent: undefined, flipped: undefined })];
  while (runs.length < MAX_RUNS) {
    const next = open.shift();
    if (next === undefined) break;
    runs.push(once(next));
  }
  return { runs, complete: open.length === 0 };
}
