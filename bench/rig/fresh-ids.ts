// Sends requests that differ in their x-request-id and traceparent, as those of real callers do. h2load repeats the
// same headers each time, so a server finds their blocks in its memory. The same client also sends identical
// requests.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import * as http2 from "node:http2";
import type { Load } from "./h2load.ts";
import type { ServerProcess } from "./server-process.ts";
import type { Prepared } from "./variant.ts";

/** CPU of the server for one request, in microseconds. */
export interface IdsCost {
  readonly same: number;
  readonly fresh: number;
}

/** Share of requests with fresh ids that run unmeasured before, so that the code that reads the ids is compiled. */
const WARM_UP_SHARE = 0.5;
const STATUS_OK = 200;

interface Ids {
  readonly id: string;
  readonly trace: string;
}
const freshIds = (): Ids => {
  const hex = randomBytes(40).toString("hex");
  return { id: hex.slice(0, 32), trace: `00-${hex.slice(32, 64)}-${hex.slice(64, 80)}-01` };
};

/**
 * Measures the CPU of a request with the same and with fresh ids.
 *
 * @param replyBytes expected length of each answer's body
 * @param tolerance largest deviation of the mean length from `replyBytes`, as a share of it
 * @throws when a request fails, or when the mean length deviates further
 */
export async function idsCost(
  server: ServerProcess,
  request: Prepared,
  load: Load,
  replyBytes: number,
  tolerance: number,
): Promise<IdsCost> {
  const loop = (requests: number, ids: () => Ids) => closedLoop(request, { ...load, requests }, ids);
  const cpu = async (ids: () => Ids): Promise<number> => {
    const before = await server.usage();
    const mean = (await loop(load.requests, ids)) / load.requests;
    const after = await server.usage();
    if (Math.abs(mean - replyBytes) / replyBytes > tolerance)
      throw new Error(`replies had ${mean} bytes on average, the checked one ${replyBytes}`);
    return (after.cpuMicros - before.cpuMicros) / load.requests;
  };
  const sameIds = freshIds();
  await loop(Math.ceil(load.requests * WARM_UP_SHARE), freshIds);
  return { same: await cpu(() => sameIds), fresh: await cpu(freshIds) };
}

/** Gives the length of all answers' bodies. */
async function closedLoop(
  request: Prepared,
  { connections, streams, requests }: Load,
  ids: () => Ids,
): Promise<number> {
  const { host } = new URL(request.origin);
  const sessions = await Promise.all(
    Array.from({ length: connections }, async () => {
      const session = http2.connect(request.origin);
      await once(session, "remoteSettings");
      return session;
    }),
  );
  const headers = { ":method": "POST", ":scheme": "http", ":authority": host, ":path": request.path };
  const fixed = Object.entries({ ...headers, ...request.headers })
    .filter(([name]) => name !== "x-request-id")
    .flat();
  let [begun, bytes] = [0, 0];
  const caller = async (session: http2.ClientHttp2Session): Promise<void> => {
    while (begun++ < requests) {
      const { id, trace } = ids();
      const length = await send(session, [...fixed, "x-request-id", id, "traceparent", trace], request.body);
      bytes += length;
    }
  };
  try {
    await Promise.all(sessions.flatMap((session) => Array.from({ length: streams }, () => caller(session))));
    return bytes;
  } finally {
    for (const session of sessions) session.destroy();
  }
}

/** Gives the length of the answer's body. */
function send(session: http2.ClientHttp2Session, headers: readonly string[], body: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const stream = session.request(headers);
    let bytes = 0;
    let [status, grpcStatus] = ["none", "0"];
    const seen = (received: http2.IncomingHttpHeaders): void => {
      grpcStatus = String(received["grpc-status"] ?? grpcStatus);
    };
    stream.on("response", (received) => {
      status = String(received[":status"]);
      seen(received);
    });
    stream.on("trailers", seen);
    stream.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
    });
    stream.once("error", reject);
    stream.once("close", () => {
      if (status === String(STATUS_OK) && grpcStatus === "0") resolve(bytes);
      else reject(new Error(`answered with HTTP status ${status}, gRPC status ${grpcStatus}`));
    });
    stream.end(body);
  });
}
