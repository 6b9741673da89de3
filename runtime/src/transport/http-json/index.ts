// Exports for servers that call upstreams over HTTP with JSON: `@protobff/runtime/http-json`. No other module loads it.
export { HttpJsonClient, type HttpJsonClientOptions } from "./http-json-client.ts";
export type { HttpRule } from "./http-rule.ts";
