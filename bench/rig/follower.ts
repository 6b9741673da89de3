// Clients that follow: they read as fast as is given, and hold that nothing is missing and nothing comes twice.
import { create, type DescMethodServerStreaming, toBinary } from "@bufbuild/protobuf";
import { GrpcClient } from "@protobff/runtime";
import type { FollowRequestSchema } from "../generated/bench/stream/v1/stream_pb.ts";
import { framed } from "./upstream-data.ts";
import { CALLER_HEADERS } from "./variant.ts";

export type FollowMethod = DescMethodServerStreaming<typeof FollowRequestSchema>;

export interface Followed {
  readonly method: FollowMethod;
  /** Items of each stream. */
  readonly items: number;
  /** At a time, over one connection or several. */
  readonly streams: number;
}

/** Follows `streams` streams to their ends. Throws unless each gives all its items in order and ends with OK. */
export async function followAll(url: string, { method, items, streams }: Followed): Promise<void> {
  const client = new GrpcClient(url);
  try {
    await Promise.all(Array.from({ length: streams }, () => follow(client, method, items)));
  } finally {
    await client.close();
  }
}

/** Items requested in advance; at half of them the client requests more, so that the stream never waits. */
const WINDOW = 64;

function follow(client: GrpcClient, method: FollowMethod, items: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let last = 0;
    const stream = client.open(
      `/${method.parent.typeName}/${method.name}`,
      framed(toBinary(method.input, create(method.input, { count: items }))),
      Number.POSITIVE_INFINITY,
      CALLER_HEADERS,
      {
        item(message) {
          const seq = seqOf(message);
          if (seq !== last + 1) {
            stream.cancel();
            reject(new Error(`${method.name} gives item ${seq} after ${last}`));
            return;
          }
          last = seq;
          if (last % (WINDOW / 2) === 0) stream.take(WINDOW / 2);
        },
        ended: () => {
          if (last === items) resolve();
          else reject(new Error(`${method.name} ends after ${last} of ${items} items`));
        },
        faulted: ({ code, message }) =>
          reject(new Error(`${method.name} fails after ${last} items: ${code} ${message}`)),
      },
    );
    stream.take(WINDOW);
  });
}

const SEQ_TAG = 0x08;

/** The first field of each item, read without decoding the rest: who measures shall not be in the way. */
function seqOf(message: Uint8Array): number {
  if (message[0] !== SEQ_TAG) return Number.NaN;
  let seq = 0;
  let scale = 1;
  for (let at = 1; at < message.length; at++) {
    const byte = message[at] ?? 0;
    seq += (byte & 0x7f) * scale;
    if (byte < 0x80) return seq;
    scale *= 0x80;
  }
  return Number.NaN;
}
