// What servers of one's own need to call upstreams over HTTP with JSON: `@protobff/runtime/http-json`. Nothing else loads it.
export { HttpJsonClient, type HttpJsonClientOptions } from "./http-json-client.ts";
export type { HttpRule } from "./http-rule.ts";
