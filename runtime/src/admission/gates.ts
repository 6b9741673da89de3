// Gates of a request between its message and its composition, in order: its rules, its permit, its limits.
import type { Message } from "@bufbuild/protobuf";
import type { Clock } from "../clock.ts";
import type { Exchange } from "../compose/exchange.ts";
import { ExpressionBudget } from "../compose/expression-budget.ts";
import type { Request } from "../compose/request.ts";
import { useMeter } from "../expressions/value/meter.ts";
import type { Failure } from "../failure.ts";
import type { AuthenticatedRequest } from "../identity/authenticated-request.ts";
import type { Observer } from "../observer.ts";
import { auditRefusal, type Permit } from "./admission.ts";
import { permitFailure } from "./permit-failure.ts";

/** One of them. */
export interface Gate<App, Args extends Message, Principal> {
  /** Returns, throws, or rejects with the failure that ends the request here. To return it costs least. */
  readonly pass: (cx: Request<App, Principal>, args: Args) => Failure | void | Promise<void>;
  /** Returns the failure for the client when the request fails at this gate. Default: the same failure. */
  readonly clientFailure?: ((failure: Failure) => Failure) | undefined;
  /** Receives the failure that the client receives. */
  readonly refused?: ((failure: Failure, authentication: AuthenticatedRequest | undefined) => void) | undefined;
}

/** A gate for all RPCs of a server, which reads nothing of the message. It precedes their own gates. */
export interface Door {
  readonly pass: (cx: { readonly exchange: Exchange }) => Failure | void | Promise<void>;
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
  return {
    pass: ({ exchange }, args) => {
      useMeter(exchange.steps ?? ExpressionBudget.ofGates(exchange.scope));
      validate(args, clock);
    },
  };
}

/** Checks the caller's permission, as far as it depends on the request's message. */
export function permitGate<App, Args extends Message, Principal>(
  check: NonNullable<Permit<App, Args, Principal>["check"]>,
  { method, clock, observer }: GateParts,
): Gate<App, Args, Principal> {
  return {
    pass: check,
    clientFailure: permitFailure,
    refused: (failure, authentication) => {
      if (authentication !== undefined) auditRefusal(observer, failure, { authentication, method, at: clock.date() });
    },
  };
}
