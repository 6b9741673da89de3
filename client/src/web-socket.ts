import { type DescMessage, type JsonValue, type Registry, toJson } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { jsonFrom, messageFrom } from "./decode.ts";
import { errorFrom } from "./error-json.ts";
import { type FollowTransport, Lost, type Opening, type TransportEvent } from "./transport.ts";

/** Address of the servers. */
export interface WebSocketOptions {
  /** `https://host` or `wss://host`, with a path in front of `/bff.v1/follow` if there is one. */
  readonly baseUrl: string;
  /** Types of messages in a google.protobuf.Any. */
  readonly registry?: Registry | undefined;
  /** Default: the global one. */
  readonly WebSocket?: typeof globalThis.WebSocket | undefined;
}

/**
 * Returns the protocol of one shared WebSocket, which opens for the first caller and closes after the last. The only
 * header sent is `authorization`, because browsers cannot send others; a session's cookie is part of the upgrade.
 * Following with another header throws a ConnectError (InvalidArgument).
 *
 * @example
 * const over = webSocket({ baseUrl: "https://bff.example.com" });
 */
export function webSocket(options: WebSocketOptions): FollowTransport {
  const shared = new Shared(options);
  return { open: (opening) => overSocket(shared, opening, options.registry) };
}

/** Number of items between two acknowledgements. The server pauses at 128 unacknowledged items. */
const ACK_EVERY = 64;

async function* overSocket<I extends DescMessage, O extends DescMessage>(
  shared: Shared,
  { method, request, token, headers, signal }: Opening<I, O>,
  registry: Registry | undefined,
): AsyncGenerator<TransportEvent<O>> {
  const others = [...headers.keys()].filter((name) => name !== "authorization");
  if (others.length > 0)
    throw new ConnectError(`a WebSocket sends only authorization, and not ${others.join(", ")}`, Code.InvalidArgument);
  const json = { ...(registry !== undefined && { registry }) };
  const socket = await shared.take(signal);
  const inbox = new Inbox();
  const id = socket.add(inbox);
  const aborted = (): void => inbox.lose(signal.reason);
  signal.addEventListener("abort", aborted, { once: true });
  const authorization = headers.get("authorization");
  let over = false;
  let taken = 0;
  try {
    socket.send({
      id,
      follow: `${method.parent.typeName}/${method.name}`,
      request: toJson(method.input, request, json),
      ...(token !== undefined && { resume: token }),
      ...(authorization !== null && { authorization }),
    });
    for (;;) {
      const message = await inbox.next();
      if (message.error !== undefined || message.end === true) over = true;
      if (message.error !== undefined) throw withToken(errorFrom(message.error), message.token);
      if (message.end === true) {
        yield { kind: "ended" };
        return;
      }
      if (message.opened === true) yield { kind: "opened", beatMs: socket.beatMs };
      else if (message.item === undefined) yield { kind: "beat", token: message.token };
      else {
        yield { kind: "item", message: messageFrom(method.output, message.item, registry), token: message.token };
        if (++taken % ACK_EVERY === 0) socket.send({ id, ack: taken });
      }
    }
  } finally {
    signal.removeEventListener("abort", aborted);
    if (!over) socket.send({ id, cancel: true });
    socket.remove(id);
    shared.release();
  }
}

function withToken(error: ConnectError, token: string | undefined): ConnectError {
  if (token !== undefined) error.metadata.set("bff-resume", token);
  return error;
}

/** A server's message about one follow, or about the socket. */
interface SocketMessage {
  readonly id?: number;
  readonly beat?: number;
  readonly opened?: boolean;
  readonly item?: JsonValue;
  readonly token?: string;
  readonly end?: boolean;
  readonly error?: unknown;
}

/** Messages of one follow that its caller has not taken yet. The server pauses at 128 items. */
class Inbox {
  readonly #waiting: SocketMessage[] = [];
  #lost: { readonly reason: unknown } | undefined;
  #wake: (() => void) | undefined;

  put(message: SocketMessage): void {
    this.#waiting.push(message);
    this.#wake?.();
  }
  /** A sign of life of the socket: one is enough. */
  beat(): void {
    if (this.#waiting.length === 0) this.put({});
  }
  lose(reason: unknown): void {
    this.#lost ??= { reason };
    this.#wake?.();
  }
  /**
   * Returns the next message.
   *
   * @throws the reason of the loss, after all earlier messages were returned
   */
  async next(): Promise<SocketMessage> {
    for (;;) {
      const message = this.#waiting.shift();
      if (message !== undefined) return message;
      if (this.#lost !== undefined) throw this.#lost.reason;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }
}

/** Beats may be late by half, and one may be lost. */
const SILENT_BEATS = 2.5;
/** Time limit for the first message of a server, in milliseconds. It names the interval of its beats. */
const FIRST_MESSAGE_MS = 30_000;

/**
 * One connection. A socket that is silent for longer than its beats allow is lost for all its follows at once.
 * Otherwise the first follow to give up would return to the same socket, because the others still hold it.
 */
class Socket {
  readonly #socket: WebSocket;
  readonly #inboxes = new Map<number, Inbox>();
  readonly opened: Promise<void>;
  #refuse: (why: unknown) => void = () => {};
  #next = 1;
  #lost: Lost | ConnectError | undefined;
  #beatMs: number | undefined;
  /** Longest silence of a living socket, in milliseconds; undefined: the server sends no beats. */
  #silentMs: number | undefined = FIRST_MESSAGE_MS;
  #lastMessageAt = performance.now();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    this.opened = new Promise((resolve, reject) => {
      this.#refuse = reject;
      socket.addEventListener("open", () => resolve());
    });
    this.opened.catch(() => {});
    socket.addEventListener("close", ({ code, reason }) =>
      this.#lose(new Lost(`the socket was closed (${code}${reason === "" ? "" : `, ${reason}`})`)),
    );
    socket.addEventListener("error", () => {}); // `close` follows
    socket.addEventListener("message", ({ data }) => this.#onMessage(String(data)));
    this.#watch(FIRST_MESSAGE_MS);
  }
  get isLost(): boolean {
    return this.#lost !== undefined;
  }
  get beatMs(): number | undefined {
    return this.#beatMs;
  }
  add(inbox: Inbox): number {
    const id = this.#next++;
    this.#inboxes.set(id, inbox);
    if (this.#lost !== undefined) inbox.lose(this.#lost);
    return id;
  }
  remove(id: number): void {
    this.#inboxes.delete(id);
  }
  send(message: object): void {
    if (this.#lost === undefined) this.#socket.send(JSON.stringify(message));
  }
  close(): void {
    this.#lose(new Lost("the socket was closed by this client"));
  }

  #onMessage(text: string): void {
    if (this.#lost !== undefined) return;
    this.#lastMessageAt = performance.now();
    try {
      this.#receive(messageIn(text));
    } catch (thrown) {
      this.#lose(ConnectError.from(thrown, Code.Internal));
    }
  }
  #receive(message: SocketMessage): void {
    if (message.id !== undefined) this.#inboxes.get(message.id)?.put(message);
    if (message.beat !== undefined) {
      this.#beatMs = message.beat > 0 ? message.beat : undefined;
      this.#silentMs = this.#beatMs === undefined ? undefined : this.#beatMs * SILENT_BEATS;
      this.#watch(this.#silentMs);
    }
    // Any message shows that the socket lives.
    for (const [id, inbox] of this.#inboxes) if (id !== message.id) inbox.beat();
  }
  /** Schedules a check for silence of the socket after `ms` milliseconds. */
  #watch(ms: number | undefined): void {
    clearTimeout(this.#timer);
    if (ms !== undefined) this.#timer = setTimeout(() => this.#look(), ms);
  }
  #look(): void {
    if (this.#silentMs === undefined) return;
    const leftMs = this.#lastMessageAt + this.#silentMs - performance.now();
    if (leftMs > 0) this.#watch(leftMs);
    else this.#lose(new Lost(`nothing has come for ${this.#silentMs} ms`));
  }
  /** Ends it for all its follows, without the wait for a closing handshake that a dead socket never answers. */
  #lose(why: Lost | ConnectError): void {
    if (this.#lost !== undefined) return;
    this.#lost = why;
    clearTimeout(this.#timer);
    this.#refuse(why);
    for (const inbox of this.#inboxes.values()) inbox.lose(why);
    this.#socket.close(1000);
  }
}

/** @throws ConnectError if it is no message of a server of ours */
function messageIn(text: string): SocketMessage {
  const message = jsonFrom(text);
  if (typeof message !== "object" || message === null)
    throw new ConnectError("a message is one JSON object", Code.Internal);
  return message as SocketMessage;
}

/** The socket that all share. */
class Shared {
  readonly #options: WebSocketOptions;
  #socket: Socket | undefined;
  #users = 0;

  constructor(options: WebSocketOptions) {
    this.#options = options;
  }
  /** @throws Lost, or the signal's reason; nothing has to be released then */
  async take(signal: AbortSignal): Promise<Socket> {
    this.#users++;
    try {
      if (this.#socket === undefined || this.#socket.isLost) this.#socket = new Socket(this.#dial());
      const socket = this.#socket;
      await Promise.race([socket.opened, aborted(signal)]);
      return socket;
    } catch (thrown) {
      this.release();
      throw thrown;
    }
  }
  release(): void {
    if (--this.#users > 0) return;
    this.#socket?.close();
    this.#socket = undefined;
  }
  #dial(): WebSocket {
    const { baseUrl, WebSocket = globalThis.WebSocket } = this.#options;
    const url = `${baseUrl.replace(/^http/, "ws").replace(/\/$/, "")}/bff.v1/follow`;
    return new WebSocket(url, "bff.v1.json");
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
