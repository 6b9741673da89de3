import { create, type DescMessage, type Message } from "@bufbuild/protobuf";
import { type Credential, CredentialSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import type { Clock, Timer } from "../../clock.ts";
import { Failure } from "../../failure.ts";
import type { Caller } from "../caller.ts";
import { decodeClaims } from "../claims/claims.ts";
import { CredentialCache, MAX_CALLERS, weightOf } from "../credential-cache.ts";
import type { Incoming } from "../incoming-request.ts";
import { unauthenticated, unavailable } from "../refusals.ts";
import type { Place, Source } from "../source.ts";
import type { SourceParts } from "../spec.ts";
import { digestOf, isWhole, shapeOf } from "./key-format.ts";
import type { KeyStore, StoredKey } from "./key-store.ts";
import { KeyUses } from "./key-uses.ts";

export interface ApiKeySourceParts extends Pick<SourceParts, "clock" | "audit" | "fault"> {
  readonly name: string;
  /** Name of the header, lower-case. */
  readonly header: string;
  readonly prefix: string;
  readonly from: readonly string[];
  /** Longest delay before a revocation takes effect, in milliseconds. */
  readonly cacheMs: number;
  /** Message type of a key's claims. Undefined if they are not decoded. */
  readonly claims: DescMessage | undefined;
  /** @throws anything, for claims that make no principal */
  readonly accept: (credential: Credential, claims: Message | undefined) => Caller;
  readonly store: KeyStore;
}

/** Time for which an unknown key is remembered, in milliseconds, and the maximum number of such keys. */
const NONE_MS = 1_000;
const MAX_NONE = 1_000;
/** Delay between attempts to open the store, in milliseconds. Doubled after each attempt. */
const RETRY_MS = { first: 1_000, max: 30_000 };

/** A cached caller, with its expiry on the clock and in seconds on the wall clock. */
interface Known {
  readonly caller: Caller;
  readonly until: number;
  readonly expires: number;
}

/** Authenticates callers by API key. The cache holds only the digest of a key. */
export class ApiKeySource implements Source {
  readonly name: string;
  readonly place: Place;
  readonly ambient = false;
  readonly from: readonly string[];
  readonly opened: Promise<void>;
  readonly #parts: ApiKeySourceParts;
  readonly #shape: RegExp;
  readonly #known = new CredentialCache<Known>(MAX_CALLERS, ({ caller }) => weightOf(caller));
  /** Unknown keys, with the time until which each is remembered. */
  readonly #none = new CredentialCache<{ readonly until: number; readonly why: string }>(MAX_NONE);
  readonly #running = new Map<string, Promise<Caller>>();
  readonly #firstUses = new CredentialCache<true>();
  readonly #uses: KeyUses;
  readonly #open: () => void;
  #retry: Timer | undefined;
  #closed = false;

  constructor(parts: ApiKeySourceParts) {
    const { name, header, prefix, from, store, clock } = parts;
    this.name = name;
    this.place = { kind: "header", name: header, scheme: header === "authorization" ? "bearer" : undefined };
    this.from = from;
    this.#parts = parts;
    this.#shape = shapeOf(prefix);
    this.#uses = new KeyUses(store, clock, (error) =>
      parts.fault(`uses of keys of source ${name} cannot be noted`, error),
    );
    const { promise, resolve } = Promise.withResolvers<void>();
    this.opened = promise;
    this.#open = resolve;
    void this.#opening(0);
  }

  owns(credential: string): boolean {
    return this.#shape.test(credential);
  }

  verify(credential: string, { peer }: Incoming): Caller | Failure | Promise<Caller> {
    if (!this.#shape.test(credential)) return unauthenticated("the key is none");
    const { clock } = this.#parts;
    const [now, second] = [clock.now(), secondOf(clock)];
    const digest = digestOf(credential);
    const known = this.#known.get(digest);
    if (known !== undefined && now < known.until && second < known.expires) return known.caller;
    // Only keys that are not cached are checked here: the checksum keeps texts that are no keys away from the store.
    if (!isWhole(credential)) return unauthenticated("the key is none");
    const none = this.#none.get(digest);
    if (none !== undefined && now < none.until) return unauthenticated(none.why);
    return this.#running.get(digest) ?? this.#begun(digest, peer.address);
  }

  readonly verifyAgain: Source["verify"] = (credential, incoming) => this.verify(credential, incoming);

  async close(): Promise<void> {
    this.#closed = true;
    const { clock, store } = this.#parts;
    if (this.#retry !== undefined) clock.clearTimeout(this.#retry);
    await this.#uses.flush();
    await store.close();
    this.#open();
  }

  #begun(digest: string, address: string): Caller | Promise<Caller> {
    let found: ReturnType<KeyStore["find"]>;
    try {
      found = this.#parts.store.find(digest);
    } catch (error) {
      throw this.#away(error);
    }
    if (!(found instanceof Promise)) return this.#callerOf(digest, found, address);
    const running = found
      .catch((error: unknown) => Promise.reject(this.#away(error)))
      .then((key) => this.#callerOf(digest, key, address))
      .finally(() => this.#running.delete(digest));
    this.#running.set(digest, running);
    return running;
  }

  #callerOf(digest: string, key: StoredKey | undefined, address: string): Caller {
    const { clock, cacheMs } = this.#parts;
    const [now, second] = [clock.now(), secondOf(clock)];
    const why = reasonToRefuse(key, second);
    if (key === undefined || why !== undefined) {
      this.#none.set(digest, { until: now + NONE_MS, why: why ?? "" });
      throw unauthenticated(why ?? "");
    }
    const caller = this.#caller(key);
    this.#known.set(digest, { caller, until: now + cacheMs, expires: key.expires ?? Number.POSITIVE_INFINITY });
    this.#uses.note(digest, second);
    if (key.lastUsed === undefined) this.#firstUse(digest, caller.credential, address);
    return caller;
  }

  #caller(key: StoredKey): Caller {
    const { name, claims: desc, accept } = this.#parts;
    const credential = create(CredentialSchema, {
      source: name,
      issuer: name,
      subject: key.subject,
      id: key.id,
      scopes: [...key.scopes],
      expires: BigInt(key.expires ?? 0),
    });
    try {
      return accept(credential, desc === undefined ? undefined : decodeClaims(desc, key.claims));
    } catch (error) {
      throw error instanceof Failure ? error : unauthenticated("the key's claims are not of the declared types");
    }
  }

  #firstUse(digest: string, { source, id, subject }: Credential, address: string): void {
    if (this.#firstUses.get(digest)) return;
    this.#firstUses.set(digest, true);
    const { audit, clock } = this.#parts;
    audit({ event: "key-first-used", at: clock.date(), source, id, subject, address });
  }

  #away(error: unknown): Failure {
    this.#parts.fault(`keys of source ${this.name} cannot be looked up`, error);
    return unavailable("the store of keys cannot be queried", error);
  }

  async #opening(failures: number): Promise<void> {
    const { store, clock, fault } = this.#parts;
    try {
      await store.open();
      this.#open();
    } catch (error) {
      if (this.#closed) return;
      fault(`the store of the keys of source ${this.name} cannot be opened`, error);
      const wait = Math.min(RETRY_MS.first * 2 ** failures, RETRY_MS.max) * (0.8 + 0.4 * clock.random());
      this.#retry = clock.setTimeout(() => void this.#opening(failures + 1), wait, undefined);
    }
  }
}

function secondOf(clock: Clock): number {
  return Math.floor(clock.date().getTime() / 1000);
}

function reasonToRefuse(key: StoredKey | undefined, second: number): string | undefined {
  if (key === undefined) return "the key is unknown";
  if (key.revoked !== undefined) return "the key is revoked";
  if (key.expires !== undefined && second >= key.expires) return "the key has expired";
  return undefined;
}
