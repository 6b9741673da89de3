// Gates of a request between its message and its composition, in order: its rules, its permit, its limits.
import type { Message } from "@bufbuild/protobuf";
import type { Clock } from "../clock.ts";
import type { Request } from "../compose/request.ts";
import type { Failure } from "../failure.ts";
import type { AuthenticatedRequest } from "../identity/authenticated-request.ts";
import type { Observer } from "../observer.ts";
import { auditRefusal, type Permit } from "./admission.ts";
import { permitFailure } from "./permit-failure.ts";

/** One of them. */
export interface Gate<App, Args extends Message, Principal> {
  /** Throws, or rejects with, the failure that ends the request here. */
  readonly pass: (cx: Request<App, Principal>, args: Args) => void | Promise<void>;
  /** Returns the failure for the client when the request fails at this gate. Default: the same failure. */
  readonly told?: ((failure: Failure) => Failure) | undefined;
  /** Receives the failure that the client receives. */
  readonly refused?: ((told: Failure, judged: AuthenticatedRequest | undefined) => void) | undefined;
}

interface GateParts {
  readonly method: string;
  readonly clock: Clock;
  readonly observer: Observer | undefined;
}

/** Checks the rules of the request's messages. */
export function rulesGate<App, Args extends Message, Principal>(
  validate: (args: Args, clock: Clock) => void,
  clock: Clock,
): Gate<App, Args, Principal> {
  return { pass: (_, args) => validate(args, clock) };
}

/** Checks the caller's permission, as far as it depends on the request's message. */
export function permitGate<App, Args extends Message, Principal>(
  judge: NonNullable<Permit<App, Args, Principal>["judge"]>,
  { method, clock, observer }: GateParts,
): Gate<App, Args, Principal> {
  return {
    pass: judge,
    told: permitFailure,
    refused: (told, judged) => {
      if (judged !== undefined) auditRefusal(observer, told, { judged, method, at: clock.date() });
    },
  };
}
