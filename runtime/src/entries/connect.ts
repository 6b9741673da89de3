// `@protobff/runtime/connect`: calls to upstreams by Connect, and our HTTP/2 as a transport of connect-es.
export { type ConnectTransportOptions, connectTransport } from "../transport/connect/connect-transport.ts";
export { ConnectClient, type ConnectClientOptions } from "../transport/connect-unary/connect-client.ts";
