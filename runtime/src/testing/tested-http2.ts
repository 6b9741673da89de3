import { DEFAULT_HTTP2, type Http2 } from "../transport/grpc/grpc-client.ts";

/** Whose HTTP/2 the tests of the client are about: `BFF_HTTP2=node` runs any over Node's, as grpc/over-node.test.ts always does. */
export const testedHttp2 = (): Http2 => (process.env.BFF_HTTP2 === "node" ? "node" : DEFAULT_HTTP2);
