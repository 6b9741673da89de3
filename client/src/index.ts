// Following servers that protoc-gen-bff generates: docs/streams.md.
export { connect } from "./connect.ts";
export { type EventsOptions, events } from "./events.ts";
export { type Followed, type FollowOptions, type FollowState, follow } from "./follow.ts";
export { arrived, merged, mergedWith } from "./merge-parts.ts";
export { type Selected, type SelectedFields, select } from "./select.ts";
export type { Selection } from "./selection.ts";

export { type FollowTransport, Lost, type Opening, type TransportEvent } from "./transport.ts";

export { type WebSocketOptions, webSocket } from "./web-socket.ts";
