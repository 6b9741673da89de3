// MCP's Streamable HTTP (2026-07-28, Transports): one POST per message, answered by JSON, or by events if the client
// wants progress.
import { isUtf8 } from "node:buffer";
import type { Answering } from "@protobff/runtime/internal/endpoint/endpoint-options";
import type { Failure } from "@protobff/runtime/internal/failure";
import { countJson } from "@protobff/runtime/internal/routes/count-json";
import { ELEMENT } from "@protobff/runtime/internal/routes/element";
import { connectionOf } from "../carrier/carrier.ts";
import type { Handler, ServerRequest, ServerResponse } from "../carrier/handler.ts";
import { NodeIncoming, type Peers } from "../requests/peers.ts";
import { notificationError } from "./era.ts";
import { errorText, RpcCode, RpcError, type RpcId, type RpcMessage, readMessage, resultText } from "./json-rpc.ts";
import type { McpServer } from "./mcp-server.ts";
import { Progress } from "./progress.ts";
import type { ResourceMetadata } from "./resource-metadata.ts";
import { ToolIncoming } from "./tool-incoming.ts";

export const MCP_PATH = "/mcp";

export interface McpHttpOptions {
  readonly server: McpServer;
  readonly metadata: ResourceMetadata | undefined;
  readonly peers: Peers;
  /** Maximum size of a message, in bytes. */
  readonly maxBytes: number;
  /** Maximum number of elements of JSON in a message. */
  readonly maxElements: number;
  /** As of `countJson`. */
  readonly masks: ReadonlySet<string>;
  /** Returns the failure of a call that an overloaded server refuses. Undefined: it refuses none. */
  readonly shed?: ((method: string, connection: object | undefined) => Failure | undefined) | undefined;
  /** Origins whose scripts may call. */
  readonly origins: ReadonlySet<string>;
}

/** Serves `/mcp`, and the metadata of the protected resource. */
export function withMcp(options: McpHttpOptions, handler: Handler): Handler {
  const { metadata } = options;
  return (request, response) => {
    const path = request.url?.split("?", 1)[0];
    if (path === MCP_PATH) new Exchange(options, request, response).begin();
    else if (metadata?.paths.includes(path ?? "")) metadata.serve(request, response);
    else handler(request, response);
  };
}

/** One POST with its answer. */
class Exchange {
  readonly #options: McpHttpOptions;
  readonly #request: ServerRequest;
  readonly #out: Out;
  #answering: Answering | undefined;
  #progress: Progress | undefined;
  #alive: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: McpHttpOptions, request: ServerRequest, response: ServerResponse) {
    this.#options = options;
    this.#request = request;
    this.#out = response;
  }
  begin(): void {
    const refusal = this.#refusal();
    if (refusal !== undefined) {
      this.#fail(undefined, refusal);
      return;
    }
    const chunks: Uint8Array[] = [];
    let length = 0;
    const { maxBytes } = this.#options;
    this.#request.on("data", (chunk: Uint8Array) => {
      length += chunk.length;
      if (length <= maxBytes) chunks.push(chunk);
      else if (!this.#out.headersSent) this.#fail(undefined, tooLarge(maxBytes));
    });
    this.#request.on("end", () => {
      if (length <= maxBytes) this.#complete(Buffer.concat(chunks));
    });
    this.#request.on("error", () => {});
  }

  /** Refuses what needs no body. */
  #refusal(): RpcError | undefined {
    const { method, headers } = this.#request;
    const { origin, host, accept, "content-type": type, "content-encoding": encoding } = headers;
    if (method !== "POST") return invalid(405, "this path takes POST", ["allow", "POST"]);
    if (
      origin !== undefined &&
      !this.#options.origins.has("*") &&
      !this.#options.origins.has(origin) &&
      !isLocal(origin, host)
    )
      return invalid(403, "this origin may not call");
    if (!/^application\/json(?:\s*;|$)/i.test(type ?? "")) return invalid(415, "the body is to be application/json");
    if (encoding !== undefined && encoding !== "identity") return invalid(415, "the body is not to be compressed");
    if (accept !== undefined && !ACCEPTS_JSON.test(accept) && !ACCEPTS_EVENTS.test(accept))
      return invalid(406, "the answer is application/json or text/event-stream");
    return undefined;
  }

  #complete(body: Buffer): void {
    const { server, metadata, peers } = this.#options;
    const received = new NodeIncoming(this.#request, peers);
    this.#out.once("close", () => this.#close());
    server.arrive(
      new ToolIncoming(received, undefined, metadata?.resource),
      () => this.#admitted(body, received),
      (error) => this.#fail(undefined, error),
    );
  }
  #admitted(body: Buffer, received: NodeIncoming): void {
    if (this.#isClosed) return;
    const message = this.#read(body);
    if (message instanceof RpcError) {
      this.#fail(undefined, message);
      return;
    }
    const { id } = message;
    if (id === undefined) {
      this.#notified(received);
      return;
    }
    const { metadata, shed } = this.#options;
    const { accept = "*/*", ":authority": authority, host = "" } = this.#request.headers;
    const connection = "stream" in this.#request ? connectionOf(this.#request.stream) : undefined;
    this.#answering = this.#options.server.answer({
      message,
      incoming: new ToolIncoming(received, message, metadata?.resource),
      metadata: received,
      authority: typeof authority === "string" ? authority : host,
      shed: (method) => shed?.(method, connection),
      done: (result) => this.#end(resultText(id, result)),
      failed: (error) => this.#fail(id, error),
      progress: (token) => (ACCEPTS_EVENTS.test(accept) ? this.#events(token) : undefined),
    });
  }
  /** Nothing that clients report is of use here. */
  #notified(received: NodeIncoming): void {
    const error = notificationError(received);
    if (error === undefined) this.#send(202, [], undefined);
    else this.#fail(undefined, error);
  }
  #read(body: Buffer): RpcMessage | RpcError {
    const { maxElements, masks } = this.#options;
    if (!isUtf8(body)) return new RpcError(RpcCode.PARSE, "the body is not UTF-8", { status: 400 });
    const most = maxElements * ELEMENT;
    if (body.length > 2 * maxElements && countJson(body, masks, most) > most)
      return invalid(400, `the message holds more than ${maxElements} elements`);
    return readMessage(body.toString());
  }

  /** Begins a stream of events, and returns what sends the items of a tool's stream. */
  #events(token: string | number): (json: string) => void {
    this.#progress = new Progress(token, (notification) => this.#out.write(event(notification)));
    this.#head(200, EVENTS);
    this.#alive = setInterval(() => this.#out.write(": \n\n"), ALIVE_MS).unref();
    this.#out.write(": \n\n");
    return (json) => this.#progress?.item(json);
  }
  #end(text: string): void {
    if (this.#progress === undefined) {
      this.#send(200, ["content-type", "application/json"], text);
      return;
    }
    this.#stop();
    this.#out.end(event(text));
  }
  #fail(id: RpcId | undefined, error: RpcError): void {
    const text = errorText(id, error);
    if (this.#progress !== undefined) {
      this.#end(text);
      return;
    }
    this.#send(error.status, ["content-type", "application/json", ...error.headers], text);
  }
  #close(): void {
    this.#isClosed = true;
    this.#stop();
    this.#answering?.cancel();
  }
  #stop(): void {
    clearInterval(this.#alive);
    this.#progress?.close();
  }

  #head(status: number, headers: readonly string[]): void {
    this.#out.statusCode = status;
    for (const [name, value] of pairs(["cache-control", "no-store", ...headers])) this.#out.setHeader(name, value);
  }
  #send(status: number, headers: readonly string[], text: string | undefined): void {
    if (this.#out.headersSent) return;
    this.#head(status, headers);
    this.#out.end(text ?? "");
  }
}

/** The methods that both versions of HTTP have. */
interface Out {
  statusCode: number;
  readonly headersSent: boolean;
  setHeader(name: string, value: string): unknown;
  write(text: string): unknown;
  end(text: string): unknown;
  once(event: "close", listener: () => void): unknown;
}
function* pairs(headers: readonly string[]): Generator<readonly [string, string]> {
  for (let i = 0; i + 1 < headers.length; i += 2) yield [headers[i] ?? "", headers[i + 1] ?? ""];
}

/** A page of this server at a loopback address, which no name of an attacker's can be (DNS rebinding). */
const isLocal = (origin: string, host: string | undefined): boolean =>
  /^https?:\/\/(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/.test(origin) &&
  origin.replace(/^https?:\/\//, "") === host;

const ACCEPTS_JSON = /application\/(?:json|\*)/i;
const ACCEPTS_EVENTS = /text\/(?:event-stream|\*)|\*\/\*/i;
const EVENTS = ["content-type", "text/event-stream", "x-accel-buffering", "no"];
const ALIVE_MS = 15_000;
const event = (json: string): string => `data: ${json}\n\n`;

const invalid = (status: number, message: string, headers: readonly string[] = []): RpcError =>
  new RpcError(RpcCode.INVALID_REQUEST, message, { status, headers });
const tooLarge = (maxBytes: number): RpcError => invalid(413, `the message has more than ${maxBytes} bytes`);
