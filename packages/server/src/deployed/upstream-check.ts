// Compares deployed upstreams with the protos that this server was generated from, while connections to them are open.
import { AsyncLocalStorage } from "node:async_hooks";
import { setImmediate } from "node:timers/promises";
import type { DescService } from "@bufbuild/protobuf";
import type { Clock, Timer } from "@protobff/runtime/internal/clock";
import { tame } from "@protobff/runtime/internal/environment/one-line";
import type { ServerFault } from "@protobff/runtime/internal/environment/server-fault";
import type { GrpcConnection } from "@protobff/runtime/internal/transport/grpc/grpc-connection";
import { BuiltProtos, type Drift, type UpstreamUses } from "./compare-uses.ts";
import { readFiles, Unreadable } from "./reflected-files.ts";

/** Interval between two checks of an upstream, after a connection has opened and otherwise, in milliseconds. */
const AFTER_OPENING_MS = 60_000;
const EVERY_MS = 5 * 60_000;
/** Delay of the first check: the requests that opened the connection go first. */
const FIRST_MS = 1_000;
/** Maximum number of addresses in one check. The others follow in the next. */
const ADDRESSES = 16;
/** Number of refusals after which an address is left alone. */
const MAX_REFUSALS = 3;
/** Maximum number of addresses whose refusals are counted, and of lines about reasons and elements. */
const MAX_KNOWN = 1_000;
/** Number of versions of an upstream that are remembered. */
const MAX_DIGESTS = 4;
const MAX_TEXT = 200;

/** Result of the newest checks of an upstream. */
export type UpstreamState =
  | { readonly state: "unchecked" }
  | { readonly state: "same" }
  /** The reason is that of the last address. */
  | { readonly state: "unknown"; readonly reason: string }
  | { readonly state: "drift"; readonly drifts: readonly Drift[] };

interface Compared {
  readonly drifts: readonly Drift[];
}
type Result = Compared | { readonly reason: string };

interface CheckedUpstream {
  readonly service: DescService;
  /** How lines name it, like `catalog.v1.CatalogService (branch canary)`. */
  readonly name: string;
  readonly uses: UpstreamUses;
  readonly clock: Clock;
  readonly fault: ServerFault;
}

export class UpstreamCheck {
  readonly #upstream: CheckedUpstream;
  readonly #built: BuiltProtos;
  readonly #connections = new Set<GrpcConnection>();
  readonly #results = new Map<string, Result>();
  readonly #checked = new WeakSet<GrpcConnection>();
  readonly #refusals = new Map<string, number>();
  readonly #reported = new Set<string>();
  /** Results by the digest of the files. */
  readonly #known = new Map<string, Compared>();
  #timer: { readonly timer: Timer; readonly at: number } | undefined;
  /** Leaves the request that opened a connection. */
  readonly #outside = AsyncLocalStorage.snapshot();
  #last = Number.NEGATIVE_INFINITY;
  #running = false;
  #closed = false;
  /** Receives the end of each check. */
  onChecked: (() => void) | undefined;

  constructor(upstream: CheckedUpstream) {
    this.#upstream = upstream;
    this.#built = new BuiltProtos(upstream.service);
  }

  /** Takes a connection that has opened. */
  connected(connection: GrpcConnection): void {
    this.#forgetEnded();
    this.#connections.add(connection);
    this.#plan(AFTER_OPENING_MS, FIRST_MS);
  }
  get state(): UpstreamState {
    this.#forgetEnded();
    const results = [...this.#results.values()];
    const drifts = new Map(
      results.flatMap((result) =>
        "drifts" in result ? result.drifts.map((drift) => [drift.element, drift] as const) : [],
      ),
    );
    if (drifts.size > 0) return { state: "drift", drifts: [...drifts.values()] };
    const unknown = results.flatMap((result) => ("reason" in result ? [result.reason] : [])).at(-1);
    if (unknown !== undefined) return { state: "unknown", reason: unknown };
    return { state: results.length === 0 ? "unchecked" : "same" };
  }
  close(): void {
    this.#closed = true;
    if (this.#timer !== undefined) this.#upstream.clock.clearTimeout(this.#timer.timer);
  }

  /** Plans a check `ms` after the last one, but not before `leastMs` from now. */
  #plan(ms: number, leastMs = 0): void {
    if (this.#closed || this.#running) return;
    const { clock } = this.#upstream;
    const at = Math.max(clock.now() + leastMs, this.#last + ms);
    if (this.#timer !== undefined && this.#timer.at <= at) return;
    if (this.#timer !== undefined) clock.clearTimeout(this.#timer.timer);
    const timer = this.#outside(() => clock.setTimeout(() => void this.#run(), at - clock.now(), undefined));
    this.#timer = { timer, at };
  }
  async #run(): Promise<void> {
    this.#timer = undefined;
    this.#running = true;
    this.#last = this.#upstream.clock.now();
    const found = new Map<string, { readonly drift: Drift; readonly addresses: string[] }>();
    for (const connection of this.#due()) {
      const result = await this.#check(connection);
      if (this.#closed) return;
      this.#checked.add(connection);
      const before = this.#results.get(connection.address);
      this.#results.delete(connection.address); // the newest is the last
      // A result stays valid while the connection stays.
      this.#results.set(connection.address, "reason" in result ? (before ?? result) : result);
      for (const drift of "drifts" in result ? result.drifts : []) {
        const known = found.get(drift.text);
        if (known === undefined) found.set(drift.text, { drift, addresses: [connection.address] });
        else known.addresses.push(connection.address);
      }
    }
    for (const { drift, addresses } of found.values()) this.#report(drift.text, addresses);
    this.#running = false;
    this.#forgetEnded();
    if (this.state.state === "same") this.#reported.clear();
    this.onChecked?.();
    const isLeft = this.#due().some((connection) => !this.#checked.has(connection));
    if (this.#connections.size > 0) this.#plan(isLeft ? AFTER_OPENING_MS : EVERY_MS);
  }
  /** Returns one connection of each address, first those that were not checked. */
  #due(): readonly GrpcConnection[] {
    this.#forgetEnded();
    const byAddress = new Map<string, GrpcConnection>();
    for (const connection of this.#connections) byAddress.set(connection.address, connection);
    const age = ({ address }: GrpcConnection): number => [...this.#results.keys()].indexOf(address);
    const isNew = (connection: GrpcConnection): number => Number(!this.#checked.has(connection));
    const all = [...byAddress.values()].filter(({ address }) => (this.#refusals.get(address) ?? 0) < MAX_REFUSALS);
    return all.sort((a, b) => isNew(b) - isNew(a) || age(a) - age(b)).slice(0, ADDRESSES);
  }
  async #check(connection: GrpcConnection): Promise<Result> {
    const { service, uses } = this.#upstream;
    try {
      const { files, digest } = await readFiles(connection, service.typeName, (name) => this.#built.file(name));
      await setImmediate();
      const result = this.#known.get(digest) ?? { drifts: this.#built.compare(uses, files).map(shortened) };
      this.#known.set(digest, result);
      const [oldest] = this.#known.keys();
      if (this.#known.size > MAX_DIGESTS && oldest !== undefined) this.#known.delete(oldest);
      return result;
    } catch (error) {
      const reason = cut(error instanceof Error ? error.message : String(error));
      if (error instanceof Unreadable && error.refuses) this.#refused(connection.address);
      this.#report(`cannot be compared with the protos of this server: ${reason}`, [connection.address], reason);
      return { reason };
    }
  }
  #refused(address: string): void {
    if (this.#refusals.size < MAX_KNOWN) this.#refusals.set(address, (this.#refusals.get(address) ?? 0) + 1);
  }
  /** Writes a line, once per text and set of addresses; lines with a key, once per key. */
  #report(text: string, addresses: readonly string[], key = `${text} ${[...addresses].sort().join(" ")}`): void {
    if (this.#reported.has(key) || this.#reported.size >= MAX_KNOWN) return;
    this.#reported.add(key);
    const { name, fault } = this.#upstream;
    fault(`upstream ${name} at ${addresses.join(", ")}: ${text}`, undefined);
  }
  /** Forgets connections that have ended, and addresses without a connection. */
  #forgetEnded(): void {
    for (const connection of this.#connections) if (connection.ended) this.#connections.delete(connection);
    const open = new Set([...this.#connections].map(({ address }) => address));
    for (const address of this.#results.keys()) if (!open.has(address)) this.#results.delete(address);
  }
}

const cut = (text: string): string => tame(text).slice(0, MAX_TEXT);
const shortened = (drift: Drift): Drift => ({ ...drift, text: cut(drift.text) });
