// Stream servers of other implementations. Each serves `Follow` of streams.v1.StreamService: the text of the request
// selects the script.
import { type EventEmitter, once } from "node:events";
import * as http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type SourceContext, SourceContextSchema } from "@bufbuild/protobuf/wkt";
import { ConnectError } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import * as grpc from "@grpc/grpc-js";
import { frame } from "../wire/frame.ts";
import { drained } from "./drained.ts";
import { StreamService } from "./test-streams.ts";

export const FOLLOW = "/streams.v1.StreamService/Follow";
/** Size of an item of `endless`, in bytes, with its prefix. */
export const ITEM_BYTES = 1_024;

/** A server of streams. */
export interface StreamServer {
  readonly port: number;
  /** Returns the number of streams that their clients have cancelled. */
  readonly cancelled: () => number;
  stop(): Promise<void>;
}
export const request = (text: string): Buffer =>
  Buffer.from(toBinary(SourceContextSchema, create(SourceContextSchema, { fileName: text })));
export const textOf = (item: Uint8Array): string => fromBinary(SourceContextSchema, item).fileName;

/** Yields the results of a request in order; an `Error` is a status NOT_FOUND with its text. */
function* script(text: string): Generator<string | Error | "hang"> {
  if (text === "endless") for (;;) yield "x".repeat(ITEM_BYTES - 8);
  if (text === "large") yield "y".repeat(1_000_000);
  if (text === "quiet") yield "hang";
  yield "a";
  yield "";
  yield "c";
  if (text === "status") yield new Error("no more, ä");
}

async function listening(server: http2.Http2Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}
function ending(server: http2.Http2Server): () => Promise<void> {
  const sessions = new Set<http2.ServerHttp2Session>();
  server.on("session", (session) => {
    session.on("error", () => {});
    sessions.add(session);
  });
  return async () => {
    for (const session of sessions) session.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
}

/** Resolves with the first of these events, and leaves no listener behind. */
function moved(emitter: EventEmitter, ...events: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      for (const event of events) emitter.off(event, done);
      resolve();
    };
    for (const event of events) emitter.on(event, done);
  });
}

async function grpcJs(): Promise<StreamServer> {
  const server = new grpc.Server();
  let cancelled = 0;
  const pass = (bytes: Uint8Array): Buffer => Buffer.from(bytes);
  const path = { path: FOLLOW, requestStream: false, responseStream: true } as const;
  const passing = {
    requestSerialize: pass,
    requestDeserialize: pass,
    responseSerialize: pass,
    responseDeserialize: pass,
  };
  server.addService(
    { Follow: { ...path, ...passing } },
    {
      Follow: (async (call) => {
        call.on("cancelled", () => cancelled++);
        for (const what of script(textOf(call.request))) {
          if (what === "hang") return;
          if (what instanceof Error) {
            call.emit("error", { code: grpc.status.NOT_FOUND, details: what.message });
            return;
          }
          if (!call.write(request(what))) await moved(call, "drain", "cancelled");
          if (call.cancelled) return;
        }
        call.end();
      }) satisfies grpc.handleServerStreamingCall<Buffer, Buffer>,
    },
  );
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    ),
  );
  return { port, cancelled: () => cancelled, stop: async () => server.forceShutdown() };
}

async function connectNode(): Promise<StreamServer> {
  let cancelled = 0;
  const server = http2.createServer(
    connectNodeAdapter({
      routes: (router) =>
        router.service(StreamService, {
          follow: async function* ({ fileName }: SourceContext, { signal }) {
            signal.addEventListener("abort", () => cancelled++);
            for (const what of script(fileName)) {
              if (what === "hang") await new Promise((resolve) => signal.addEventListener("abort", resolve));
              else if (what instanceof Error) throw new ConnectError(what.message, 5);
              else yield create(SourceContextSchema, { fileName: what });
              if (signal.aborted) return;
            }
          },
          run: () => {
            throw new ConnectError("not here", 12);
          },
        }),
    }),
  );
  server.on("stream", (stream) => stream.setMaxListeners(0)); // it has many
  const stop = ending(server);
  return { port: await listening(server), cancelled: () => cancelled, stop };
}

async function byHand(): Promise<StreamServer> {
  let cancelled = 0;
  const server = http2.createServer();
  server.on("stream", (stream) => {
    const chunks: Buffer[] = [];
    stream.on("error", () => {});
    stream.on("close", () => {
      if (stream.rstCode === http2.constants.NGHTTP2_CANCEL) cancelled++;
    });
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", async () => {
      let status: Record<string, string> = { "grpc-status": "0" };
      stream.on("wantTrailers", () => stream.sendTrailers(status));
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      for (const what of script(textOf(Buffer.concat(chunks).subarray(5)))) {
        if (what === "hang" || stream.destroyed) return;
        if (what instanceof Error) status = { "grpc-status": "5", "grpc-message": encodeURIComponent(what.message) };
        else if (!stream.write(frame(request(what)))) await drained(stream);
      }
      stream.end();
    });
  });
  const stop = ending(server);
  return { port: await listening(server), cancelled: () => cancelled, stop };
}

export const STREAM_SERVERS = { "grpc-js": grpcJs, "connect-node": connectNode, "node:http2": byHand };
