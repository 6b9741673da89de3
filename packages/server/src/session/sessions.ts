import { createHash, randomBytes } from "node:crypto";
import type { Clock } from "@protobff/runtime/internal/clock";
import type { ServerFault } from "@protobff/runtime/internal/environment/server-fault";
import { Failure } from "@protobff/runtime/internal/failure";
import type { Caller } from "@protobff/runtime/internal/identity/caller";
import { CredentialCache } from "@protobff/runtime/internal/identity/credential-cache";
import type { Sealer } from "@protobff/runtime/internal/sealing/sealer";
import type { Provider, Tokens } from "./provider.ts";
import type { SessionStore } from "./session-store.ts";

/** Sealed record of a session. Times are Unix seconds. */
interface SessionRecord extends Tokens {
  readonly created: number;
  /** Latest end of the session. */
  readonly until: number;
}

/** A record, and what is made of it. */
interface Opened {
  readonly sealed: Buffer;
  readonly session: Session;
  readonly record: SessionRecord;
}

/** A session that is alive. */
export interface Session {
  readonly key: string;
  readonly tokens: Tokens;
  readonly created: number;
  readonly caller: Caller;
}

interface SessionsOptions {
  readonly store: SessionStore;
  readonly sealer: Sealer;
  readonly provider: Provider;
  readonly clock: Clock;
  readonly issuer: string;
  /** Time without a request after which a session ends, in milliseconds. */
  readonly idleMs: number;
  /** Maximum lifetime of a session, in milliseconds. */
  readonly absoluteMs: number;
  /**
   * Returns the caller of a session.
   *
   * @param id names the session in logs, and reveals nothing about its cookie
   * @throws Failure UNAUTHENTICATED if the claims form no principal
   */
  readonly callerOf: (tokens: Tokens, id: string, until: number) => Caller;
  readonly fault: ServerFault;
}

/** Length of a session's id, in bytes. RFC 6265bis leaves it open; OWASP recommends at least 64 bits of entropy. */
const ID_BYTES = 32;
const ID = /^[A-Za-z0-9_-]{43}$/;
/** Maximum size of a record, in bytes. It bounds the data that a provider can put into a store. */
const MAX_BYTES = 32 * 1024;
/** Maximum number of cached sessions: an unchanged session makes its caller only once. */
const MAX_REMEMBERED = 10_000;
/** Time before its expiry at which an access token is renewed, in seconds. */
const EARLY_S = 30;
/** Time limit for the renewal of a token, and interval at which other processes check for its end, in milliseconds. */
const RENEWAL_MS = 10_000;
const LOOK_MS = 50;

/** The sessions of one source: found by the id in a cookie, renewed in single flight across processes. */
export class Sessions {
  readonly #options: SessionsOptions;
  readonly #remembered = new CredentialCache<Opened>(MAX_REMEMBERED, ({ sealed }) => 4 * sealed.length + 2048);
  readonly #renewals = new Map<string, Promise<Session | undefined>>();

  constructor(options: SessionsOptions) {
    this.#options = options;
  }
  /**
   * Begins a session. Each has a new id, so that an id that an attacker has planted is worthless.
   *
   * @returns the id for the cookie
   */
  async begin(tokens: Tokens): Promise<{ readonly id: string; readonly session: Session }> {
    const { store, idleMs, absoluteMs } = this.#options;
    const id = randomBytes(ID_BYTES).toString("base64url");
    const key = keyOf(id);
    const created = this.#seconds();
    const record: SessionRecord = { ...tokens, created, until: created + Math.floor(absoluteMs / 1_000) };
    const sealed = this.#sealed(key, record);
    const session = this.#session(key, record);
    const names = this.#groups(tokens);
    await store.add(key, sealed, Math.min(idleMs, absoluteMs), { names, lifeMs: absoluteMs });
    return { id, session };
  }
  /**
   * The session of a cookie, which counts as used.
   *
   * @returns undefined for one that is unknown or has ended; rejects where the store is away
   */
  async find(id: string): Promise<Session | undefined> {
    if (!ID.test(id)) return undefined;
    const key = keyOf(id);
    const sealed = await this.#options.store.touch(key, this.#options.idleMs);
    if (sealed === undefined) {
      this.#remembered.delete(key); // with its tokens
      return undefined;
    }
    const found = this.#open(key, sealed);
    if (found === undefined) return undefined;
    if (found.record.until <= this.#seconds()) {
      await this.#options.store.delete(key);
      return undefined;
    }
    return this.#isDue(found.record) ? this.#renewed(key, found.session, found.record) : found.session;
  }
  /** Returns the session of a cookie, which does not count as used. Rejects if the store is away. */
  async look(id: string): Promise<Session | undefined> {
    if (!ID.test(id)) return undefined;
    const found = await this.#current(keyOf(id));
    return found === undefined || found.record.until <= this.#seconds() ? undefined : found.session;
  }
  /** Ends one; gives what it was. Rejects where the store is away. */
  async end(id: string): Promise<Session | undefined> {
    if (!ID.test(id)) return undefined;
    const key = keyOf(id);
    const session = await this.#readable(key);
    await this.#options.store.delete(key);
    this.#remembered.delete(key);
    return session;
  }
  /**
   * Returns the session; undefined if its claims no longer form a principal, as after a deployment that requires
   * another claim.
   */
  async #readable(key: string): Promise<Session | undefined> {
    try {
      return (await this.#current(key))?.session;
    } catch (error) {
      if (error instanceof Failure) return undefined;
      throw error;
    }
  }
  /** Ends all of a session at the provider, or all of a subject; gives how many. */
  endAll(of: { readonly sid: string } | { readonly sub: string }): Promise<number> {
    return this.#options.store.deleteGroup("sid" in of ? this.#group("sid", of.sid) : this.#group("sub", of.sub));
  }

  // ---- renewing ----

  #isDue({ accessUntil, refresh }: Tokens): boolean {
    return refresh !== undefined && accessUntil !== undefined && accessUntil - EARLY_S <= this.#seconds();
  }
  /** Renews in single flight within this process. A request with a valid token does not wait. */
  #renewed(key: string, session: Session, record: SessionRecord): Promise<Session | undefined> | Session {
    const running = this.#renewals.get(key) ?? this.#renewal(key, session, record);
    const good = record.accessUntil !== undefined && record.accessUntil > this.#seconds();
    return good ? session : running;
  }
  #renewal(key: string, session: Session, record: SessionRecord): Promise<Session | undefined> {
    const renewal = this.#renew(key, session, record)
      // The store or the provider is unreachable: known callers keep their present tokens.
      .catch((error: unknown) => {
        this.#options.fault("a session's tokens cannot be renewed", error);
        return session;
      })
      .finally(() => this.#renewals.delete(key));
    this.#renewals.set(key, renewal);
    return renewal;
  }
  /**
   * Renews in single flight across processes, by a lock: at many providers a refresh token that is used twice logs the
   * user out.
   */
  async #renew(key: string, session: Session, record: SessionRecord): Promise<Session | undefined> {
    const { store, provider, clock, idleMs } = this.#options;
    const unlock = await store.lock(key, RENEWAL_MS);
    if (unlock === undefined) return this.#othersRenewal(key, session);
    try {
      const current = await this.#current(key);
      if (current === undefined) return undefined;
      if (!this.#isDue(current.record)) return current.session; // somebody else was faster
      let tokens: Tokens;
      try {
        tokens = await provider.refresh(current.record);
      } catch (fault) {
        if (fault !== "ended") throw fault;
        await store.delete(key);
        return undefined;
      }
      const renewed: SessionRecord = { ...tokens, created: record.created, until: record.until };
      const leftMs = record.until * 1_000 - clock.date().getTime();
      const kept = await store.replace(key, this.#sealed(key, renewed), Math.max(1, Math.min(idleMs, leftMs)));
      return kept ? this.#session(key, renewed) : undefined;
    } finally {
      await unlock();
    }
  }
  async #othersRenewal(key: string, session: Session): Promise<Session | undefined> {
    const { clock } = this.#options;
    const until = clock.now() + RENEWAL_MS;
    while (clock.now() < until) {
      await new Promise<void>((resolve) => clock.setTimeout(() => resolve(), LOOK_MS, undefined));
      const current = await this.#current(key);
      if (current === undefined || !this.#isDue(current.record)) return current?.session;
    }
    return session;
  }
  async #current(key: string) {
    const sealed = await this.#options.store.get(key);
    return sealed && this.#open(key, sealed);
  }

  // ---- records ----

  #open(key: string, sealed: Buffer): { readonly session: Session; readonly record: SessionRecord } | undefined {
    const remembered = this.#remembered.get(key);
    if (remembered?.sealed.equals(sealed)) return remembered;
    const text = this.#options.sealer.open(sealed, purposeOf(key));
    if (text === undefined) return undefined; // of another deployment
    const record = JSON.parse(text) as SessionRecord;
    const session = this.#session(key, record);
    const found = { sealed, session, record };
    this.#remembered.set(key, found);
    return found;
  }
  #sealed(key: string, record: SessionRecord): Buffer {
    const sealed = this.#options.sealer.seal(JSON.stringify(record), purposeOf(key));
    if (sealed.length > MAX_BYTES) throw new Error(`a session of more than ${MAX_BYTES} bytes`);
    return sealed;
  }
  #session(key: string, record: SessionRecord): Session {
    const caller = this.#options.callerOf(record, key.slice(0, 12), record.until);
    return { key, tokens: record, created: record.created, caller };
  }
  #groups({ claims: { sid, sub } }: Tokens): string[] {
    return [
      ...(typeof sid === "string" ? [this.#group("sid", sid)] : []),
      ...(typeof sub === "string" ? [this.#group("sub", sub)] : []),
    ];
  }
  #group(kind: string, value: string): string {
    return hashed(JSON.stringify([kind, this.#options.issuer, value]));
  }
  #seconds(): number {
    return Math.floor(this.#options.clock.date().getTime() / 1_000);
  }
}

/** Under which a session is kept: who reads the store learns no id. */
const keyOf = (id: string): string => hashed(id);
const hashed = (text: string): string => createHash("sha256").update(text).digest("base64url");
const purposeOf = (key: string): string => `session ${key}`;
