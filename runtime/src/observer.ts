import type { BreakerState } from "./breaker.ts";
import type { Failure } from "./failure.ts";
import type { Degradation } from "./gen/bff/v1/degradation_pb.ts";

/** One upstream call, after its last attempt. Times are those of the `Clock`, in milliseconds. */
export interface CallEvent {
  /** The request that the call was made for: the same object in all of its events. */
  readonly request: object;
  /** An incoming header of that request; "" when absent. */
  header(name: string): string;
  /** Full service name. */
  readonly service: string;
  /** `package.Service/Method` */
  readonly method: string;
  /** The bytes of the request message. */
  readonly message: Uint8Array;
  readonly startedAt: number;
  readonly endedAt: number;
  /** How many were sent; 0 when the call was refused here. */
  readonly attempts: number;
  readonly outcome:
    | { readonly ok: true; readonly message: Uint8Array }
    | { readonly ok: false; readonly failure: Failure };
}

/** One response of ours, or its failure (CANCELLED: the client has gone). */
export interface ResponseEvent {
  readonly request: object;
  header(name: string): string;
  /** `package.Service/Method` */
  readonly method: string;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly outcome:
    | { readonly ok: true; readonly degraded: readonly Degradation[] }
    | { readonly ok: false; readonly failure: Failure };
}

export interface BreakerEvent {
  /** Full service name. */
  readonly service: string;
  readonly from: BreakerState;
  readonly to: BreakerState;
  readonly at: number;
}

/** Who wants to know. What is left undefined costs nothing; what throws is the process's problem. */
export interface Observer {
  call?(event: CallEvent): void;
  response?(event: ResponseEvent): void;
  breaker?(event: BreakerEvent): void;
}
