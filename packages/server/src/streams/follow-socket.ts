import type { Duplex } from "node:stream";
import type { Registry } from "@bufbuild/protobuf";
import { Code, type ConnectError } from "@connectrpc/connect";
import { errorToJsonBytes } from "@connectrpc/connect/protocol-connect";
import { REQUEST_ID } from "@protobff/runtime/internal/call/request-id";
import { stackless } from "@protobff/runtime/internal/endpoint/connect-error";
import type { Incoming } from "@protobff/runtime/internal/identity/incoming-request";
import { type Transitions, transition } from "@protobff/runtime/internal/states";
import type { WebSocket } from "ws";
import { completeError } from "../headers/error-details.ts";
import type { Shedding } from "../overload/shedding.ts";
import type { Holder, PendingBytes } from "../requests/pending-bytes.ts";
import { inTurn } from "../turns/turn-queue.ts";
import { PartialMessage } from "./partial-message.ts";
import { type Carrier, SocketFollow } from "./socket-follow.ts";
import { beatMessage, type ClientMessage, errorMessage, readClientMessage } from "./socket-messages.ts";
import type { StreamRpc } from "./stream-call.ts";

/** Maximum number of concurrent follows of one socket. */
const FOLLOWS = 100;
/** Unwritten bytes above which no more items are accepted, and below which they are accepted again. */
const FULL_BYTES = 256 << 10;
const ROOM_BYTES = 64 << 10;
/**
 * Interval of the beats, in milliseconds. After this number of beats without a sign of life from the client the socket
 * is terminated.
 */
const BEAT_MS = 15_000;
const SILENT_BEATS = 3;
/** Number of beats after which a socket without follows is closed. */
const IDLE_BEATS = 4;
/**
 * Messages that a client may send at once, and messages per second after that. Acknowledgements of sent items are not
 * counted.
 */
const MESSAGES = 500;
const MESSAGES_PER_S = 200;
/** Time for a client that broke the rules to close its side, in milliseconds. */
const LEAVE_MS = 1_000;

/** Status codes of RFC 6455, 7.4.1. */
const GOING_AWAY = 1001;
const UNSUPPORTED = 1003;
const POLICY = 1008;

interface FollowSocketOptions {
  /** Returns the RPC of a `package.Service/Method`. */
  readonly rpcOf: (name: string) => StreamRpc | undefined;
  readonly registry: Registry;
  readonly pending: PendingBytes;
  /** Returns the headers of the upgrade request, with the credential of a message. */
  readonly headersOf: (authorization: string | undefined) => Incoming;
  readonly onClose: (socket: FollowSocket) => void;
  /** Refuses follows under overload. */
  readonly shedding?: Shedding | undefined;
}

/** `draining`: it closes as soon as it has no follows. */
type SocketState = "open" | "draining" | "closing";
export const SOCKET_TRANSITIONS: Transitions<SocketState> = {
  open: ["draining", "closing"],
  draining: ["closing"],
  closing: [],
};

/** A client that follows any number of rpcs over one WebSocket. */
export class FollowSocket implements Carrier, Holder {
  heldBytes = 0;
  holderSlot = 0;
  readonly holderNumber: number;
  readonly #socket: WebSocket;
  readonly #options: FollowSocketOptions;
  readonly #follows = new Map<number, SocketFollow>();
  readonly #timer: NodeJS.Timeout;
  /** Sizes of the messages that are not written yet, the oldest first. */
  readonly #sizes: number[] = [];
  #unwritten = 0;
  #full = false;
  #sentSinceBeat = true;
  #silent = 0;
  #idle = 0;
  #messages = MESSAGES; // that are left
  #refilledAt = performance.now();
  readonly #partial = new PartialMessage();
  #state: SocketState = "open";

  /** @param bytes over which it comes */
  constructor(socket: WebSocket, bytes: Duplex, options: FollowSocketOptions) {
    this.#socket = socket;
    this.#options = options;
    this.holderNumber = options.pending.nextNumber();
    this.#timer = setInterval(() => this.#beat(), BEAT_MS);
    socket.on("message", (data, isBinary) => this.#onMessage(data, isBinary));
    socket.on("pong", () => {
      this.#silent = 0;
    });
    // Pings are answered here: a client that sends pings without reading the answers would make us keep the answers.
    socket.on("ping", (data) => {
      if (this.#spend() && !this.#full) socket.pong(data);
    });
    socket.on("error", () => {}); // `close` follows
    bytes.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("close", () => this.#onClose());
    this.send(beatMessage(BEAT_MS));
  }

  get clientAddress(): string {
    return this.#options.headersOf(undefined).peer.address;
  }
  get connection(): object {
    return this;
  }
  get full(): boolean {
    return this.#full;
  }
  send(message: Buffer): void {
    const { pending } = this.#options;
    if (this.#state === "closing") return;
    this.#sentSinceBeat = true;
    this.#sizes.push(message.length);
    this.#unwritten += message.length;
    if (this.#unwritten > FULL_BYTES) this.#full = true;
    this.#socket.send(message, { binary: false }, this.#written);
    pending.add(this, message.length);
  }
  readonly #written = (): void => {
    const length = this.#sizes.shift() ?? 0;
    this.#unwritten -= length;
    this.#options.pending.remove(this, length);
    if (!this.#full || this.#unwritten > ROOM_BYTES) return;
    this.#full = false;
    for (const follow of [...this.#follows.values()]) follow.goOn();
  };
  leave(follow: SocketFollow): void {
    if (this.#follows.get(follow.id) === follow) this.#follows.delete(follow.id);
    this.#closeIfDrained();
  }
  /** Terminates the socket. Its unread and incomplete messages are dropped. */
  giveUp(): void {
    this.terminate();
  }
  terminate(): void {
    this.#enter("closing");
    this.#socket.terminate();
  }
  /** Closes the socket as soon as it has no follows, because the server shuts down. */
  drain(): void {
    this.#enter("draining");
    this.#closeIfDrained();
  }
  /** A state that it has, or has left, changes nothing. */
  #enter(state: SocketState): void {
    if (this.#state !== state && this.#state !== "closing")
      this.#state = transition(SOCKET_TRANSITIONS, this.#state, state);
  }
  #closeIfDrained(): void {
    if (this.#state === "draining" && this.#follows.size === 0) this.#close(GOING_AWAY, "the server is going");
  }
  #close(status: number, why: string): void {
    if (this.#state === "closing") return;
    this.#enter("closing");
    this.#socket.close(status, why);
    setTimeout(() => this.#socket.terminate(), LEAVE_MS).unref();
  }
  #onClose(): void {
    this.#enter("closing");
    clearInterval(this.#timer);
    for (const follow of this.#follows.values()) inTurn(() => follow.cancel());
    this.#options.pending.release(this);
    this.#options.onClose(this);
  }

  #beat(): void {
    if (++this.#silent > SILENT_BEATS) {
      this.terminate();
      return;
    }
    this.#idle = this.#follows.size === 0 ? this.#idle + 1 : 0;
    if (this.#idle >= IDLE_BEATS) {
      this.#close(GOING_AWAY, "nothing is followed");
      return;
    }
    if (!this.#full) this.#socket.ping();
    if (!this.#sentSinceBeat && !this.#full) this.send(beatMessage(BEAT_MS));
    this.#sentSinceBeat = false;
  }

  // ---- messages of the client ----

  /**
   * Counts the bytes that `ws` keeps of an incomplete message. A client may never complete it and still receive items.
   */
  #receive(chunk: Buffer): void {
    const { pending } = this.#options;
    const before = this.#partial.bytes;
    this.#partial.add(chunk);
    const more = this.#partial.bytes - before;
    if (this.#state === "closing") return;
    if (more > 0) pending.add(this, more);
    else if (more < 0) pending.remove(this, -more);
  }
  #onMessage(data: WebSocket.RawData, isBinary: boolean): void {
    if (this.#state === "closing") return;
    this.#silent = 0;
    if (isBinary) {
      this.#close(UNSUPPORTED, "messages are text");
      return;
    }
    const message = readClientMessage(String(data));
    if (typeof message === "string") this.#close(POLICY, message);
    else if (message.kind === "ack" && this.#follows.get(message.id)?.acknowledge(message.count)) return;
    else if (this.#spend()) this.#do(message);
  }
  #spend(): boolean {
    const now = performance.now();
    this.#messages = Math.min(MESSAGES, this.#messages + ((now - this.#refilledAt) * MESSAGES_PER_S) / 1000) - 1;
    this.#refilledAt = now;
    if (this.#messages >= 0) return true;
    this.#close(POLICY, "too many messages");
    return false;
  }
  #do(message: ClientMessage): void {
    if (message.kind === "cancel") this.#follows.get(message.id)?.cancel();
    else if (message.kind === "follow") this.#follow(message);
  }
  #follow(message: Extract<ClientMessage, { kind: "follow" }>): void {
    const { rpcOf, headersOf, registry, shedding } = this.#options;
    if (this.#follows.has(message.id)) {
      this.#close(POLICY, "the id is in use");
      return;
    }
    const rpc = rpcOf(message.rpc);
    if (rpc === undefined) {
      this.#refuse(
        message.id,
        stackless("no such rpc with a stream is served here", Code.Unimplemented, undefined, "UNKNOWN_PATH"),
      );
    } else if (this.#follows.size >= FOLLOWS) {
      this.#refuse(
        message.id,
        stackless(`a socket follows ${FOLLOWS} at a time`, Code.ResourceExhausted, undefined, "TOO_MANY_STREAMS"),
      );
    } else {
      const follow = new SocketFollow(this, rpc, {
        message: message,
        headers: headersOf(message.authorization),
        registry,
      });
      this.#follows.set(message.id, follow);
      follow.begin(shedding?.refusal(rpc.shed, undefined));
    }
  }
  #refuse(id: number, error: ConnectError): void {
    const { headersOf, registry } = this.#options;
    const complete = completeError(error, headersOf(undefined).get(REQUEST_ID) ?? undefined);
    this.send(errorMessage(id, errorToJsonBytes(complete, { registry }), undefined));
  }
}
