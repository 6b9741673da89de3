// By hand on node:http2 on both sides, the floor: no library but protobuf-es, and only what the scenarios need of gRPC and of Connect's JSON;
// deadlines, cancellation, forwarded headers.
import * as http2 from "node:http2";
import {
  create,
  type DescMethodUnary,
  type DescService,
  fromBinary,
  fromJsonString,
  type Message,
  type MessageInitShape,
  toBinary,
  toJsonString,
} from "@bufbuild/protobuf";
import { CALL_SHARE, type Caller, FORWARDED } from "../composition.ts";
import { addressOf, chosenComposition, host, port, ready } from "../settings.ts";
import { Fault, framed, RawClient, type Running } from "./client.ts";

const { method, timeoutMs, compose } = chosenComposition();
const PATH = `/${method.parent.typeName}/${method.name}`;
const GRPC_REPLY = { ":status": 200, "content-type": "application/grpc+proto" };
const JSON_REPLY = { ":status": 200, "content-type": "application/json" };
const TRAILERS = { "grpc-status": "0" };
const PREFIX_BYTES = 5;

const clients = new Map<DescService, RawClient>();
function clientOf(service: DescService): RawClient {
  let client = clients.get(service);
  if (client === undefined) {
    client = new RawClient(addressOf(service));
    clients.set(service, client);
  }
  return client;
}

/** One request that is being answered. */
class Exchange implements Caller {
  readonly #stream: http2.ServerHttp2Stream;
  readonly #headers: http2.IncomingHttpHeaders;
  readonly #json: boolean;
  readonly #forwarded: string[] = [];
  readonly #running = new Set<Running>();
  readonly #end: number;
  readonly #timer: NodeJS.Timeout;
  #body: Buffer | undefined;
  #over = false;

  constructor(stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) {
    this.#stream = stream;
    this.#headers = headers;
    this.#json = headers["content-type"] === "application/json";
    for (const name of FORWARDED) {
      const value = headers[name];
      if (typeof value === "string") this.#forwarded.push(name, value);
    }
    const budgetMs = Math.min(timeoutMs, clientMs(headers) ?? timeoutMs);
    this.#end = performance.now() + budgetMs * CALL_SHARE;
    this.#timer = setTimeout(() => this.#fail(new Fault(4, "late")), budgetMs);
    stream.on("error", () => {});
    stream.on("data", (chunk: Buffer) => {
      this.#body = this.#body === undefined ? chunk : Buffer.concat([this.#body, chunk]);
    });
    stream.once("end", () => this.#answer());
    stream.once("close", () => this.#stop());
  }

  header(name: string): string {
    const value = this.#headers[name];
    return typeof value === "string" ? value : "";
  }

  call<M extends DescMethodUnary>(rpc: M, request: MessageInitShape<M["input"]>, callMs: number) {
    const leftMs = Math.min(callMs, this.#end - performance.now());
    return clientOf(rpc.parent).call(rpc, request, leftMs, this.#forwarded, this.#running);
  }

  async #answer(): Promise<void> {
    try {
      const message = create(method.output, await compose(this, this.#request()));
      if (this.#over) return;
      this.#over = true;
      clearTimeout(this.#timer);
      if (this.#json) {
        this.#stream.respond(JSON_REPLY);
        this.#stream.end(toJsonString(method.output, message));
      } else {
        this.#stream.on("wantTrailers", sendTrailers);
        this.#stream.respond(GRPC_REPLY, { waitForTrailers: true });
        this.#stream.end(framed(toBinary(method.output, message)));
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  #request(): Message {
    const body = this.#body ?? Buffer.alloc(0);
    if (this.#json) return fromJsonString(method.input, body.toString());
    if (body[0] !== 0 || body.readUInt32BE(1) !== body.length - PREFIX_BYTES) throw new Fault(13, "not one message");
    return fromBinary(method.input, body.subarray(PREFIX_BYTES));
  }

  #fail(error: unknown): void {
    if (this.#over) return;
    this.#stop();
    if (this.#stream.destroyed) return;
    const code = error instanceof Fault ? error.code : 13;
    if (this.#json) {
      this.#stream.respond({ ":status": 500, "content-type": "application/json" });
      this.#stream.end(JSON.stringify({ code: "internal" }));
    } else {
      this.#stream.respond({ ...GRPC_REPLY, "grpc-status": String(code) }, { endStream: true });
    }
  }

  /** Answered or failed, or the client has gone: nothing of it runs on. */
  #stop(): void {
    this.#over = true;
    clearTimeout(this.#timer);
    for (const call of this.#running) call.cancel();
  }
}

function sendTrailers(this: http2.ServerHttp2Stream): void {
  this.sendTrailers(TRAILERS);
}

const UNIT_MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 };
/** The client's deadline by `grpc-timeout` or `connect-timeout-ms`. */
function clientMs(headers: http2.IncomingHttpHeaders): number | undefined {
  const grpc = headers["grpc-timeout"];
  if (typeof grpc === "string") return Number(grpc.slice(0, -1)) * (UNIT_MS[grpc.slice(-1)] ?? Number.NaN);
  const connect = headers["connect-timeout-ms"];
  return typeof connect === "string" ? Number(connect) : undefined;
}

const server = http2.createServer({ settings: { maxConcurrentStreams: 1000 } });
server.on("stream", (stream, headers) => {
  if (headers[":path"] === PATH) new Exchange(stream, headers);
  else stream.respond({ ":status": 404 }, { endStream: true });
});
server.listen(port, host, () => {
  const address = server.address();
  if (address !== null && typeof address === "object") ready(address.port);
});
