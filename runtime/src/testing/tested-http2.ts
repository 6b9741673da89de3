import type { Http2 } from "../transport/grpc-client.ts";

/** Whose HTTP/2 the tests of the client are about: `BFF_HTTP2=own` runs any over our own, as http2/over-own.test.ts always does. */
export const testedHttp2 = (): Http2 => (process.env.BFF_HTTP2 === "own" ? "own" : "node");
