// One POST of MCP's Streamable HTTP (2026-07-28, Transports), answered by JSON, or by events if the client wants
// progress.
import { isUtf8 } from "node:buffer";
import { Code, type ConnectError } from "@connectrpc/connect";
import { REQUEST_ID } from "@protobff/runtime/internal/call/request-id";
import { stackless } from "@protobff/runtime/internal/endpoint/connect-error";
import { Failure } from "@protobff/runtime/internal/failure";
import { acceptedWeight } from "@protobff/runtime/internal/routes/accept";
import { countJson } from "@protobff/runtime/internal/routes/count-json";
import { ELEMENT } from "@protobff/runtime/internal/routes/element";
import { NO_STORE } from "@protobff/runtime/internal/routes/http-caching";
import type { StreamOut } from "../carrier/stream-out.ts";
import { type CallRpc, FastCall, type FastHead } from "../fast/fast-call.ts";
import { declaredLength } from "../fast/fast-http.ts";
import { UNBUFFERED } from "../streams/stream-protocols.ts";
import { notificationError } from "./era.ts";
import { EventsOut } from "./events-out.ts";
import { errorText, RpcCode, RpcError, type RpcId, type RpcMessage, readMessage, resultText } from "./json-rpc.ts";
import type { McpServer } from "./mcp-server.ts";
import { statusOf } from "./request.ts";
import { toolHeader } from "./tool-incoming.ts";

/** Properties that all calls share. */
export interface McpRpc extends CallRpc {
  readonly server: McpServer;
  /** URL of the protected resource. Undefined without a login. */
  readonly resource: string | undefined;
  /** Maximum number of elements of JSON in a message. */
  readonly maxElements: number;
  /** As of `countJson`. */
  readonly masks: ReadonlySet<string>;
  /** Returns the failure of a call that an overloaded server refuses. Undefined: it refuses none. */
  readonly shed?: ((method: string, connection: object | undefined) => Failure | undefined) | undefined;
}

export class McpCall extends FastCall<McpRpc> {
  readonly #out: StreamOut;
  /** Error of the client that is refused. */
  #error: RpcError | undefined;
  #message: RpcMessage | undefined;
  #events: EventsOut | undefined;

  constructor(rpc: McpRpc, head: FastHead, out: StreamOut) {
    super(rpc, head);
    this.#out = out;
  }

  /** As of `Incoming`. */
  get resource(): string | undefined {
    return this.rpc.resource;
  }
  override get(name: string): string | null {
    return toolHeader(name, this.#message, (of) => super.get(of));
  }
  override all(name: string): readonly string[] {
    return name === "cookie" ? [] : super.all(name);
  }
  /** Host of the request. */
  get authority(): string {
    const { ":authority": authority, host = "" } = this.head.headers;
    return typeof authority === "string" ? authority : host;
  }
  protected get session(): object | undefined {
    return this.#out.session;
  }
  protected get expected(): number {
    return declaredLength(this.head.headers);
  }

  /** Refuses the request with an error of its client. */
  refuseWith(error: RpcError): void {
    this.#error = error;
    this.refuse(REFUSED);
  }
  protected arrived(): void {
    const { maxBytes } = this.rpc;
    if (this.received > maxBytes) this.refuseWith(tooLarge(maxBytes));
  }
  protected complete(): void {
    const message = this.#read(this.body());
    if (message instanceof RpcError) {
      this.refuseWith(message);
      return;
    }
    this.#message = message;
    const { id } = message;
    if (id === undefined) this.#notified();
    else this.#answer(message, id);
  }
  #read(body: Buffer): RpcMessage | RpcError {
    const { maxElements, masks } = this.rpc;
    if (!isUtf8(body)) return new RpcError(RpcCode.PARSE, "the body is not UTF-8", { status: 400 });
    const most = maxElements * ELEMENT;
    if (body.length > 2 * maxElements && countJson(body, masks, most) > most)
      return invalid(400, `the message holds more than ${maxElements} elements`);
    return readMessage(body.toString());
  }
  /** Nothing that clients report is of use here. */
  #notified(): void {
    const error = notificationError(this);
    if (error !== undefined) this.refuseWith(error);
    else this.#end(202, [], "");
  }
  #answer(message: RpcMessage, id: RpcId): void {
    const { server, shed } = this.rpc;
    this.handOn(false, (incoming) =>
      server.answer({
        message,
        incoming,
        metadata: this,
        authority: this.authority,
        shed: (method) => shed?.(method, this.session),
        done: (result) => this.#end(200, JSON_TYPE, resultText(id, result)),
        failed: (error) => this.#failed(id, error),
        progress: (token) => this.#progress(token),
      }),
    );
  }

  // ---- the answer ----

  /** Begins a stream of events, and returns what sends the items of a tool's stream. */
  #progress(token: string | number): ((json: string) => void) | undefined {
    if (!accepts(this.get("accept"), "text/event-stream")) return undefined;
    this.#out.respond(200, this.#headers(EVENTS), false);
    const events = new EventsOut(token, this.#out);
    this.#events = events;
    return (json) => events.item(json);
  }
  protected fail(error: ConnectError | Failure): void {
    const found = this.#error ?? (error instanceof Failure ? this.rpc.server.errorOf(error) : ofServer(error));
    this.#send(found.status, [...JSON_TYPE, ...found.headers], errorText(this.#message?.id, found));
  }
  #failed(id: RpcId, error: RpcError): void {
    this.#end(error.status, [...JSON_TYPE, ...error.headers], errorText(id, error));
  }
  #end(status: number, headers: readonly string[], text: string): void {
    if (this.over) return;
    this.settle();
    this.#send(status, headers, text);
  }
  #send(status: number, headers: readonly string[], text: string): void {
    const bytes = Buffer.from(this.#events?.end(text) ?? text);
    this.rpc.pending.add(this, bytes.length);
    if (this.closed) return;
    if (this.#events === undefined)
      this.#out.respond(status, [...this.#headers(headers), "content-length", String(bytes.length)], false);
    this.#out.end(this.head.headers[":method"] === "HEAD" ? undefined : bytes, undefined, this.unread);
  }
  #headers(headers: readonly string[]): string[] {
    const { extra, requestId } = this.head;
    return [...extra, ...headers, ...NO_STORE, ...(requestId === undefined ? [] : [REQUEST_ID, requestId])];
  }
  override close(): void {
    this.#events?.close();
    super.close();
  }
  protected cutOff(): void {
    this.#out.cutOff();
  }
  protected drop(): void {
    this.#out.drop();
  }
}

/** Reports whether a client accepts this type. */
export const accepts = (accept: string | undefined | null, type: "application/json" | "text/event-stream"): boolean =>
  acceptedWeight(accept ?? "*/*", type) > 0;
const JSON_TYPE = ["content-type", "application/json"];
const EVENTS = ["content-type", "text/event-stream", ...UNBUFFERED];

/** Returns the error of a request that is no call of HTTP's. */
export const invalid = (status: number, message: string, headers: readonly string[] = []): RpcError =>
  new RpcError(RpcCode.INVALID_REQUEST, message, { status, headers });
export const tooLarge = (maxBytes: number): RpcError => invalid(413, `the message has more than ${maxBytes} bytes`);
/** Place of a client's error, which has no code of an rpc. */
const REFUSED = stackless("refused", Code.InvalidArgument);
/** Returns the error of a request that the server itself aborts. */
const ofServer = ({ code, rawMessage }: ConnectError): RpcError =>
  new RpcError(code, rawMessage, { status: statusOf(code) });
