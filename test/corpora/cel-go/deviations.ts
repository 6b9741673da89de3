// Where cel-go and we differ, and why that is right. Everything else that differs is a fault. An entry explains an expression, or the
// smallest part of one over which both differ; it names what each of them says, so that it explains nothing else.
import type { Kind } from "./compare.ts";
import { BY_CHOICE } from "./deviations-by-choice.ts";
import { BY_SPECIFICATION } from "./deviations-by-specification.ts";
import type { Held } from "./hold.ts";

export interface Deviation {
  readonly name: string;
  /** Why ours is right, or as good. */
  readonly reason: string;
  /** What the specification says, and where ("langdef" is cel-spec's doc/langdef.md). None: it leaves it open. */
  readonly spec?: string;
  readonly kinds: readonly Kind[];
  /** `text`: the expression as cel-go sees it; `go`, `our`: what they say, or why they refuse or fail. */
  readonly explains: (
    said: { readonly text: string; readonly go: string; readonly our: string },
    held: Held,
  ) => boolean;
}

export const DEVIATIONS: readonly Deviation[] = [...BY_SPECIFICATION, ...BY_CHOICE];
