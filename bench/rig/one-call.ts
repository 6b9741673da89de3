// Makes a unary call by hand, for requests before and beside the load: independent of every client under measurement.
import * as http2 from "node:http2";
import type { Prepared } from "./variant.ts";

export interface Answer {
  /** The body: a gRPC frame, or JSON. */
  readonly body: Buffer;
  /** HTTP's. */
  readonly status: number;
  /** gRPC's, from headers or trailers; undefined where there is none, as with Connect. */
  readonly grpcStatus: number | undefined;
}

/** @throws when the stream or the connection fails, or `timeoutMs` go by */
export async function callOnce({ origin, path, headers, body }: Prepared, timeoutMs: number): Promise<Answer> {
  const session = http2.connect(origin, { rejectUnauthorized: false }); // certificates of benches are self-signed
  try {
    return await new Promise<Answer>((resolve, reject) => {
      session.once("error", reject);
      setTimeout(() => reject(new Error(`no answer after ${timeoutMs} ms`)), timeoutMs).unref();
      const stream = session.request({ ":method": "POST", ":path": path, ...headers });
      const chunks: Buffer[] = [];
      let status = 0;
      let grpcStatus: number | undefined;
      const seen = (received: http2.IncomingHttpHeaders) => {
        if (received["grpc-status"] !== undefined) grpcStatus = Number(received["grpc-status"]);
      };
      stream.on("response", (received) => {
        status = Number(received[":status"]);
        seen(received);
      });
      stream.on("trailers", seen);
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.once("error", reject);
      stream.once("close", () => resolve({ body: Buffer.concat(chunks), status, grpcStatus }));
      stream.end(body);
    });
  } finally {
    session.destroy();
  }
}
