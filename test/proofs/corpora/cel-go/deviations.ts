// Differences between cel-go and protobff that are right, each with the reason. Every other difference is a fault. An
// entry explains an expression, or the smallest part of one over which both differ. It names the results of both, so
// that it explains nothing else.
import type { Kind } from "./compare.ts";
import { BY_CHOICE } from "./deviations-by-choice.ts";
import { BY_SPECIFICATION } from "./deviations-by-specification.ts";
import type { Held } from "./hold.ts";

export interface Deviation {
  readonly name: string;
  /** Why ours is right, or as good. */
  readonly reason: string;
  /**
   * Rule of the specification with its place ("langdef" is cel-spec's doc/langdef.md). None: the specification leaves
   * it open.
   */
  readonly spec?: string;
  readonly kinds: readonly Kind[];
  /** `text`: the expression as cel-go reads it; `go`, `our`: the results, or the reasons of a refusal or a failure. */
  readonly explains: (
    texts: { readonly text: string; readonly go: string; readonly our: string },
    held: Held,
  ) => boolean;
}

export const DEVIATIONS: readonly Deviation[] = [...BY_SPECIFICATION, ...BY_CHOICE];
