import { type DescMessage, fromJson, type JsonValue, type Registry, toJson } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import { errorFrom } from "./error-json.ts";
import { type FollowTransport, type Heard, Lost, type Opening } from "./transport.ts";

/** Where servers are. */
export interface WebSocketOptions {
  /** `https://host` or `wss://host`, with a path in front of `/bff.v1/follow` if there is one. */
  readonly baseUrl: string;
  /** What a google.protobuf.Any may hold. */
  readonly registry?: Registry | undefined;
  /** Default: the global one. */
  readonly WebSocket?: typeof globalThis.WebSocket | undefined;
}

/**
 * Follows over one WebSocket, which all that follow share: opened for the first of them, and closed after the last. Of headers only
 * `authorization` is sent, for browsers cannot send others; a session's cookie goes along with the upgrade.
 */
export function webSocket(options: WebSocketOptions): FollowTransport {
  const shared = new Shared(options);
  return { open: (opening) => overSocket(shared, opening, options.registry) };
}

/** Every so many items a server is told how many have been taken: it pauses at 128. */
const ACK_EVERY = 64;

async function* overSocket<I extends DescMessage, O extends DescMessage>(
  shared: Shared,
  { method, request, token, headers, signal }: Opening<I, O>,
  registry: Registry | undefined,
): AsyncGenerator<Heard<O>> {
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
      ...{ id, follow: `${method.parent.typeName}/${method.name}`, request: toJson(method.input, request, json) },
      ...(token !== undefined && { resume: token }),
      ...(authorization !== null && { authorization }),
    });
    for (;;) {
      const said = await inbox.next();
      if (said.error !== undefined || said.end === true) over = true;
      if (said.error !== undefined) throw withToken(errorFrom(said.error), said.token);
      if (said.end === true) {
        yield { kind: "ended" };
        return;
      }
      if (said.opened === true) yield { kind: "opened", beatMs: socket.beatMs };
      else if (said.item === undefined) yield { kind: "beat", token: said.token };
      else {
        yield { kind: "item", message: fromJson(method.output, said.item, json), token: said.token };
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

/** What a server says of one that follows, or of the socket. */
interface Said {
  readonly id?: number;
  readonly beat?: number;
  readonly opened?: boolean;
  readonly item?: JsonValue;
  readonly token?: string;
  readonly end?: boolean;
  readonly error?: unknown;
}

/** What has come for one that follows, and was not asked for yet: the server pauses at 128 items. */
class Inbox {
  readonly #waiting: Said[] = [];
  #lost: { readonly reason: unknown } | undefined;
  #wake: (() => void) | undefined;

  put(said: Said): void {
    this.#waiting.push(said);
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
  /** @throws what it was lost with, when all that came before has been given */
  async next(): Promise<Said> {
    for (;;) {
      const said = this.#waiting.shift();
      if (said !== undefined) return said;
      if (this.#lost !== undefined) throw this.#lost.reason;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }
}

/** One connection. */
class Socket {
  readonly #socket: WebSocket;
  readonly #inboxes = new Map<number, Inbox>();
  readonly opened: Promise<void>;
  #next = 1;
  #lost: Lost | undefined;
  beatMs: number | undefined;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    this.opened = new Promise((resolve, reject) => {
      socket.addEventListener("open", () => resolve());
      socket.addEventListener("close", ({ code, reason }) => {
        this.#lost = new Lost(`the socket was closed (${code}${reason === "" ? "" : `, ${reason}`})`);
        reject(this.#lost);
        for (const inbox of this.#inboxes.values()) inbox.lose(this.#lost);
      });
    });
    this.opened.catch(() => {});
    socket.addEventListener("error", () => {}); // `close` follows
    socket.addEventListener("message", ({ data }) => this.#heard(JSON.parse(String(data)) as Said));
  }
  get isLost(): boolean {
    return this.#lost !== undefined;
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
  send(what: object): void {
    if (this.#lost === undefined) this.#socket.send(JSON.stringify(what));
  }
  close(): void {
    this.#socket.close(1000);
  }
  #heard(said: Said): void {
    if (said.id !== undefined) this.#inboxes.get(said.id)?.put(said);
    if (said.beat !== undefined) this.beatMs = said.beat > 0 ? said.beat : undefined;
    // Whatever comes says that the socket lives.
    for (const [id, inbox] of this.#inboxes) if (id !== said.id) inbox.beat();
  }
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
