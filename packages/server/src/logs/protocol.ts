/** A pseudo-header, which no client can send: `rest` of requests at REST paths, `sse` of server-sent events, `websocket` of what is followed over one, `mcp` of tools. */
export const PROTOCOL = ":protocol";
