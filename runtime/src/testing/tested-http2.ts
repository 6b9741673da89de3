import { DEFAULT_HTTP2, type Http2 } from "../transport/grpc/grpc-client.ts";

/**
 * HTTP/2 implementation under test: `BFF_HTTP2=node` runs any test over Node's, as grpc/over-node.test.ts always does.
 */
export const testedHttp2 = (): Http2 => (process.env.BFF_HTTP2 === "node" ? "node" : DEFAULT_HTTP2);
