// `@protobff/runtime/stream`: endpoints of server-streaming RPCs, and of parts.
export { callSource, type ItemPosition, type StreamExtra } from "../source/call-source.ts";
export type { PositionKind, PositionValue } from "../source/position.ts";
export { streamEndpoint } from "../stream/endpoint.ts";
export { partsEndpoint } from "../stream/parts-endpoint.ts";
export type { PartsOptions } from "../stream/parts-options.ts";
export type { Follower, Following, StreamEndpoint } from "../stream/stream-endpoint.ts";
export type { Overflow, StreamOptions } from "../stream/stream-options.ts";
