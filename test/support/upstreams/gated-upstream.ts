// An upstream that holds every call until the test releases it: tests follow the order of events, and no time passes.
import { once } from "node:events";
import { createServer, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";

/** A call that has arrived. */
export interface Held {
  /** "pkg.Service/Method" */
  readonly method: string;
  readonly request: Uint8Array;
  answer(message: Uint8Array): void;
  fail(code: number): void;
  /** Resolves when its stream has closed, on either side. */
  readonly gone: Promise<void>;
}

export interface GatedUpstream {
  readonly url: string;
  /** In order of arrival. */
  readonly arrived: readonly Held[];
  /** Resolves when `count` calls have arrived in all. */
  arrivals(count: number): Promise<readonly Held[]>;
  close(): Promise<void>;
}

const GRPC = { ":status": 200, "content-type": "application/grpc+proto" };

export async function startGated(): Promise<GatedUpstream> {
  const arrived: Held[] = [];
  const waiting = new Set<() => void>();
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer();
  server.on("session", (session) => {
    sessions.add(session);
    session.on("close", () => sessions.delete(session));
  });
  server.on("stream", (stream, headers) => {
    stream.on("error", () => {});
    const gone = new Promise<void>((resolve) => stream.on("close", resolve));
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => {
      arrived.push({ ...held(stream, String(headers[":path"]), Buffer.concat(chunks)), gone });
      for (const look of waiting) look();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arrived,
    async arrivals(count) {
      if (arrived.length < count) {
        await new Promise<void>((resolve) => {
          const look = () => {
            if (arrived.length >= count && waiting.delete(look)) resolve();
          };
          waiting.add(look);
        });
      }
      return arrived;
    },
    async close() {
      const closed = once(server, "close");
      server.close();
      for (const session of sessions) session.destroy();
      await closed;
    },
  };
}

function held(stream: ServerHttp2Stream, path: string, body: Buffer): Omit<Held, "gone"> {
  return {
    method: path.slice(1),
    request: body.subarray(5),
    answer(message) {
      if (stream.destroyed) return;
      const head = Buffer.alloc(5);
      head.writeUInt32BE(message.length, 1);
      stream.respond(GRPC, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end(Buffer.concat([head, message]));
    },
    fail(code) {
      if (stream.destroyed) return;
      stream.respond({ ...GRPC, "grpc-status": String(code) }, { endStream: true });
    },
  };
}
