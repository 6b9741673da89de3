// Exports for servers that call upstreams by Connect: `@protobff/runtime/connect`. No other module loads it.
export { ConnectClient, type ConnectClientOptions } from "./connect-client.ts";
