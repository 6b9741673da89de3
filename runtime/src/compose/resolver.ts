// Functions of the user that supply what `resolver: true` marks: what they are given, and how their end becomes a step's.
import { ConnectError } from "@connectrpc/connect";
import { callFailure } from "../call/call-failure.ts";
import { budgetOf } from "../call/context.ts";
import { type Code, Failure, invalid, OVER, refusal, timedOut } from "../failure.ts";
import { Rank, type Running, type Scope } from "../scope/scope.ts";
import { boundedText } from "../wire/bounded-status.ts";
import type { Exchange } from "./exchange.ts";

/** What a resolver is given. */
export interface Resolving<Args, Steps, Clients> {
  /** The arguments of the message: the request of the rpc, or what its `compose` hands on. */
  readonly args: Args;
  /** The values of the steps that it reads; undefined where one has none. */
  readonly steps: Steps;
  /** Aborted when nobody waits for the value any more: the response has ended or failed, the client has gone, or time is up. */
  readonly signal: AbortSignal;
  readonly headers: ReadonlyHeaders;
  /** The upstreams of the package, through their breakers and limits and within the time of the response. */
  readonly clients: Clients;
  /**
   * Fails the whole response with this status, as `on_error.fail` does: whatever may do without the value, and after guards that may still
   * speak. It never returns; write `throw refuse(…)` where TypeScript has to see that.
   *
   * @param code any but OK
   * @param message for the client, cut at 1 KiB; default the fixed text of the code
   */
  readonly refuse: (code: Code, message?: string) => never;
}

/** What a resolver of a package with an identity is given. */
export interface ResolvingFor<Principal, Args, Steps, Clients> extends Resolving<Args, Steps, Clients> {
  /** Who is calling. */
  readonly principal: Principal;
}

/** The headers of the incoming request. */
export interface ReadonlyHeaders {
  /** By name, in any case; null when absent, several values joined with ", ". */
  get(name: string): string | null;
  has(name: string): boolean;
}

/** Supplies one message or one field, at once or later. */
export type Resolver<Args, Steps, Clients, Value> = (given: Resolving<Args, Steps, Clients>) => Value | Promise<Value>;

/** The same in a package with an identity. */
export type ResolverFor<Principal, Args, Steps, Clients, Value> = (
  given: ResolvingFor<Principal, Args, Steps, Clients>,
) => Value | Promise<Value>;

/** Whose resolver it is: a request, or a part of one. */
export interface ResolverContext<Principal = unknown> {
  readonly principal: Principal;
  readonly exchange: Exchange;
  readonly scope: Scope;
  readonly root: object;
}

/** How `resolve` is told what to run. */
export interface Resolve<Args, Steps, Clients, Value, Cx, Principal = unknown> {
  /** What it supplies: `web.v1.Card`, `web.v1.Card.badge`. For logs. */
  readonly name: string;
  readonly run: ResolverFor<Principal, Args, Steps, Clients, Value>;
  readonly args: Args;
  readonly steps: Steps;
  readonly clients: (cx: Cx) => Clients;
}

/** Runs a resolver as part of a scope; rejects with a `Failure`, and ends with the scope whatever the function does. */
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
      header: (name) => exchange.header(name),
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
  const failed = (thrown: unknown): void => fail(resolverFailure(resolve.name, thrown));
  try {
    Promise.resolve(resolve.run(new Given(cx, resolve))).then((value) => {
      if (end(undefined)) done(value);
    }, failed);
  } catch (thrown) {
    failed(thrown);
  }
  return promise;
}

/** What a function gets; what costs something is made when it is asked for. */
class Given<Args, Steps, Clients, Principal, Cx extends ResolverContext<Principal>>
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
  /** A property, since functions take it out of what they are given. */
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

/** A signal that is aborted when the scope ends, however it does, or its time is up. */
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
 * What a resolver's throw means. A failed call of one of its `clients` is that call's failure; any other ConnectError counts as
 * an upstream's status, so that no other party's words go out; whatever else is thrown is a fault of the resolver.
 */
function resolverFailure(name: string, thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  const message = `the resolver of ${name} threw: ${shown(thrown)}`;
  if (!(thrown instanceof ConnectError)) return invalid("", message, thrown);
  if (thrown.cause instanceof Failure) return thrown.cause;
  return callFailure({ kind: "status", code: thrown.code as Code, message }, "", thrown);
}
function shown(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    return "something that cannot be shown";
  }
}
