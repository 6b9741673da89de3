import { onTestFinished } from "vitest";
import type { Fault } from "../failure.ts";
import { Flag, FrameType } from "../http2/frames.ts";
import type { ReceivedHeaders } from "../transport/call-headers.ts";
import { GrpcClient, type GrpcClientOptions } from "../transport/grpc/grpc-client.ts";
import { frame } from "../wire/frame.ts";
import { answerOf, type Frame, type FramePeer, FrameUpstream, frameOf, GRPC_HEADERS } from "./frame-upstream.ts";

/** End of a call, with the headers that had arrived by then. */
type Outcome = { message?: string; fault?: Fault; headers?: ReceivedHeaders };
/** A client with our own HTTP/2, and the other end, which a test plays frame by frame. */
interface Rig {
  readonly client: GrpcClient;
  readonly upstream: FrameUpstream;
  send(message?: string | Buffer, headers?: Record<string, string>): { outcome: Promise<Outcome>; cancel(): void };
}
export async function rig({
  greeting,
  options,
  onFrame,
}: {
  greeting?: Buffer;
  options?: GrpcClientOptions;
  onFrame?: (peer: FramePeer, frame: Frame) => void;
} = {}): Promise<Rig> {
  const upstream = await new FrameUpstream(onFrame, greeting).start();
  const client = new GrpcClient(upstream.url, { http2: "own", ...options });
  onTestFinished(async () => {
    await upstream.stop();
    await client.close();
  });
  const send = (message: string | Buffer = "hello", headers?: Record<string, string>) => {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    let known: ReceivedHeaders;
    const inFlight = client.send("/a.B/C", frame(Buffer.from(message)), 60_000, headers, 1, {
      metadata: (headers) => {
        known = headers;
      },
      replied: (bytes) => resolve({ message: Buffer.from(bytes).toString(), headers: known }),
      faulted: (fault) => resolve({ fault, headers: known }),
    });
    return { outcome: promise, cancel: () => inFlight.cancel() };
  };
  return { client, upstream, send };
}
/** A connection on which one call is under way. */
export async function underWay(more: Parameters<typeof rig>[0] = {}) {
  const { client, upstream, send } = await rig(more);
  const call = send();
  const peer = await upstream.next();
  const { stream } = await peer.next(FrameType.HEADERS);
  return { client, upstream, send, call, peer, stream };
}
/** A whole answer on a stream. */
export const answer = (message: string, stream = 1): Buffer => answerOf(stream, frame(Buffer.from(message)));
/** How an answer on the first stream begins. */
export const START = frameOf(FrameType.HEADERS, Flag.END_HEADERS, 1, GRPC_HEADERS);
