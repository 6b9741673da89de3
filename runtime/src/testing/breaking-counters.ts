// For tests only: counters that answer on a test's command.
import type { Shared } from "../limits/limits.ts";
import type { Answer } from "../limits/shared-counters.ts";

export interface Breaking {
  readonly shared: Shared;
  /** Number of queries. */
  readonly queryCount: number;
  /** Units that were added. */
  readonly added: readonly number[];
  /** Answers the oldest query. */
  answer(answer?: Answer): void;
}

export function breaking(): Breaking {
  const questions: ((answer: Answer) => void)[] = [];
  const added: number[] = [];
  let queryCount = 0;
  return {
    added,
    get queryCount() {
      return queryCount;
    },
    answer: (answer = { at: 1 }) => questions.shift()?.(answer),
    shared: {
      waitMs: 20,
      counts: () => true,
      counters: {
        charge: () => {
          queryCount++;
          return new Promise((resolve) => void questions.push(resolve));
        },
        add: async (_counter, _key, units) => void added.push(units),
        close: () => {},
      },
    },
  };
}
