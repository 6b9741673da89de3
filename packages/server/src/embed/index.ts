// `@protobff/server/embed`: the interface of generated `bff.ts` files.
export type { BffPeer } from "./bff-peer.ts";
export type { NodeHandler } from "./node.ts";
export { type Bff, type EmbedOptions, embed, type OpenBffOptions } from "./open-bff.ts";
export type { BffTransportOptions } from "./transport.ts";
