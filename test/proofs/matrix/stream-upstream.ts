// An upstream whose stream meets faults, over real sockets: node:http2, gRPC's frames by hand.
import { once } from "node:events";
import { createServer, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";

/** End of a stream after its items have been sent. */
export type End =
  | "end"
  | "hang"
  /** Not even headers come, and so no items. */
  | "mute"
  | "reset"
  | "cut"
  | "garbage"
  | "no trailers"
  | "oversize"
  | "never-ending item"
  | { readonly status: number };

/** One opening of the stream. */
export interface Play {
  /** Number of items. Undefined: all items behind the requested one. */
  readonly items?: number;
  readonly end: End;
}

export interface Upstream {
  readonly url: string;
  /** Message of each opening's request until now. */
  readonly openings: readonly Uint8Array[];
  /** Unary calls until now, by method. */
  readonly calls: readonly string[];
  /** Resolves when no stream is open. */
  idle(): Promise<void>;
  close(): void;
}

export interface Script {
  /** Behaviour of each opening in turn; the last one holds for all that follow. */
  readonly plays: readonly Play[];
  /** Returns the encoded items behind the requested position. */
  readonly items: (request: Uint8Array) => readonly Uint8Array[];
  /** Returns the answer to a unary call; a number: this status. */
  readonly answer: (method: string, request: Uint8Array) => Uint8Array | number;
}

const GRPC = { ":status": 200, "content-type": "application/grpc+proto" };
const TRICKLE_MS = 10;

export async function startStreaming({ plays, items, answer }: Script): Promise<Upstream> {
  const server = createServer();
  const sessions = new Set<ServerHttp2Session>();
  const openings: Uint8Array[] = [];
  const calls: string[] = [];
  const waiting = new Set<() => void>();
  let open = 0;
  server.on("session", (session) => {
    sessions.add(session);
    session.on("error", () => {});
    session.on("close", () => sessions.delete(session));
  });
  server.on("stream", (stream, headers) => {
    open++;
    stream.on("error", () => {});
    stream.on("close", () => {
      if (--open === 0) for (const wake of waiting) wake();
    });
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => {
      const request = Buffer.concat(chunks).subarray(5);
      const method = String(headers[":path"]).split("/").at(-1) ?? "";
      if (method !== "WatchRun") {
        calls.push(method);
        const reply = answer(method, request);
        if (typeof reply === "number") refuse(stream, reply);
        else trailed(stream, reply);
        return;
      }
      const play = plays[Math.min(openings.length, plays.length - 1)];
      openings.push(request);
      if (play !== undefined) perform(stream, play, items(request));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    openings,
    calls,
    async idle() {
      if (open > 0) await new Promise<void>((resolve) => waiting.add(resolve));
    },
    close: () => end(server, sessions),
  };
}

function end(server: Http2Server, sessions: ReadonlySet<ServerHttp2Session>): void {
  for (const session of sessions) session.destroy();
  server.close();
}

function refuse(stream: ServerHttp2Stream, status: number): void {
  stream.respond({ ...GRPC, "grpc-status": status, "grpc-message": "secret words" }, { endStream: true });
}
function trailed(stream: ServerHttp2Stream, ...messages: readonly Uint8Array[]): void {
  stream.respond(GRPC, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(Buffer.concat(messages.map((message) => frame(message))));
}
function frame(message: Uint8Array, length = message.length): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(length, 1);
  return Buffer.concat([prefix, message]);
}

function perform(stream: ServerHttp2Stream, { items, end }: Play, all: readonly Uint8Array[]): void {
  if (end === "mute") return;
  const sent = all.slice(0, items);
  if (end === "end") {
    trailed(stream, ...sent);
    return;
  }
  if (typeof end === "object" && sent.length === 0) {
    refuse(stream, end.status);
    return;
  }
  const bytes = Buffer.concat(sent.map((item) => frame(item)));
  if (typeof end === "object") {
    stream.respond(GRPC, { waitForTrailers: true });
    stream.on("wantTrailers", () =>
      stream.sendTrailers({ "grpc-status": String(end.status), "grpc-message": "secret" }),
    );
    stream.end(bytes);
    return;
  }
  stream.respond(GRPC);
  if (end === "no trailers") stream.end(bytes);
  else if (end === "garbage") stream.write(Buffer.concat([bytes, frame(Uint8Array.of(0x0f, 0xff, 0xff))]));
  else if (end === "oversize") stream.write(Buffer.concat([bytes, frame(new Uint8Array(), (16 << 20) + 1)]));
  else if (end === "never-ending item") {
    stream.write(Buffer.concat([bytes, frame(new Uint8Array(), 1 << 20)]));
    const timer = setInterval(() => stream.write("x"), TRICKLE_MS);
    stream.on("close", () => clearInterval(timer));
  } else if (bytes.length > 0) stream.write(bytes, () => broken(stream, end));
  else broken(stream, end);
}
function broken(stream: ServerHttp2Stream, end: End): void {
  // The written bytes leave first.
  if (end === "reset")
    setImmediate(() => stream.destroy(new Error("reset"))); // `close` would end the body first
  else if (end === "cut") setImmediate(() => stream.session?.destroy());
}
