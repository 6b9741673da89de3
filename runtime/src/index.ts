// Exports that every generated BFF and custom server needs. The other entry points are in entries/.
export { create } from "@bufbuild/protobuf";
export { Denied, type Permit, type Verdict } from "./admission/admission.ts";
export type { Arrival, Limited, LimitUse } from "./admission/limit-uses.ts";
export { Cache, type CacheOptions, type CachePolicy } from "./cache/cache.ts";
export type { Found, SecondLevel } from "./cache/second-level.ts";
export type { TagPart, TagParts } from "./cache/tags.ts";
export type { Batch } from "./call/batch.ts";
export type { Metadata } from "./call/headers.ts";
export type {
  BranchContext,
  BranchRule,
  CallPolicy,
  HedgePolicy,
  StreamPolicy,
  UpstreamPolicy,
} from "./call/policy.ts";
export { shardNames } from "./call/shards.ts";
export { Rpc, StreamRpc, Upstream } from "./call/upstream.ts";
export type { UpstreamOptions } from "./call/upstream-options.ts";
export { type Clock, systemClock, type Timer } from "./clock.ts";
export type { Extra, Instead, Rescue } from "./compose/answer.ts";
export * from "./compose/emitted-functions.ts";
export type { Request } from "./compose/request.ts";
export type { ReadonlyHeaders, Resolver, ResolverFor, Resolving, ResolvingFor } from "./compose/resolver.ts";
export { clientOf, clientsOf, type ResolverCallOptions, type ResolverClient } from "./compose/resolver-client.ts";
export { short } from "./compose/short-text.ts";
export { supplied, suppliedJson } from "./compose/supplied.ts";
export { endpoint } from "./endpoint/endpoint.ts";
export type { Answering, Endpoint, EndpointCodec, EndpointOptions } from "./endpoint/endpoint-options.ts";
export type { HttpCaching } from "./endpoint/http-caching.ts";
export type { Version } from "./endpoint/version.ts";
export { EnvReader, optionNumber } from "./environment/env-reader.ts";
export { asFailure, Code, codeText, type Detail, ERROR_CODES, Failure, type Fault, Reason } from "./failure.ts";
export type { BreakerPolicy } from "./guard/breaker.ts";
export type { ThrottlePolicy } from "./guard/budgets.ts";
export type { LimitPolicy } from "./guard/limit.ts";
export type { RetryPolicy } from "./guard/retry.ts";
export type { RestRule, RestVariable } from "./http-rule/rule.ts";
export type { CertificateEvent, Observer } from "./observer.ts";
export type {
  AttemptEvent,
  CacheEvent,
  CallEvent,
  CallStartEvent,
  JoinEvent,
  ResolverEvent,
} from "./observer-calls.ts";
export type {
  AuditEvent,
  DeprecatedFieldUse,
  DeprecatedUse,
  Deprecation,
  DeprecationCaller,
  HeaderEvent,
  LimitEvent,
  MeterCount,
  MeterEvent,
  Priority,
  RequestTelemetry,
  ResponseEvent,
  ResponseStartEvent,
  RpcEvent,
  SheddingEvent,
  ShedEvent,
  StreamDegradedEvent,
  StreamOpenEvent,
  StreamUse,
  TelemetryValue,
  Trace,
} from "./observer-requests.ts";
export type {
  AddressState,
  BreakerEvent,
  BreakerState,
  BudgetEvent,
  CalledMethod,
  EjectionEvent,
  LimitState,
  TopicEvent,
  TopicState,
  UpstreamEvent,
  UpstreamState,
} from "./observer-upstreams.ts";
export type { ResponseCaching } from "./response-cache/response-caching.ts";
export type { Mark } from "./scope/causes.ts";
export type { FieldChoice } from "./selection/masks.ts";
export { ALL_FIELDS, NO_FIELDS, Selection, SKIPPED, SKIPPED_EACH } from "./selection/selection.ts";
export type { BalancePolicy } from "./transport/balance/balance-policy.ts";
export type { OutgoingHeaders, ReceivedHeaders } from "./transport/call-headers.ts";
export { GrpcClient, type GrpcClientOptions, type Http2 } from "./transport/grpc/grpc-client.ts";
export type { OpenStream, StreamClient, StreamReceiver } from "./transport/stream-client.ts";
export type { InFlight, Reply, UnaryClient } from "./transport/unary-client.ts";
export {
  type CodecCounters,
  codecCounters,
  type Decoder,
  decoder,
  type Encoder,
  encoder,
  otherDecoder,
  otherEncoder,
  passer,
} from "./wire/codec.ts";
export type { Reader } from "./wire/reader.ts";
export type { Traffic } from "./wire/traffic.ts";
export type { Writer } from "./wire/writer.ts";
