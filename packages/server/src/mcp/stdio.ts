// MCP over standard input and output (2026-07-28, Transports): one message per line, for an agent on this machine.
import { Denied, type Verdict } from "@protobff/runtime/internal/admission/admission";
import { type Clock, systemClock } from "@protobff/runtime/internal/clock";
import type { Answering } from "@protobff/runtime/internal/endpoint/endpoint-options";
import type { AuthenticatedRequest } from "@protobff/runtime/internal/identity/authenticated-request";
import { type Incoming, incomingOf, type Peer } from "@protobff/runtime/internal/identity/incoming-request";
import { ClientRequests } from "./client-requests.ts";
import { showsForms } from "./era.ts";
import {
  errorText,
  isObject,
  RpcCode,
  RpcError,
  type RpcId,
  type RpcMessage,
  readMessage,
  resultText,
} from "./json-rpc.ts";
import type { OpenMcp } from "./open-mcp.ts";
import { Progress } from "./progress.ts";
import { ToolIncoming } from "./tool-incoming.ts";

/** Maximum number of requests in progress. */
const MAX_RUNNING = 100;
const NEWLINE = 0x0a;

export interface StdioOptions {
  readonly mcp: OpenMcp;
  readonly input: AsyncIterable<Uint8Array>;
  readonly write: (text: string) => void;
  /** Credentials of every request, as headers. */
  readonly headers: ReadonlyMap<string, string>;
  /** Maximum size of a message, in bytes. */
  readonly maxBytes: number;
  /** Time for requests in progress after the end of the input, in milliseconds. */
  readonly graceMs: number;
  readonly clock?: Clock;
}

/**
 * Serves until the input ends. Requests in progress are then answered for up to `graceMs`. After that, streams end with
 * their newest items, and all other requests are cancelled.
 */
export async function serveStdio(options: StdioOptions): Promise<void> {
  const session = new Session(options);
  for await (const line of linesOf(options.input, options.maxBytes)) session.receive(line);
  await session.end();
}

/** The client is a process of this machine. */
const THIS_MACHINE: Peer = { address: "127.0.0.1", direct: "127.0.0.1", names: [] };

class Session {
  readonly #options: StdioOptions;
  readonly #received: Incoming;
  readonly #running = new Map<RpcId, Running>();
  readonly #forms: ClientRequests;
  /** True after an `initialize` of a client that shows forms. */
  #showsForms = false;
  /** Called when no request is in progress. */
  #idle = (): void => {};

  constructor(options: StdioOptions) {
    this.#options = options;
    this.#forms = new ClientRequests((text) => this.#write(text), options.clock);
    const { get, all } = incomingOf({ get: (name) => options.headers.get(name) ?? null });
    this.#received = { get, all, peer: THIS_MACHINE };
  }
  receive(line: string | undefined): void {
    const message =
      line === undefined ? new RpcError(RpcCode.INVALID_REQUEST, "the message is too large") : readMessage(line);
    if (message instanceof RpcError) {
      if (line === undefined || !this.#forms.receive(line)) this.#write(errorText(undefined, message));
    } else if (message.id !== undefined) this.#begin(message.id, message);
    else if (message.method === "notifications/cancelled") this.#cancel(message.params.requestId);
  }
  async end(): Promise<void> {
    this.#forms.close(); // nobody can answer any more
    if (this.#running.size === 0) return;
    const { mcp, graceMs, clock = systemClock } = this.#options;
    const idle = Promise.withResolvers<void>();
    this.#idle = idle.resolve;
    const expired = (): void => {
      mcp.drain();
      for (const id of [...this.#running.keys()]) this.#cancel(id);
    };
    const timer = clock.setTimeout(expired, graceMs, undefined);
    await idle.promise;
    clock.clearTimeout(timer);
  }

  #begin(id: RpcId, message: RpcMessage): void {
    if (this.#running.has(id) || this.#running.size >= MAX_RUNNING) {
      const problem = this.#running.has(id) ? "the id is in use" : "too many requests are in progress";
      this.#write(errorText(id, new RpcError(RpcCode.INVALID_REQUEST, problem)));
      return;
    }
    if (message.method === "initialize")
      this.#showsForms = isObject(message.params.capabilities) && showsForms(message.params.capabilities);
    const running: Running = { answering: undefined, progress: undefined };
    this.#running.set(id, running);
    const { server, metadata } = this.#options.mcp;
    const incoming = new ToolIncoming(this.#received, message, metadata?.resource);
    const admitted = (verdict: Verdict): void => {
      if (verdict instanceof Denied) this.#end(id, running, errorText(id, server.errorOf(verdict.failure)));
      else this.#answer({ id, message, incoming: verdict }, running);
    };
    const claim = { method: message.method, name: message.params.name, authority: undefined };
    const verdict = server.admit(incoming, claim);
    if (verdict instanceof Promise) verdict.then(admitted);
    else admitted(verdict);
  }
  #answer({ id, message, incoming }: Arrived, running: Running): void {
    if (this.#running.get(id) !== running) return;
    running.answering = this.#options.mcp.server.answer({
      message,
      incoming,
      metadata: undefined,
      elicit: this.#showsForms ? this.#forms.elicit : undefined,
      done: (result) => this.#end(id, running, resultText(id, result)),
      failed: (error) => this.#end(id, running, errorText(id, error)),
      progress: (token) => {
        const progress = new Progress(token, (notification) => this.#write(notification));
        running.progress = progress;
        return (json) => progress.item(json);
      },
    });
  }
  /** A request that was cancelled has no answer. */
  #end(id: RpcId, running: Running, text: string): void {
    running.progress?.close();
    if (this.#running.get(id) !== running) return;
    this.#write(text);
    this.#remove(id);
  }
  #cancel(id: unknown): void {
    if (typeof id !== "string" && typeof id !== "number") return;
    const running = this.#running.get(id);
    this.#remove(id);
    running?.progress?.close();
    running?.answering?.cancel();
  }
  #remove(id: RpcId): void {
    this.#running.delete(id);
    if (this.#running.size === 0) this.#idle();
  }
  #write(text: string): void {
    this.#options.write(`${text}\n`);
  }
}
interface Arrived {
  readonly id: RpcId;
  readonly message: RpcMessage;
  readonly incoming: AuthenticatedRequest;
}
interface Running {
  answering: Answering | undefined;
  progress: Progress | undefined;
}

/** Yields lines; undefined for one of more bytes than fit, of which nothing is kept. */
async function* linesOf(input: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<string | undefined> {
  let parts: Uint8Array[] = [];
  let length = 0;
  const take = (): string | undefined => {
    const line = length > maxBytes ? undefined : Buffer.concat(parts).toString();
    parts = [];
    length = 0;
    return line;
  };
  const add = (part: Uint8Array): void => {
    length += part.length;
    if (length > maxBytes) parts = [];
    else parts.push(part);
  };
  for await (const chunk of input) {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      add(chunk.subarray(from, at));
      from = at + 1;
      const line = take();
      if (line === undefined || line.trim() !== "") yield line;
    }
    add(chunk.subarray(from));
  }
  if (length > 0) yield take(); // the last line of a pipe may lack its end
}
