import type { Expression } from "../../cel/index.ts";
import type { BffMethod, Step } from "../../resolve/model/model.ts";
import type { PlanInputs } from "./answer-inputs.ts";
import type { Entry, Leaf, PlanTopic } from "./calls.ts";

/** A live answer with its defaults. Times are in milliseconds. */
export interface PlanLive {
  readonly of: NonNullable<BffMethod["ir"]["live"]>;
  /** Followers with equal inputs share the answer. Undefined: each has a separate one. */
  readonly shared: PlanInputs | undefined;
  /** The tags, in the order of `of.tags`. */
  readonly on: readonly LiveRun[];
  readonly follows: readonly (LiveRun & { readonly topic: PlanTopic; readonly key: Expression })[];
  /** All calls whose answers are kept: those of steps. */
  readonly calls: readonly KeptCall[];
  readonly everyMs: number | undefined;
  readonly minIntervalMs: Leaf<number>;
  readonly jitter: Leaf<number>;
  readonly maxAgeMs: Leaf<number>;
  /** Undefined: the response has no field for a heartbeat. */
  readonly heartbeatMs: Leaf<number> | undefined;
  /** Steps with calls that no trigger reaches. */
  readonly unreached: readonly Step[];
}
/** A member of the app object. */
export type KeptCall = Entry | PlanTopic;

/** A trigger, and the part of the answer that it runs. */
export interface LiveRun {
  /** As written. */
  readonly text: string;
  /** Undefined: all steps run, because no call of the answer declares the tag. */
  readonly runs: readonly KeptCall[] | undefined;
  /** Names of the steps with calls that run, and of those that keep their values. */
  readonly steps: readonly string[];
  readonly keeps: readonly string[];
}
