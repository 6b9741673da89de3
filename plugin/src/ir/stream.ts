// Declarations of streams: of an rpc that follows a source.

import type { Origin, Sourced, Text } from "../diagnostic/diagnostic.ts";
import type { IrCall } from "./step.ts";

/** Source of a streaming rpc's messages: one message per item. Times are milliseconds. */
export interface IrStream {
  readonly kind: "stream";
  readonly at: Origin;
  readonly var: Text | undefined;
  /** Undefined only after a diagnostic. */
  readonly source: IrCall | IrFollow | undefined;
  readonly if: Text | undefined;
  readonly until: Text | undefined;
  /** Over the item alone. */
  readonly position: Text | undefined;
  readonly idle: Sourced<number> | undefined;
  readonly heartbeat: Sourced<number> | undefined;
  readonly maxAge: Sourced<number> | undefined;
  readonly ahead: Sourced<number> | undefined;
  readonly overflow: Sourced<IrOverflow> | undefined;
  readonly minInterval: Sourced<number> | undefined;
}
export interface IrFollow {
  readonly kind: "follow";
  readonly at: Origin;
  /** Undefined only after a diagnostic. */
  readonly topic: Text | undefined;
  readonly key: Text | undefined;
}

/** A log of items by key. */
export interface IrTopic {
  readonly kind: "topic";
  readonly at: Origin;
  readonly name: Text;
  readonly type: Text | undefined;
  /** With `{key}`, once. With it there is a `jetstream`. */
  readonly subject: Text | undefined;
  readonly jetstream: Text | undefined;
  /** With it there is a `position`. */
  readonly call: IrCall | undefined;
  readonly position: Text | undefined;
  readonly until: Text | undefined;
  readonly keep: Sourced<number> | undefined;
}
export type IrOverflow = "wait" | "latest" | "fail";
