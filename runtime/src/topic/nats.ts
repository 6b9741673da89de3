import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect, credsAuthenticator, type NatsConnection, type NodeConnectionOptions } from "@nats-io/transport-node";
import pLimit from "p-limit";
import type { Clock, Timer } from "../clock.ts";
import { JetStreamLog } from "./jetstream-log.ts";
import type { Link, LinkListener, NatsLinks } from "./nats-link.ts";
import type { StoredLog, StoredSpec, TopicStore } from "./store.ts";
import { type StreamFacts, StreamNames } from "./stream-facts.ts";

/** How NATS is reached. */
export interface NatsOptions {
  /** `host:port`; one after the other is tried. */
  readonly servers: readonly string[];
  /** What a file of credentials has in it. */
  readonly creds?: Uint8Array | undefined;
  readonly user?: string | undefined;
  readonly pass?: string | undefined;
  readonly token?: string | undefined;
  /** PEM; given and empty: TLS with the authorities of Node. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string } | undefined;
}
export interface NatsParts {
  readonly clock: Clock;
  /** Is told what goes wrong without a request. */
  readonly fault: (what: string, cause: unknown) => void;
}

/** The first connection is tried again after so long, in milliseconds; and each that is lost. */
const RECONNECT_MS = 1_000;
/** A connection has to stand within so long, in milliseconds. */
const CONNECT_MS = 5_000;
/** So many tails are begun at once: after a restart all of them are. */
const AT_ONCE = 32;
/** The server's answer is waited for, in milliseconds. */
const ANSWER_MS = 2_000;

/** The one connection of a process to NATS. It is tried for as long as it takes: who needs it waits, or does without. */
export class Nats implements TopicStore, NatsLinks {
  readonly clock: Clock;
  readonly fault: NatsParts["fault"];
  readonly limit = pLimit(AT_ONCE);
  readonly #options: NodeConnectionOptions;
  readonly #streams: StreamNames;
  readonly #hears = new Set<LinkListener>();
  readonly #pending = new Set<Promise<unknown>>();
  #connection: NatsConnection | undefined;
  #link: Link | undefined;
  #again: Timer | undefined;
  #told = false;
  #closed = false;

  constructor({ servers, creds, user, pass, token, tls }: NatsOptions, { clock, fault }: NatsParts) {
    this.clock = clock;
    this.fault = fault;
    this.#options = {
      servers: [...servers],
      ...(creds && { authenticator: credsAuthenticator(creds) }),
      ...(user !== undefined && { user, pass: pass ?? "" }),
      ...(token !== undefined && { token }),
      ...(tls && { tls: { ...tls } }),
      name: "protobff",
      maxReconnectAttempts: -1,
      reconnectTimeWait: RECONNECT_MS,
      timeout: CONNECT_MS,
      noAsyncTraces: true,
    };
    this.#streams = new StreamNames(clock, fault);
    void this.#connect();
  }
  open<Item>(spec: StoredSpec<Item>): StoredLog<Item> {
    return new JetStreamLog(this, spec);
  }
  /** Undefined: it is away. */
  get link(): Link | undefined {
    return this.#link;
  }
  hear(hears: LinkListener): void {
    this.#hears.add(hears);
  }
  unhear(hears: LinkListener): void {
    this.#hears.delete(hears);
  }
  /**
   * What is to be known of a stream.
   *
   * @param fresh asked for after this moment; else it may be a second old
   * @throws Unusable where there is no such stream, or it cannot be read
   */
  facts(link: Link, stream: string, fresh: boolean): Promise<StreamFacts> {
    return this.#streams.facts(link.jsm, stream, fresh);
  }
  /** Something that has to be done before the connection is closed, and whose failure harms nobody. */
  lastly(doing: Promise<unknown>): void {
    const done = doing.then(ignore, ignore).finally(() => this.#pending.delete(done));
    this.#pending.add(done);
  }
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#again !== undefined) this.clock.clearTimeout(this.#again);
    if (this.#link !== undefined) await Promise.all(this.#pending);
    await this.#connection?.close();
  }

  async #connect(): Promise<void> {
    this.#again = undefined;
    try {
      const connection = await connect(this.#options);
      this.#connection = connection;
      if (this.#closed) {
        await connection.close();
        return;
      }
      void this.#watch(connection);
      await this.#up(connection);
    } catch (error) {
      this.#away(error);
      if (!this.#closed) this.#again = this.clock.setTimeout(again, RECONNECT_MS, () => void this.#connect());
    }
  }
  async #watch(connection: NatsConnection): Promise<void> {
    for await (const { type } of connection.status()) {
      if (type === "disconnect") this.#down();
      else if (type === "reconnect") await this.#up(connection);
    }
    const error = await connection.closed();
    this.#down();
    if (!this.#closed) {
      this.#away(error);
      this.#again = this.clock.setTimeout(again, RECONNECT_MS, () => void this.#connect());
    }
  }
  async #up(connection: NatsConnection): Promise<void> {
    if (this.#told) this.fault("NATS is there again", undefined);
    this.#told = false;
    const options = { timeout: ANSWER_MS, checkAPI: false };
    const link = { js: jetstream(connection, options), jsm: await jetstreamManager(connection, options) };
    this.#link = link;
    for (const hears of [...this.#hears]) hears.up(link);
  }
  #down(): void {
    if (this.#link === undefined) return;
    this.#link = undefined;
    this.#streams.forget();
    if (!this.#closed) this.#away(undefined);
    for (const hears of [...this.#hears]) hears.down();
  }
  /** Once each time. */
  #away(cause: unknown): void {
    if (this.#told || this.#closed) return;
    this.#told = true;
    this.fault("NATS cannot be reached; it is tried again and again", cause);
  }
}
const ignore = (): void => {};
const again = (run: () => void): void => run();
