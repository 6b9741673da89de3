import type { Http2 } from "../transport/grpc-client.ts";

/** Whose HTTP/2 the tests of the client are about: they run once for each (http2/over-own.test.ts). */
export const testedHttp2 = (): Http2 => (globalThis as { testedHttp2?: Http2 }).testedHttp2 ?? "node";
