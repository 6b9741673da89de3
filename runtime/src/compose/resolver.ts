// User functions that supply fields with `resolver: true`: their parameters, and the conversion of their result to a
// step's.
import { ConnectError } from "@connectrpc/connect";
import { callFailure } from "../call/call-failure.ts";
import { budgetOf } from "../call/context.ts";
import { type Code, Failure, invalid, MASKED, OVER, refusal, timedOut } from "../failure.ts";
import { Rank, type Running, type Scope } from "../scope/scope.ts";
import { boundedText } from "../wire/bounded-status.ts";
import type { Exchange } from "./exchange.ts";

/** Parameters of a resolver. */
export interface Resolving<Args, Steps, Clients> {
  /** The arguments of the message: the request of the RPC, or the values that its `compose` passes. */
  readonly args: Args;
  /** Values of the steps that it reads; undefined for a step without a value. */
  readonly steps: Steps;
  /**
   * Aborted when the value is no longer needed: the response has ended or failed, the client has disconnected, or time
   * is up.
   */
  readonly signal: AbortSignal;
  readonly headers: ReadonlyHeaders;
  /** The upstreams of the package, with their breakers and limits and within the time of the response. */
  readonly clients: Clients;
  /**
   * Fails the whole response with this status, as `on_error.fail` does, even if the value is optional. Pending guards
   * come first. It never returns; write `throw refuse(…)` if TypeScript must see that.
   *
   * @param code any but OK
   * @param message for the client, cut at 1 KiB; default the fixed text of the code
   */
  readonly refuse: (code: Code, message?: string) => never;
}

/** Parameters of a resolver in a package with an identity. */
export interface ResolvingFor<Principal, Args, Steps, Clients> extends Resolving<Args, Steps, Clients> {
  /** The caller. */
  readonly principal: Principal;
}

/** The headers of the incoming request. */
export interface ReadonlyHeaders {
  /** Returns a header by name, in any case; null if absent. Several values are joined with ", ". */
  get(name: string): string | null;
  has(name: string): boolean;
}

/** Supplies one message or one field, at once or later. */
export type Resolver<Args, Steps, Clients, Value> = (
  context: Resolving<Args, Steps, Clients>,
) => Value | Promise<Value>;

/** The same in a package with an identity. */
export type ResolverFor<Principal, Args, Steps, Clients, Value> = (
  context: ResolvingFor<Principal, Args, Steps, Clients>,
) => Value | Promise<Value>;

/** The request, or the part of one, that a resolver belongs to. */
interface ResolverContext<Principal = unknown> {
  readonly principal: Principal;
  readonly exchange: Exchange;
  readonly scope: Scope;
  readonly root: object;
}

/** Arguments of `resolve`. */
export interface Resolve<Args, Steps, Clients, Value, Cx, Principal = unknown> {
  /** Full name of the supplied message or field: `web.v1.Card`, `web.v1.Card.badge`. For logs. */
  readonly name: string;
  readonly run: ResolverFor<Principal, Args, Steps, Clients, Value>;
  readonly args: Args;
  readonly steps: Steps;
  readonly clients: (cx: Cx) => Clients;
  /** True if its errors may quote sensitive values. Default: false. */
  readonly sensitive?: boolean | undefined;
}

/**
 * Runs a resolver as part of a scope. It rejects with a `Failure`, and ends with the scope even if the function still
 * runs.
 */
export function runResolver<Args, Steps, Clients, Value, Principal, Cx extends ResolverContext<Principal>>(
  cx: Cx,
  resolve: Resolve<Args, Steps, Clients, Value, Cx, Principal>,
): Promise<Value> {
  const { promise, resolve: done, reject } = Promise.withResolvers<Value>();
  const { exchange, scope } = cx;
  if (scope.over) {
    reject(OVER);
    return promise;
  }
  const startedAt = exchange.clock.now();
  if (startedAt >= budgetOf(cx).callsUntil) {
    reject(timedOut("", `no time is left for the resolver of ${resolve.name}`));
    return promise;
  }
  let ended = false;
  const end = (failure: Failure | undefined): boolean => {
    if (ended) return false;
    ended = true;
    scope.leave(running);
    exchange.observer?.resolver?.({
      request: cx.root,
      header: (name) => exchange.headers.text(name),
      name: resolve.name,
      startedAt,
      endedAt: exchange.clock.now(),
      outcome: failure === undefined ? { ok: true } : { ok: false, failure },
      trace: exchange.trace,
    });
    return true;
  };
  const fail = (failure: Failure): void => {
    if (end(failure)) reject(failure);
  };
  const running: Running = {
    slot: 0,
    cancel: () => fail(OVER),
    expire: () => fail(timedOut("", `the resolver of ${resolve.name} had no value in time`)),
  };
  scope.enter(running);
  const failed = (thrown: unknown): void => fail(resolverFailure(resolve, thrown));
  try {
    Promise.resolve(resolve.run(new ResolverInput(cx, resolve))).then((value) => {
      if (end(undefined)) done(value);
    }, failed);
  } catch (thrown) {
    failed(thrown);
  }
  return promise;
}

/** Parameters of a function. Expensive ones are made on first access. */
class ResolverInput<Args, Steps, Clients, Principal, Cx extends ResolverContext<Principal>>
  implements ResolvingFor<Principal, Args, Steps, Clients>
{
  readonly args: Args;
  readonly steps: Steps;
  readonly principal: Principal;
  readonly #cx: Cx;
  readonly #clients: (cx: Cx) => Clients;
  #signal: AbortSignal | undefined;

  constructor(cx: Cx, { args, steps, clients }: Resolve<Args, Steps, Clients, unknown, Cx, Principal>) {
    this.#cx = cx;
    this.principal = cx.principal;
    this.args = args;
    this.steps = steps;
    this.#clients = clients;
  }
  get signal(): AbortSignal {
    this.#signal ??= signalOf(this.#cx.scope);
    return this.#signal;
  }
  get headers(): ReadonlyHeaders {
    const { headers } = this.#cx.exchange;
    return {
      get: (name) => headers.get(name.toLowerCase()),
      has: (name) => headers.get(name.toLowerCase()) !== null,
    };
  }
  /** A property, because functions destructure their parameters. */
  readonly refuse = (code: Code, message?: string): never => {
    if (!Number.isInteger(code) || code <= 0 || code > 16)
      throw new TypeError(`${code} is no status to refuse with: name one of a failure`);
    const failure = refusal(code, message === undefined ? undefined : boundedText(message));
    this.#cx.exchange.scope.fail(failure, Rank.RULE);
    throw failure;
  };
  get clients(): Clients {
    return this.#clients(this.#cx);
  }
}

/** Returns a signal that is aborted when the scope ends for any reason, or its time is up. */
function signalOf(scope: Scope): AbortSignal {
  const controller = new AbortController();
  if (scope.over) controller.abort(new DOMException("the response has ended", "AbortError"));
  else
    scope.enter({
      slot: 0,
      cancel: () => controller.abort(new DOMException("the response has ended", "AbortError")),
      expire: () => controller.abort(new DOMException("the time of the response is up", "TimeoutError")),
    });
  return controller.signal;
}

/**
 * Returns the failure for a resolver's throw. A failed call of one of its `clients` keeps that call's failure. Any
 * other ConnectError counts as an upstream's status, so that no other party's text reaches the client. Any other value
 * is a fault of the resolver.
 */
function resolverFailure(
  { name, sensitive = false }: Pick<Resolve<never, never, never, never, never>, "name" | "sensitive">,
  thrown: unknown,
): Failure {
  if (thrown instanceof Failure) return thrown;
  const message = `the resolver of ${name} threw${sensitive ? "" : `: ${shown(thrown)}`}`;
  const cause = sensitive ? withoutText(thrown) : thrown;
  if (!(thrown instanceof ConnectError)) return invalid("", message, cause);
  if (thrown.cause instanceof Failure) return thrown.cause;
  return callFailure({ kind: "status", code: thrown.code as Code, message }, "", cause);
}
/** Returns an error with the same stack, in which a masked text replaces that of the error and its causes. */
function withoutText(thrown: unknown): Error {
  const error = new Error(MASKED);
  const { name, message, stack = "" } = thrown instanceof Error ? thrown : error;
  const end = message === "" ? stack.indexOf("\n") : stack.indexOf(message) + message.length;
  const isFound = message === "" ? end >= 0 : stack.includes(message);
  error.stack = `${name}: ${MASKED}${isFound ? stack.slice(end) : ""}`;
  return error;
}
function shown(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    return "something that cannot be shown";
  }
}
