import type { Fault } from "@protobff/runtime/internal/failure";
import type { ArrivalEvent, CapturedFault, EffectEvent } from "@protobff/server/capture";

/** An event of a replay, for people. */
export interface LoggedEvent {
  /** In microseconds of the replay's clock. */
  readonly at: number;
  readonly kind: ArrivalEvent[0] | Exclude<EffectEvent[0], "answer" | "take">;
  /** Number of the attempt, from 0. */
  readonly attempt?: number;
  /** Number of the upstream's stream, from 0. */
  readonly stream?: number;
  /** Answer of the attempt, item of the stream, or message for the client. */
  readonly bytes?: Uint8Array;
  readonly fault?: CapturedFault;
  /** True if the capture has no such answer: it is that of another attempt. */
  readonly isAssumed?: boolean;
}

/** Returns the fault of a captured one. */
export function faultOf({ details, ...fault }: CapturedFault): Fault {
  return { ...fault, ...(details !== undefined && { details: Buffer.from(details, "base64") }) } as Fault;
}
