// Both sides of a BFF, with node:http2 and bytes alone: an upstream with configurable answers, and a client for three
// protocols.
import { type ClientHttp2Session, connect, createServer, type Http2Server } from "node:http2";
import type { AddressInfo } from "node:net";

/** Answers every rpc with configured bytes, and keeps the last request. */
export class Upstream {
  answer: Buffer = Buffer.alloc(0);
  lastRequest: { readonly path: string; readonly message: Buffer } | undefined;
  readonly #server: Http2Server = createServer();

  async start(): Promise<string> {
    this.#server.on("stream", (stream, headers) => {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("error", () => {});
      stream.on("end", () => {
        this.lastRequest = { path: String(headers[":path"]), message: Buffer.concat(chunks).subarray(5) };
        stream.respond({ ":status": 200, "content-type": "application/grpc+proto" }, { waitForTrailers: true });
        stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
        stream.end(framed(this.answer));
      });
    });
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }
  stop(): void {
    this.#server.close();
  }
}

export function framed(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

export class Client {
  readonly #url: string;
  readonly #session: ClientHttp2Session;
  constructor(url: string) {
    this.#url = url;
    this.#session = connect(url);
  }
  /** The response's bytes. @throws with the status and its message */
  async grpc(path: string, message: Uint8Array): Promise<Buffer> {
    const stream = this.#session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc+proto",
      te: "trailers",
    });
    stream.end(framed(message));
    const chunks: Buffer[] = [];
    let status: unknown;
    stream.on("response", (headers) => (status ??= headers["grpc-status"] && grpcError(headers)));
    stream.on("trailers", (trailers) => (status = grpcError(trailers)));
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    if (status !== "0") throw new Error(`gRPC: ${String(status)}`);
    return Buffer.concat(chunks).subarray(5);
  }
  async connect(path: string, type: "proto" | "json", body: Uint8Array | string): Promise<Buffer> {
    const headers = { "content-type": `application/${type}` };
    const response = await fetch(`${this.#url}${path}`, {
      method: "POST",
      headers,
      body: typeof body === "string" ? body : new Uint8Array(body),
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    if (response.status !== 200) throw new Error(`Connect: ${response.status} ${bytes.toString()}`);
    return bytes;
  }
  close(): void {
    this.#session.close();
  }
}

const grpcError = (headers: { readonly [name: string]: unknown }): string =>
  headers["grpc-status"] === "0" ? "0" : `${String(headers["grpc-status"])} ${String(headers["grpc-message"])}`;
