// The upstream's stream: the requested number of events, as fast as the client takes them.
import type * as http2 from "node:http2";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { EventSchema, EventService, WatchRequestSchema } from "../generated/bench/up/v1/up_pb.ts";
import { framed, profile } from "./upstream-data.ts";

export const WATCH = `/${EventService.typeName}/${EventService.method.watch.name}`;
const HEADERS = { ":status": 200, "content-type": "application/grpc+proto" };
const TRAILERS = { "grpc-status": "0" };
/** As many are written in a row; then others have their turn. */
const AT_A_TIME = 16;
const PREFIX = 5;
const TEXT = "the run has read the page, and found three things that are worth a second look";

/** Encoded events by number, encoded on first use: the same for every stream. */
const frames = new Map<number, Buffer>();
function frameOf(seq: number): Buffer {
  let frame = frames.get(seq);
  if (frame === undefined) {
    const event = create(EventSchema, { seq: BigInt(seq), text: TEXT, authorId: profile.id });
    frame = framed(toBinary(EventSchema, event));
    frames.set(seq, frame);
  }
  return frame;
}

/** One write for each event, as servers do that get them one by one. */
export function watch(stream: http2.ServerHttp2Stream): void {
  const body: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => body.push(chunk));
  stream.once("end", () => {
    const { count, stays, afterSeq } = fromBinary(WatchRequestSchema, Buffer.concat(body).subarray(PREFIX));
    if (stream.destroyed || stream.closed) return;
    stream.respond(HEADERS, { waitForTrailers: true });
    stream.once("wantTrailers", () => stream.sendTrailers(TRAILERS));
    give(stream, Number(afterSeq) + 1, count, stays);
  });
}

function give(stream: http2.ServerHttp2Stream, first: number, count: number, stays: boolean): void {
  const goOn = (from: number) => give(stream, from, count, stays);
  for (let seq = first; seq <= count; seq++) {
    if (stream.destroyed || stream.closed) return;
    if (!stream.write(frameOf(seq))) {
      stream.once("drain", () => goOn(seq + 1));
      return;
    }
    if (seq % AT_A_TIME === 0) {
      setImmediate(goOn, seq + 1);
      return;
    }
  }
  if (!stays) stream.end();
}
