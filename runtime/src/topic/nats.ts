import type { NatsConnection, NodeConnectionOptions } from "@nats-io/transport-node";
import pLimit from "p-limit";
import type { Clock, Timer } from "../clock.ts";
import { addMany, hasLists, NoLists } from "./consumers/many-subjects.ts";
import { JetStreamLog } from "./jetstream-log.ts";
import type { Link, LinkListener, NatsLinks } from "./nats-link.ts";
import type { StoredLog, StoredSpec, TopicStore } from "./store.ts";
import { type StreamFacts, StreamNames } from "./stream-facts.ts";

// Not by a declaration: a bundle in one file would import the packages at its start, used or not.
const { jetstream, jetstreamManager } = await import("@nats-io/jetstream");
const { connect, credsAuthenticator } = await import("@nats-io/transport-node");

/** Connection options of NATS. */
export interface NatsOptions {
  /** Addresses as `host:port`, which are tried in turn. */
  readonly servers: readonly string[];
  /** Contents of a credentials file. */
  readonly creds?: Uint8Array | undefined;
  readonly user?: string | undefined;
  readonly pass?: string | undefined;
  readonly token?: string | undefined;
  /** PEM. If given and empty: TLS with the authorities of Node. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string } | undefined;
}
export interface NatsParts {
  readonly clock: Clock;
  /** Reports a fault that belongs to no request. */
  readonly fault: (message: string, cause: unknown) => void;
}

/** Delay before another attempt of the first connection, or of a lost one, in milliseconds. */
const RECONNECT_MS = 1_000;
/** Time limit to connect, in milliseconds. */
const CONNECT_MS = 5_000;
/** Maximum number of tails that begin at once. After a restart all tails begin. */
const AT_ONCE = 32;
/** Time limit for the server's answer, in milliseconds. */
const ANSWER_MS = 2_000;

/** The one connection of a process to NATS. It is attempted without limit; its users wait, or work without it. */
export class Nats implements TopicStore, NatsLinks {
  readonly clock: Clock;
  readonly fault: NatsParts["fault"];
  readonly limit = pLimit(AT_ONCE);
  readonly links: NatsLinks = this;
  readonly #options: NodeConnectionOptions;
  readonly #streams: StreamNames;
  readonly #listeners = new Set<LinkListener>();
  readonly #pending = new Set<Promise<unknown>>();
  #connection: NatsConnection | undefined;
  #link: Link | undefined;
  #again: Timer | undefined;
  #reported = false;
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
  /** Undefined while it is unavailable. */
  get link(): Link | undefined {
    return this.#link;
  }
  addListener(listener: LinkListener): void {
    this.#listeners.add(listener);
  }
  removeListener(listener: LinkListener): void {
    this.#listeners.delete(listener);
  }
  /**
   * Returns the facts of a stream.
   *
   * @param fresh true to fetch them after this moment; otherwise they may be a second old
   * @throws Unusable if the stream does not exist, or cannot be read
   */
  facts(link: Link, stream: string, fresh: boolean): Promise<StreamFacts> {
    return this.#streams.facts(link.jsm, stream, fresh);
  }
  /** Adds work that must end before the connection closes. Its failure is ignored. */
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
    for await (const status of connection.status()) {
      if (status.type === "disconnect") this.#down();
      else if (status.type === "reconnect") await this.#up(connection);
      // No answer shows that a pull or an acknowledgement was refused.
      else if (status.type === "error") this.fault("NATS refuses a request of this process", status.error);
    }
    const error = await connection.closed();
    this.#down();
    if (!this.#closed) {
      this.#away(error);
      this.#again = this.clock.setTimeout(again, RECONNECT_MS, () => void this.#connect());
    }
  }
  async #up(connection: NatsConnection): Promise<void> {
    if (this.#reported) this.fault("NATS is there again", undefined);
    this.#reported = false;
    const options = { timeout: ANSWER_MS, checkAPI: false };
    const link: Link = {
      js: jetstream(connection, options),
      jsm: await jetstreamManager(connection, options),
      lists: hasLists(connection.info?.version),
      async addMany(stream, config) {
        try {
          return await addMany(connection, stream, config, ANSWER_MS);
        } catch (error) {
          if (error instanceof NoLists) link.lists = false;
          throw error;
        }
      },
    };
    this.#link = link;
    for (const listener of [...this.#listeners]) listener.up(link);
  }
  #down(): void {
    if (this.#link === undefined) return;
    this.#link = undefined;
    this.#streams.forget();
    if (!this.#closed) this.#away(undefined);
    for (const listener of [...this.#listeners]) listener.down();
  }
  /** Reports the outage, once each time. */
  #away(cause: unknown): void {
    if (this.#reported || this.#closed) return;
    this.#reported = true;
    this.fault("NATS cannot be reached; it is tried again and again", cause);
  }
}
const ignore = (): void => {};
const again = (run: () => void): void => run();
