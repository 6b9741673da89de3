import type * as http from "node:http";
import * as http2 from "node:http2";
import { Code, ConnectError } from "@connectrpc/connect";
import { codeToHttpStatus, errorToJsonBytes } from "@connectrpc/connect/protocol-connect";
import { COMPRESS_FROM, FastCall, type FastHead, type FastRpc } from "./fast-call.ts";
import { discardStream, dropStream } from "./request-body.ts";

/** What else a call of Connect's protocol has to know. */
export interface ConnectEncoding {
  readonly contentType: "application/json" | "application/proto";
  readonly jsonOptions: Parameters<typeof errorToJsonBytes>[1];
}

/** A unary call of Connect's own protocol: POST, over HTTP/1.1 or HTTP/2. */
export class FastConnectCall extends FastCall {
  readonly #encoding: ConnectEncoding;
  readonly #out: http2.ServerHttp2Stream | http.ServerResponse;

  constructor(
    rpc: FastRpc,
    head: FastHead,
    encoding: ConnectEncoding,
    out: http2.ServerHttp2Stream | http.ServerResponse,
  ) {
    super(rpc, head);
    this.#encoding = encoding;
    this.#out = out;
  }

  protected get session(): object | undefined {
    return "writeHead" in this.#out ? undefined : (this.#out.session ?? this.#out);
  }
  protected get expected(): number {
    return Number.parseInt(this.head.headers["content-length"] ?? "Infinity", 10) || Number.POSITIVE_INFINITY;
  }
  protected arrived(): void {
    const { maxBytes } = this.rpc;
    if (this.received <= maxBytes) return;
    const message = `message size is larger than configured readMaxBytes ${maxBytes}`;
    this.refuse(new ConnectError(message, Code.ResourceExhausted));
  }
  protected complete(): void {
    const body = this.body();
    let args: ReturnType<typeof this.parse>;
    try {
      args = this.parse(body, 0, body.length);
    } catch (thrown) {
      this.refuse(ConnectError.from(thrown, Code.Internal));
      return;
    }
    this.run(args);
  }

  protected reply(
    bytes: Uint8Array,
    compressed: boolean,
    degraded: string,
    headers: readonly string[],
    trailers: readonly string[],
  ): void {
    const all = this.#headers(this.#encoding.contentType, headers, trailers);
    if (degraded !== "") all.push("bff-degraded", degraded);
    this.#respond(200, all, compressed ? bytes : bytes.subarray(this.rpc.prefix), compressed);
  }
  protected fail(error: ConnectError, headers: readonly string[], trailers: readonly string[]): void {
    const all = this.#headers("application/json", headers, trailers);
    error.metadata.forEach((value, name) => {
      all.push(name, value);
    });
    const status = codeToHttpStatus(error.code);
    const bytes = errorToJsonBytes(error, this.#encoding.jsonOptions);
    const { compression } = this.head;
    if (compression === null || bytes.length < COMPRESS_FROM) {
      this.#respond(status, all, bytes, false);
      return;
    }
    compression.compress(bytes).then(
      (compressed) => this.#respond(status, all, compressed, true),
      () => this.#respond(status, all, bytes, false),
    );
  }
  #headers(type: string, headers: readonly string[], trailers: readonly string[]): (string | number)[] {
    const all: (string | number)[] = ["content-type", type, ...this.head.extra];
    if (headers.length > 0) all.push(...headers);
    for (let i = 0; i + 1 < trailers.length; i += 2) all.push(`trailer-${trailers[i] ?? ""}`, trailers[i + 1] ?? "");
    return all;
  }
  #respond(status: number, headers: (string | number)[], body: Uint8Array, compressed: boolean): void {
    const out = this.#out;
    if (compressed) headers.push("content-encoding", this.head.compression?.name ?? "");
    headers.push("content-length", String(body.length));
    if ("writeHead" in out) {
      if (out.destroyed || out.headersSent) return;
      // Set one by one: node drops what was set before, `connection` for example, when it gets a list.
      out.statusCode = status;
      for (let i = 0; i + 1 < headers.length; i += 2) {
        const name = headers[i] as string;
        const before = out.getHeader(name);
        const value = headers[i + 1] as string;
        out.setHeader(name, before === undefined ? value : [before, value].flat().map(String));
      }
      out.end(body);
      return;
    }
    if (out.destroyed || out.closed) return;
    headers.unshift(":status", status);
    out.respond(headers as string[]);
    out.end(body);
    if (this.unread) discardStream(out);
  }
  protected cutOff(): void {
    if ("writeHead" in this.#out) this.#out.destroy();
    else this.#out.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
  }
  protected drop(): void {
    if ("writeHead" in this.#out) this.#out.destroy();
    else dropStream(this.#out);
  }
}
