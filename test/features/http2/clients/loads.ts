// Clients of other projects that repeat one request, unchanged. This file has those that Node runs.
import { readFileSync } from "node:fs";
import * as http2 from "node:http2";
import { createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import * as grpc from "@grpc/grpc-js";
import { Agent } from "undici";
import { TestService } from "../service.ts";

/** Address of a server, on 127.0.0.1. */
export interface Target {
  readonly port: number;
  /** The file of the certificate that signs itself; without one there is no TLS. */
  readonly ca: string | undefined;
}
export interface Loaded {
  /** Number of requests that were begun. */
  readonly requestCount: number;
  /** Failures, and the number of each. */
  readonly failed: Readonly<Record<string, number>>;
}
/** Sends requests to a server until `stop` aborts, or for its own number of requests. */
export type Load = (target: Target, stop: AbortSignal) => Promise<Loaded>;

const AT_ONCE = 16;
export const UNARY = "/grpc.testing.TestService/UnaryCall";
/** Size of each answer, in bytes. */
export const SIZE = 1_000;
/** SimpleRequest, with the size of the answer. */
export const REQUEST: Buffer = Buffer.from([0x10, 0xe8, 0x07]);
export const REQUEST_JSON: string = JSON.stringify({ responseSize: SIZE });

export const urlOf = ({ port, ca }: Target): string => `${ca === undefined ? "http" : "https"}://127.0.0.1:${port}`;
const trusting = ({ ca }: Target) => (ca === undefined ? {} : { ca: readFileSync(ca) });

/** Calls `ask` until `stop` aborts; counts its errors as failures. */
async function again(stop: AbortSignal, send: () => Promise<unknown>): Promise<Loaded> {
  const failed: Record<string, number> = {};
  let requestCount = 0;
  const loop = async (): Promise<void> => {
    while (!stop.aborted) {
      requestCount++;
      try {
        await send();
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        failed[message] = (failed[message] ?? 0) + 1;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, loop));
  return { requestCount, failed };
}

const connect =
  (make: (baseUrl: string, nodeOptions: http2.SecureClientSessionOptions) => Transport): Load =>
  (target, stop) => {
    const client = createClient(TestService, make(urlOf(target), trusting(target)));
    return again(stop, async () => {
      const { payload } = await client.unaryCall({ responseSize: SIZE });
      if (payload?.body.length !== SIZE) throw new Error(`${payload?.body.length} bytes`);
    });
  };

const grpcJs: Load = async (target, stop) => {
  const { ca } = trusting(target);
  const credentials = ca === undefined ? grpc.credentials.createInsecure() : grpc.credentials.createSsl(ca);
  const client = new grpc.Client(`127.0.0.1:${target.port}`, credentials);
  const as = (bytes: Buffer): Buffer => bytes;
  const send = () =>
    new Promise<void>((resolve, reject) =>
      client.makeUnaryRequest(UNARY, as, as, REQUEST, (error: grpc.ServiceError | null, answer?: Buffer) => {
        if (error !== null) reject(new Error(error.message));
        else if ((answer?.length ?? 0) < SIZE) reject(new Error(`${answer?.length} bytes`));
        else resolve();
      }),
    );
  try {
    return await again(stop, send);
  } finally {
    client.close();
  }
};

/** As a careful user of node:http2 writes it: what was refused, or came behind GOAWAY, is sent again elsewhere. */
const nodeHttp2: Load = async (target, stop) => {
  let session: http2.ClientHttp2Session | undefined;
  const connected = (): http2.ClientHttp2Session => {
    if (session === undefined || session.closed || session.destroyed)
      session = http2.connect(urlOf(target), trusting(target)).on("error", () => {});
    return session;
  };
  const once = () =>
    new Promise<string>((resolve) => {
      const stream = connected().request({ ":method": "POST", ":path": UNARY, "content-type": "application/json" });
      let status: unknown;
      stream.on("response", (headers) => {
        status = headers[":status"];
      });
      stream.on("error", () => {}).on("close", () => resolve(status === 200 ? "ok" : `${status}/${stream.rstCode}`));
      stream.resume().end(REQUEST_JSON);
    });
  const result = await again(stop, async () => {
    let outcome = await once();
    if (outcome === `undefined/${http2.constants.NGHTTP2_REFUSED_STREAM}`) outcome = await once();
    if (outcome !== "ok") throw new Error(outcome);
  });
  session?.close();
  return result;
};

const undici: Load = async (target, stop) => {
  const agent = new Agent({ allowH2: true, connections: 1, pipelining: 100, connect: trusting(target) });
  try {
    return await again(stop, async () => {
      const { statusCode, body } = await agent.request({
        origin: urlOf(target),
        method: "POST",
        path: UNARY,
        headers: { "content-type": "application/json" },
        body: REQUEST_JSON,
      });
      const { length } = await body.text();
      if (statusCode !== 200 || length < SIZE) throw new Error(`${statusCode}, ${length} bytes`);
    });
  } finally {
    await agent.close();
  }
};

export const NODE_LOADS = {
  "connect-node, gRPC": connect((baseUrl, nodeOptions) => createGrpcTransport({ baseUrl, nodeOptions })),
  "connect-node, Connect": connect((baseUrl, nodeOptions) =>
    createConnectTransport({ baseUrl, httpVersion: "2", nodeOptions }),
  ),
  "grpc-js": grpcJs,
  "node:http2": nodeHttp2,
  undici,
} as const satisfies Readonly<Record<string, Load>>;
