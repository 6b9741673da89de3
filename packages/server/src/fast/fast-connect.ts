import type * as http from "node:http";
import { ConnectError } from "@connectrpc/connect";
import { codeToHttpStatus, errorToJsonBytes } from "@connectrpc/connect/protocol-connect";
import type { AnswerMetadata } from "@protobff/runtime/internal/admission/answer-metadata";
import type { Failure } from "@protobff/runtime/internal/failure";
import { COMPRESS_FROM } from "@protobff/runtime/internal/wire/compressions";
import type { Carrier } from "../carrier/carrier.ts";
import { completeError } from "../headers/error-details.ts";
import type { FastHead } from "./fast-call.ts";
import { FastHttpCall } from "./fast-http.ts";
import type { FastRpc } from "./unary-call.ts";

/** Properties of an encoding that only Connect's protocol needs. */
export interface ConnectEncoding {
  readonly contentType: "application/json" | "application/proto";
  readonly jsonOptions: Parameters<typeof errorToJsonBytes>[1];
}

/** A unary call of Connect's own protocol: POST, over HTTP/1.1 or HTTP/2. */
export class FastConnectCall extends FastHttpCall {
  readonly #encoding: ConnectEncoding;

  constructor(rpc: FastRpc, head: FastHead, encoding: ConnectEncoding, out: Carrier | http.ServerResponse) {
    super(rpc, head, out);
    this.#encoding = encoding;
  }

  protected complete(): void {
    const body = this.body();
    this.rpc.traffic?.countReceived(body.length);
    const args = this.parse(body, 0, body.length);
    if (args instanceof ConnectError) this.refuse(args);
    else this.run(args);
  }

  protected reply(
    bytes: Uint8Array,
    compressed: boolean,
    degraded: string,
    headers: readonly string[],
    { trailers }: AnswerMetadata,
  ): void {
    const all = this.#headers(this.#encoding.contentType, headers, trailers);
    if (degraded !== "") all.push("bff-degraded", degraded);
    const body = compressed ? bytes : bytes.subarray(this.rpc.prefix);
    this.rpc.traffic?.countSent(body.length);
    this.#respond(200, all, body, compressed);
  }
  protected fail(refusal: ConnectError | Failure, headers: readonly string[], trailers: readonly string[]): void {
    const error = completeError(refusal, this.head.requestId);
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
    this.rpc.pending.add(this, bytes.length);
    this.compress(
      bytes,
      compression,
      (compressed) => this.#respond(status, all, compressed, true),
      (thrown) => this.broken(thrown),
    );
  }
  #headers(type: string, headers: readonly string[], trailers: readonly string[]): string[] {
    const all = ["content-type", type, ...this.head.extra];
    if (headers.length > 0) all.push(...headers);
    for (let i = 0; i + 1 < trailers.length; i += 2) all.push(`trailer-${trailers[i] ?? ""}`, trailers[i + 1] ?? "");
    return all;
  }
  #respond(status: number, headers: string[], body: Uint8Array, compressed: boolean): void {
    if (compressed) headers.push("content-encoding", this.head.compression?.name ?? "");
    this.respond(status, headers, body);
  }
}
