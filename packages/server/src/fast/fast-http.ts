import type * as http from "node:http";
import { Code, type ConnectError } from "@connectrpc/connect";
import { REQUEST_ID } from "@protobff/runtime/internal/call/request-id";
import { stackless } from "@protobff/runtime/internal/endpoint/connect-error";
import type { Carrier } from "../carrier/carrier.ts";
import { addChallenge } from "../headers/challenge.ts";
import type { FastHead } from "./fast-call.ts";
import { type FastRpc, UnaryCall } from "./unary-call.ts";

/** Returns the length of a body that its headers declare; infinity without one. */
export const declaredLength = (headers: http.IncomingHttpHeaders): number =>
  Number.parseInt(headers["content-length"] ?? "Infinity", 10) || Number.POSITIVE_INFINITY;

/** A call whose request and answer are one body each, over HTTP/1.1 or HTTP/2. */
export abstract class FastHttpCall extends UnaryCall {
  readonly #out: Carrier | http.ServerResponse;

  constructor(rpc: FastRpc, head: FastHead, out: Carrier | http.ServerResponse) {
    super(rpc, head);
    this.#out = out;
  }

  protected get session(): object | undefined {
    return "writeHead" in this.#out ? undefined : this.#out.session;
  }
  protected get expected(): number {
    return declaredLength(this.head.headers);
  }
  protected arrived(): void {
    const { maxBytes } = this.rpc;
    if (this.received <= maxBytes) return;
    this.refuse(this.tooLarge(maxBytes));
  }
  protected tooLarge(maxBytes: number): ConnectError {
    const message = `message size is larger than configured readMaxBytes ${maxBytes}`;
    return stackless(message, Code.ResourceExhausted);
  }

  /** @param headers names and values in turn; `content-length` is added where there is a body */
  protected respond(status: number, headers: string[], body: Uint8Array | undefined): void {
    const out = this.#out;
    const { requestId } = this.head;
    if (requestId !== undefined) headers.push(REQUEST_ID, requestId);
    addChallenge(status, headers);
    if (body !== undefined) headers.push("content-length", String(body.length));
    if ("writeHead" in out) {
      if (out.destroyed || out.headersSent) return;
      // Set one by one: node drops what was set before, `connection` for example, when it gets a list.
      out.statusCode = status;
      for (let i = 0; i + 1 < headers.length; i += 2) {
        const name = headers[i] ?? "";
        const before = out.getHeader(name);
        const value = headers[i + 1] ?? "";
        out.setHeader(name, before === undefined ? value : [before, value].flat().map(String));
      }
      out.end(body);
      return;
    }
    out.answer(status, headers, body, undefined, this.unread);
  }
  protected cutOff(): void {
    if ("writeHead" in this.#out) this.#out.destroy();
    else this.#out.cutOff();
  }
  protected drop(): void {
    if ("writeHead" in this.#out) this.#out.destroy();
    else this.#out.drop();
  }
}
