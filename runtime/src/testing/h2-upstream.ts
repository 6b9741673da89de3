import * as http2 from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import { frame } from "../wire/frame.ts";

export const GRPC = { ":status": 200, "content-type": "application/grpc+proto" };

/** A stream that an upstream has received, whole. */
export interface Received {
  readonly stream: http2.ServerHttp2Stream;
  readonly headers: http2.IncomingHttpHeaders;
  readonly body: Buffer;
  /** Resolves with the code that the stream was closed with. */
  readonly closed: Promise<number>;
}

export interface H2UpstreamOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  readonly settings?: http2.Settings;
  /** TLS, with these options of node:http2. */
  readonly tls?: http2.SecureServerOptions;
}

/** A raw HTTP/2 server. A test makes it answer, fail, hang or reset. */
export class H2Upstream {
  readonly received: Received[] = [];
  answer: (received: Received) => void;
  readonly #options: H2UpstreamOptions;
  #server: http2.Http2Server | http2.Http2SecureServer;
  readonly #sockets = new Set<Socket>();
  readonly sessions: http2.ServerHttp2Session[] = [];
  port = 0;

  constructor(answer: (received: Received) => void = () => {}, options: H2UpstreamOptions = {}) {
    this.answer = answer;
    this.#options = options;
    this.#server = this.#create();
  }
  async start(): Promise<this> {
    this.#server = this.#create();
    await new Promise<void>((resolve) => this.#server.listen(this.port, this.#host, resolve));
    this.port = (this.#server.address() as AddressInfo).port;
    return this;
  }
  get url(): string {
    return `${this.#options.tls === undefined ? "http" : "https"}://${this.#host}:${this.port}`;
  }
  get #host(): string {
    return this.#options.host ?? "127.0.0.1";
  }
  /** Connections that are open. */
  get connections(): number {
    return this.#sockets.size;
  }
  /** Resolves with the next stream, or an earlier one that has not been taken. */
  async next(): Promise<Received> {
    for (;;) {
      const received = this.received.shift();
      if (received !== undefined) return received;
      await new Promise<void>((resolve) => {
        this.#came = resolve;
      });
    }
  }
  #came = (): void => {};
  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
  #create(): http2.Http2Server | http2.Http2SecureServer {
    const { tls, settings = {} } = this.#options;
    const server: http2.Http2Server | http2.Http2SecureServer =
      tls === undefined ? http2.createServer({ settings }) : http2.createSecureServer({ ...tls, settings });
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
    server.on("session", (session) => {
      session.on("error", () => {});
      this.sessions.push(session);
    });
    server.on("stream", (stream, headers) => {
      const chunks: Buffer[] = [];
      stream.on("error", () => {});
      const closed = new Promise<number>((resolve) => stream.on("close", () => resolve(stream.rstCode)));
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const received = { stream, headers, body: Buffer.concat(chunks).subarray(5), closed };
        this.received.push(received);
        this.answer(received);
        this.#came();
      });
    });
    return server;
  }
}

/** Answers with these bytes, framed or as they are, and trailers. */
export function reply(
  { stream }: Received,
  message: Uint8Array | undefined,
  trailers: Record<string, string> | null = { "grpc-status": "0" },
  headers: http2.OutgoingHttpHeaders = GRPC,
): void {
  stream.on("wantTrailers", () => stream.sendTrailers(trailers ?? {}));
  stream.respond(headers, { waitForTrailers: trailers !== null });
  stream.end(message && frame(message));
}

/** Answers with a status alone. */
export function refuse({ stream }: Received, status: string, more: Record<string, string> = {}): void {
  stream.respond({ ...GRPC, "grpc-status": status, ...more }, { endStream: true });
}
