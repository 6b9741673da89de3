// The account of streams: counts every stream that a client may keep open without a limit, of any protocol and service.
import { Code, type ConnectError } from "@connectrpc/connect";
import { PUSHBACK, stackless } from "@protobff/runtime/internal/endpoint/connect-error";
import type { ServerFault } from "@protobff/runtime/internal/environment/server-fault";
import { retryInfo } from "@protobff/runtime/internal/error-info";
import { AuthenticatedRequest } from "@protobff/runtime/internal/identity/authenticated-request";
import { type IncomingHeaders, incomingOf } from "@protobff/runtime/internal/identity/incoming-request";
import type { FollowerPlaces } from "@protobff/runtime/internal/stream/follower-places";
import { FaultThrottle } from "../logs/recurrent-faults.ts";

/** A stream that ends when its server goes. */
export interface Drainable {
  /** Ends with all that a client needs to continue elsewhere. */
  drain(): void;
}

/** Open streams at a time. */
export interface StreamBounds {
  readonly process: number;
  /** Limit for one principal, or for one address if there is no principal. */
  readonly caller: number;
  readonly connection: number;
}

/** Followers of rpcs per process, by whatever protocol. */
export const DEFAULT_MAX_FOLLOWERS = 20_000;
/** Share of all places for followers that one caller may hold. */
const CALLERS_PART = 1 / 10;
export const defaultFollowersPerCaller = (maxFollowers: number): number => Math.ceil(maxFollowers * CALLERS_PART);
/** Watches of health: gRPC clients open one per connection. Proxies share connections. */
export const WATCH_BOUNDS: StreamBounds = { process: 2_000, caller: 500, connection: 16 };
/** Reflection: tools of developers open one at a time, and each weighs as much as five other streams. */
export const REFLECTION_BOUNDS: StreamBounds = { process: 200, caller: 50, connection: 8 };
/** Longest time that a stream of health or reflection stays open, in milliseconds. */
export const SERVICE_STREAM_AGE_MS = 30 * 60_000;

/**
 * A caller may open its full number of streams at once, and at least this many. So all of them can return after a
 * restart.
 */
const LEAST_BURST = 100;
/** Time in which a caller may open that many again, in milliseconds. */
const REFILL_MS = 20_000;
/** Callers without open streams are kept for their rate, up to this count. */
const KEPT_CALLERS = 10_000;
/** Interval between two groups of streams that are drained, in milliseconds. */
const ROUND_MS = 20;

interface CallerCount {
  open: number;
  /** Streams that it may still open. */
  openings: number;
  refilledAt: number;
}
interface Place {
  readonly caller: CallerCount;
  readonly connection: object;
}

interface StreamAccountOptions {
  /** The variable that sets the bound per caller. */
  readonly callerVariable?: string;
  /** Receives a line when a caller exceeds its bound, at most once a minute. */
  readonly fault?: ServerFault | undefined;
  /** Milliseconds of a monotonic clock. */
  readonly now?: () => number;
}

/** The open streams of one server, counted per process, caller and connection. */
export class StreamAccount {
  readonly #bounds: StreamBounds;
  readonly #burst: number;
  readonly #options: StreamAccountOptions;
  readonly #now: () => number;
  readonly #logged: FaultThrottle | undefined;
  readonly #places = new Map<Drainable, Place>();
  readonly #callers = new Map<string, CallerCount>();
  readonly #connections = new Map<object, number>();
  #draining = false;

  constructor(bounds: StreamBounds, options: StreamAccountOptions = {}) {
    this.#bounds = bounds;
    this.#burst = Math.max(LEAST_BURST, bounds.caller);
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#logged = options.fault && new FaultThrottle(options.fault);
  }

  get count(): number {
    return this.#places.size;
  }
  /** True if the server shuts down: a stream that begins now must be drained at once. */
  get draining(): boolean {
    return this.#draining;
  }
  /**
   * Counts a stream until `leave`.
   *
   * @param headers of its request; with the identity, if one governs the RPC
   * @param connection the socket, session or WebSocket that carries it
   * @returns the refusal, if there is no place for it
   */
  enter(stream: Drainable, headers: IncomingHeaders, connection: object): ConnectError | undefined {
    const { process, connection: perConnection } = this.#bounds;
    if (this.#places.size >= process) return refusal("too many streams are open");
    const onConnection = this.#connections.get(connection) ?? 0;
    if (onConnection >= perConnection) return refusal(`a connection may have ${perConnection} such streams`);
    const name = callerOf(headers);
    const caller = this.#callers.get(name) ?? { open: 0, openings: this.#burst, refilledAt: this.#now() };
    const refused = this.#refused(caller);
    if (refused !== undefined) return refused;
    this.#callers.set(name, caller);
    caller.open++;
    this.#connections.set(connection, onConnection + 1);
    this.#places.set(stream, { caller, connection });
    if (this.#callers.size > KEPT_CALLERS + this.#places.size) this.#forgetCallers();
    return undefined;
  }
  /** Does nothing for a stream that has no place. */
  leave(stream: Drainable): void {
    const place = this.#places.get(stream);
    if (place === undefined) return;
    const { caller, connection } = place;
    this.#places.delete(stream);
    caller.open--;
    const left = (this.#connections.get(connection) ?? 1) - 1;
    if (left === 0) this.#connections.delete(connection);
    else this.#connections.set(connection, left);
  }

  #refused(caller: CallerCount): ConnectError | undefined {
    const { caller: most } = this.#bounds;
    if (caller.open >= most) {
      const { callerVariable } = this.#options;
      const variable = callerVariable === undefined ? "" : ` (${callerVariable})`;
      this.#logged?.report(`refused a stream: one caller has ${most} open${variable}`);
      return refusal("this caller has too many streams open");
    }
    const now = this.#now();
    const perMs = this.#burst / REFILL_MS;
    caller.openings = Math.min(this.#burst, caller.openings + (now - caller.refilledAt) * perMs);
    caller.refilledAt = now;
    if (caller.openings >= 1) {
      caller.openings--;
      return undefined;
    }
    this.#logged?.report("refused a stream: one caller opens too many in a short time");
    return refusal("this caller opens streams too often", Math.ceil((1 - caller.openings) / perMs));
  }
  #forgetCallers(): void {
    for (const [name, { open }] of this.#callers) if (open === 0) this.#callers.delete(name);
  }

  /**
   * Begins to end all streams.
   *
   * @param overMs time after which the last one ends: clients that all return at once would overload the servers that stay
   */
  drain(overMs: number): void {
    this.#draining = true;
    const all = [...this.#places.keys()];
    if (all.length === 0) return;
    const startedAt = performance.now();
    let drained = 0;
    const round = (): void => {
      const share = overMs <= 0 ? 1 : (performance.now() - startedAt + ROUND_MS) / overMs;
      const until = Math.min(all.length, Math.max(drained + 1, Math.ceil(all.length * share)));
      while (drained < until) {
        const stream = all[drained++];
        if (stream !== undefined && this.#places.has(stream)) stream.drain();
      }
      if (drained < all.length) setTimeout(round, ROUND_MS);
    };
    round();
  }
}

/** The places of streams that come by one connection. */
export class AdapterPlaces implements FollowerPlaces {
  readonly #account: StreamAccount;
  readonly #connection: object;

  constructor(account: StreamAccount, connection: object) {
    this.#account = account;
    this.#connection = connection;
  }
  get draining(): boolean {
    return this.#account.draining;
  }
  enter(stream: Drainable, headers: IncomingHeaders): ConnectError | undefined {
    return this.#account.enter(stream, headers, this.#connection);
  }
  leave(stream: Drainable): void {
    this.#account.leave(stream);
  }
}

function refusal(message: string, pushbackMs?: number): ConnectError {
  if (pushbackMs === undefined) return stackless(message, Code.ResourceExhausted, undefined, "TOO_MANY_STREAMS");
  const metadata = { [PUSHBACK]: String(pushbackMs), "retry-after": String(Math.ceil(pushbackMs / 1000)) };
  const error = stackless(message, Code.ResourceExhausted, metadata, "TOO_MANY_STREAMS");
  error.details.push(retryInfo(pushbackMs));
  return error;
}

/** The principal's credential where it is known, else the network that the request comes from. */
function callerOf(headers: IncomingHeaders): string {
  const credential = headers instanceof AuthenticatedRequest ? headers.caller?.credential : undefined;
  if (headers instanceof AuthenticatedRequest && credential !== undefined) {
    const { source, issuer, subject } = credential;
    return subject === "" ? (headers.caller?.key ?? "") : JSON.stringify([source, issuer, subject]);
  }
  return networkOf(headers instanceof AuthenticatedRequest ? headers.peer.address : incomingOf(headers).peer.address);
}

/** The first 64 bits of an IPv6 address, all of which one host may have (RFC 4291, 2.5.4); an IPv4 address as it is. */
function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.split("::");
  const words = head.split(":").filter((word) => word !== "");
  const last = (tail ?? "").split(":").filter((word) => word !== "");
  while (words.length + last.length < 8) words.push("0");
  return [...words, ...last].slice(0, 4).join(":");
}
