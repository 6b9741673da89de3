// What generated code, and servers around it, may use.
export { create } from "@bufbuild/protobuf";
export type { Extra, Instead, Rescue } from "./answer.ts";
export type { Batch } from "./batch.ts";
export type { BreakerPolicy, BreakerState } from "./breaker.ts";
export { Cache, type CacheOptions } from "./cache/cache.ts";
export type { Found, SecondLevel } from "./cache/second-level.ts";
export type { Mark } from "./causes.ts";
export { ExpressionError } from "./cel/error.ts";
export * as cel from "./cel/index.ts";
export { type Clock, systemClock, type Timer } from "./clock.ts";
export { atMost, atMostAsked, defined, extended, holds, supplied, unlessEmpty, unmapped } from "./composing.ts";
export {
  type Answering,
  type Endpoint,
  type EndpointCodec,
  type EndpointOptions,
  endpoint,
} from "./endpoint.ts";
export type { IncomingHeaders } from "./exchange.ts";
export { asFailure, Code, codeText, type Detail, Failure, Reason } from "./failure.ts";
export type { Metadata } from "./headers.ts";
export type { LimitPolicy } from "./limit.ts";
export type {
  AttemptEvent,
  BreakerEvent,
  CacheEvent,
  CallEvent,
  CallStartEvent,
  Observer,
  ResolverEvent,
  ResponseEvent,
} from "./observer.ts";
export type { Request } from "./request.ts";
export type { ReadonlyHeaders, Resolver, Resolving } from "./resolver.ts";
export { clientOf, clientsOf, type ResolverCallOptions, type ResolverClient } from "./resolver-client.ts";
export type { RetryPolicy } from "./retry.ts";
export { EnvReader } from "./server/env-reader.ts";
export { type Listenable, type Listening, type ListenOptions, listen, type RequestCounters } from "./server/listen.ts";
export { type RouteOptions, routes } from "./server/routes.ts";
export { type ServeOptions, type ServeParts, serve } from "./server/serve.ts";
export { short } from "./short.ts";
export type { ThrottlePolicy } from "./throttle.ts";
export { type ConnectTransportOptions, connectTransport } from "./transport/connect-transport.ts";
export { GrpcClient, type GrpcClientOptions, type Http2 } from "./transport/grpc-client.ts";
export type {
  Fault,
  InFlight,
  OutgoingHeaders,
  ReceivedHeaders,
  Reply,
  UnaryClient,
} from "./transport/unary-client.ts";
export {
  type CachePolicy,
  type CallPolicy,
  type HedgePolicy,
  Rpc,
  Upstream,
  type UpstreamOptions,
  type UpstreamPolicy,
} from "./upstream.ts";
export {
  type CodecCounters,
  codecCounters,
  decoder,
  encoder,
  otherDecoder,
  otherEncoder,
  passer,
} from "./wire/codec.ts";
export type { Reader } from "./wire/reader.ts";
export type { Writer } from "./wire/writer.ts";
