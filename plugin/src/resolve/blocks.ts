import type { Composed, Let, Model } from "./model.ts";

/** All that has steps: the `let` of services, then messages. */
export function blocksOf({ lets, messages }: Model): readonly (Composed | Let)[] {
  return [...lets, ...messages];
}
