// Upstreams of the BFFs that grow: one process on raw node:http2, a port for each service, answers encoded beforehand.
import * as http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { writeField, writeFieldHead } from "@protobff/runtime/internal/wire/small-message";
import { framed } from "../rig/upstream-data.ts";
import { UPSTREAMS } from "./protos.ts";

const HEADERS = { ":status": 200, "content-type": "application/grpc+proto" };
const LIST = "grow.up.v1.ListService";
const TEXT = Buffer.from("A thing on the shelf, blue, with a longer description that nobody reads to its end.");

/** An Item: three texts. */
function item(): Buffer {
  const out = Buffer.alloc(2 * TEXT.length);
  return out.subarray(
    0,
    writeField(out, writeField(out, writeField(out, 0, 1, TEXT.subarray(0, 9)), 2, TEXT.subarray(0, 20)), 3, TEXT),
  );
}
const ITEM = item();
const SINGLE = framed(ITEM);
const lists = new Map<number, Buffer>();
function listOf(count: number): Buffer {
  let frame = lists.get(count);
  if (frame === undefined) {
    const entry = Buffer.alloc(ITEM.length + 4);
    const size = writeFieldHead(entry, 0, 1, ITEM.length) + ITEM.copy(entry, writeFieldHead(entry, 0, 1, ITEM.length));
    frame = framed(Buffer.concat(Array.from({ length: count }, () => entry.subarray(0, size))));
    lists.set(count, frame);
  }
  return frame;
}
/** The one field of ListItemsRequest, a varint, behind gRPC's prefix and its tag. */
function countIn(request: Buffer): number {
  let count = 0;
  for (let at = 6, shift = 0; at < request.length; at++, shift += 7) count |= ((request[at] ?? 0) & 0x7f) << shift;
  return count;
}

function answer(stream: http2.ServerHttp2Stream, frame: Buffer): void {
  if (stream.destroyed || stream.closed) return;
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.respond(HEADERS, { waitForTrailers: true });
  stream.end(frame);
}
function serve(stream: http2.ServerHttp2Stream, isList: boolean): void {
  stream.on("error", () => {});
  if (isList) stream.once("data", (request: Buffer) => answer(stream, listOf(countIn(request))));
  else {
    stream.resume();
    answer(stream, SINGLE);
  }
}
async function listen(service: string): Promise<readonly [service: string, url: string]> {
  const settings = { maxConcurrentStreams: 10_000, initialWindowSize: 1 << 20 };
  // Thirty-two lists of 10,000 items wait for one session at a time.
  const server = http2.createServer({
    settings,
    maxSessionMemory: 1_000,
    streamResetBurst: 1_000_000,
    streamResetRate: 1_000_000,
  });
  server.on("stream", (stream) => serve(stream, service === LIST));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return [service, `http://127.0.0.1:${(server.address() as AddressInfo).port}`];
}

const services = Array.from({ length: Math.max(...UPSTREAMS) }, (_, i) => `grow.up.v1.S${i}Service`);
process.on("disconnect", () => process.exit());
process.send?.(Object.fromEntries(await Promise.all([...services, LIST].map(listen))));
