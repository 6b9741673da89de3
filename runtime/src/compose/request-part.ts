// Types for parts of a request, and for parts of a message that come later.
import type { Pool } from "../guard/pool.ts";
import type { Scope } from "../scope/scope.ts";

/** Properties of a part of a request. */
export interface RequestPart<Whole> {
  readonly root: Whole;
  /** Undefined: the part itself. */
  readonly whole: Whole | undefined;
  readonly scope: Scope;
  readonly pools: readonly Pool[];
  readonly supplementary: boolean;
  /** The part for deferred steps; undefined: the part itself. */
  readonly late?: Whole | undefined;
}

/**
 * Some members of a message. A member may have a name that every object inherits, such as `constructor`. TypeScript
 * then takes the inherited property for an absent member, so that its type is `unknown` here.
 */
export type PartOf<Owner> = {
  readonly [Name in keyof Owner]?: Name extends keyof typeof Object.prototype ? unknown : Owner[Name];
};
