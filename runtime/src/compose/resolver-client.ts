// The upstreams of a package for resolvers: by method name, through the same breakers, limits, retries and deadlines.
import type { DescMessage, DescMethodUnary, DescService, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel as Level } from "@bufbuild/protobuf/wkt";
import { type Code, ConnectError } from "@connectrpc/connect";
import type { Metadata } from "../call/headers.ts";
import type { CallPolicy } from "../call/policy.ts";
import type { Rpc, Upstream } from "../call/upstream.ts";
import { asFailure, type Failure } from "../failure.ts";
import type { Request } from "./request.ts";

type Unary<I, O> = { readonly methodKind: "unary"; readonly input: I; readonly output: O };

/** The unary methods of an upstream service. A call that fails rejects with a `ConnectError`. */
export type ResolverClient<S extends DescService> = {
  readonly [K in keyof S["method"] as S["method"][K] extends Unary<unknown, unknown>
    ? K
    : never]: S["method"][K] extends Unary<infer I extends DescMessage, infer O extends DescMessage>
    ? (request: MessageInitShape<I>, options?: ResolverCallOptions) => Promise<MessageShape<O>>
    : never;
};

/** Options of one call of a resolver. */
export interface ResolverCallOptions {
  /** Metadata of the call, besides (and before) that of the policies. */
  readonly metadata?: Metadata | undefined;
}

/** An upstream for resolvers of a request. */
type ClientOf<S extends DescService, Principal = unknown> = (cx: Request<unknown, Principal>) => ResolverClient<S>;

/**
 * Returns the methods of a service under their policies. A method without declared freedom from side effects is called
 * like a step with side effects: once sent, only its deadline stops it.
 *
 * @param metadata sent with every call of a method
 * @param readOnly methods without side effects, by an upstream entry
 * @example
 * const worker = clientOf(WorkerService, upstreams.worker, { start: { timeoutMs: 500 } });
 * const run = await worker(cx).start({ task: "build" });
 */
export function clientOf<S extends DescService, Principal = unknown>(
  service: S,
  upstream: Upstream,
  policies: { readonly [K in keyof ResolverClient<S>]: CallPolicy },
  metadata: { readonly [K in keyof ResolverClient<S>]?: (cx: Request<unknown, Principal>) => Metadata } = {},
  readOnly: readonly (keyof ResolverClient<S>)[] = [],
): ClientOf<S, Principal> {
  const free = new Set<PropertyKey>(readOnly);
  const methods = Object.entries<CallPolicy>(policies).map(([name, policy]) => {
    const method = (service as DescService).method[name] as DescMethodUnary;
    const sends = (metadata as Readonly<Record<string, (cx: Request<unknown, Principal>) => Metadata>>)[name];
    const effect = method.idempotency !== Level.NO_SIDE_EFFECTS && !free.has(name);
    return { name, sends, rpc: upstream.unary(method, policy), effect };
  });
  return (cx) =>
    Object.fromEntries(
      methods.map(({ name, sends, rpc, effect }) => [
        name,
        (request: never, options?: ResolverCallOptions) =>
          call(cx, rpc, request, effect, { ...sends?.(cx), ...options?.metadata }),
      ]),
    ) as unknown as ResolverClient<S>; // a function for each name of `policies`
}

/**
 * Returns all upstreams of a request. Each is made on first access.
 *
 * @example
 * const clients = clientsOf({ worker: clientOf(WorkerService, upstreams.worker, { start: {} }) });
 * const run = await clients(cx).worker.start({ task: "build" });
 */
export function clientsOf<Services extends Readonly<Record<string, DescService>>, Principal = unknown>(
  of: {
    readonly [Name in keyof Services]: ClientOf<Services[Name], Principal>;
  },
): (cx: Request<unknown, Principal>) => { readonly [Name in keyof Services]: ResolverClient<Services[Name]> } {
  return (cx) => {
    const clients = {};
    for (const name of Object.keys(of))
      Object.defineProperty(clients, name, { enumerable: true, get: () => of[name]?.(cx) });
    return clients as { readonly [Name in keyof Services]: ResolverClient<Services[Name]> };
  };
}

function call(
  cx: Request<unknown, unknown>,
  rpc: Rpc<never, unknown>,
  request: never,
  effect: boolean,
  metadata: Metadata,
): Promise<unknown> {
  const extra = Object.keys(metadata).length === 0 ? undefined : { metadata };
  const answer = effect ? cx.effect(rpc, request, extra) : cx.send(rpc, request, extra);
  const result = answer.catch((thrown: unknown) => {
    throw connectError(asFailure(thrown));
  });
  result.catch(() => {}); // a rejection that no code awaits has no effect
  return result;
}

/**
 * Returns the error of a failed call. Its `cause` is the failure, so that a resolver that rethrows it fails like a
 * call.
 */
function connectError(failure: Failure): ConnectError {
  return new ConnectError(failure.message, failure.code as Code, undefined, undefined, failure);
}
