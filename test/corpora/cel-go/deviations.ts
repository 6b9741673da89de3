// Where cel-go and we differ, and why that is right. Everything else that differs is a fault.
import type { Kind } from "./compare.ts";
import type { Held } from "./hold.ts";

export interface Deviation {
  readonly name: string;
  readonly explains: (kind: Kind, held: Held) => boolean;
}

export const DEVIATIONS: readonly Deviation[] = [];
