// The upstreams of a package as resolvers call them: by method name, through the same breakers, limits, retries and deadlines.
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

/** What one call of a resolver may say beside its request. */
export interface ResolverCallOptions {
  /** What the call sends along, besides (and before) what the policies say. */
  readonly metadata?: Metadata | undefined;
}

/** An upstream as resolvers of a request see it. */
export type ClientOf<S extends DescService, Principal = unknown> = (
  cx: Request<unknown, Principal>,
) => ResolverClient<S>;

/**
 * The methods of a service under their policies. One that is not declared free of side effects, nor said to be, is called as a step
 * with side effects is: once sent, only its own deadline stops it.
 *
 * @param metadata what every call of a method sends along
 * @param readOnly methods that an upstream entry says have no side effects
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

/** All upstreams of a request; each is made when it is asked for. */
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
  const told = answer.catch((thrown: unknown) => {
    throw connectError(asFailure(thrown));
  });
  told.catch(() => {}); // one that nobody awaits harms nobody
  return told;
}

/** `cause` is the failure, so that a resolver that lets it pass fails as a call does. */
function connectError(failure: Failure): ConnectError {
  return new ConnectError(failure.message, failure.code as Code, undefined, undefined, failure);
}
