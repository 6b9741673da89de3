// For tests only: counters that answer when a test says so.
import type { Shared } from "../limits/limits.ts";
import type { Answer } from "../limits/shared-counters.ts";

export interface Breaking {
  readonly shared: Shared;
  /** How often they have been asked. */
  readonly asked: number;
  /** What was added, in units. */
  readonly added: readonly number[];
  /** Answers the oldest question. */
  answer(answer?: Answer): void;
}

export function breaking(): Breaking {
  const questions: ((answer: Answer) => void)[] = [];
  const added: number[] = [];
  let asked = 0;
  return {
    added,
    get asked() {
      return asked;
    },
    answer: (answer = { at: 1 }) => questions.shift()?.(answer),
    shared: {
      waitMs: 20,
      counts: () => true,
      counters: {
        charge: () => {
          asked++;
          return new Promise((resolve) => void questions.push(resolve));
        },
        add: async (_counter, _key, units) => void added.push(units),
        close: () => {},
      },
    },
  };
}
