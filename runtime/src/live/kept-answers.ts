import type { Purges } from "../cache/purges.ts";
import { isCurrent, namesOf, type Tagged, type TagPart, type TagParts } from "../cache/tags.ts";
import type { KeptCall, KeptCalls, KeptMethod } from "../call/kept-calls.ts";
import type { Rpc } from "../call/upstream.ts";
import type { Running } from "../scope/scope.ts";
import { opaqueBytes } from "../wire/opaque-message.ts";

/** A method of an upstream, as a live answer names it. */
export type KeptRpc = Rpc<never, unknown>;
/** Methods whose calls run again; "all" for every call. */
export type Runs = ReadonlySet<object> | "all";

const sets = new WeakMap<readonly KeptRpc[], ReadonlySet<object>>();
/** Returns the set of a list, one for all followers. */
function setOf(list: readonly KeptRpc[]): ReadonlySet<object> {
  const set = sets.get(list) ?? new Set(list);
  sets.set(list, set);
  return set;
}
export const runsOf = (list: readonly KeptRpc[] | undefined): Runs => (list === undefined ? "all" : setOf(list));

/** Bytes that the kept answers of a process take, and their limit. */
export class KeptBytes {
  most = 128 << 20;
  used = 0;
}

/** An answer, with the metadata that was received with it. */
interface Kept {
  readonly value: unknown;
  readonly received?: ReturnType<KeptCall<unknown>["calls"]["received"]["get"]>;
  /** Undefined: no purge reaches it. */
  readonly tagged: Tagged | undefined;
  readonly bytes: number;
}

/** Answers of one follower's calls. After a composition, those that it has used are kept for the next one. */
export class KeptAnswers implements KeptCalls {
  readonly #calls: ReadonlySet<object>;
  readonly #pool: KeptBytes;
  readonly #purges: Purges | undefined;
  /** Number of the last purge when the composition began. */
  #since = 0;
  #answers = new Map<object, Map<string, Kept>>();
  #used = new Map<object, Map<string, Kept>>();
  #runs: Runs = "all";
  #bytes = 0;

  /** @param calls the methods whose answers are kept; others are called each time */
  constructor(calls: readonly KeptRpc[], pool: KeptBytes, purges: Purges | undefined) {
    this.#calls = setOf(calls);
    this.#pool = pool;
    this.#purges = purges;
  }
  /** Begins a composition. */
  begin(runs: Runs): void {
    this.#runs = runs;
    this.#since = this.#purges?.now ?? 0;
    this.#used = new Map();
  }
  /** Ends a composition. One that failed leaves the earlier answers that it has not replaced. */
  end(isComposed: boolean): void {
    if (!isComposed)
      for (const [of, answers] of this.#answers)
        for (const [key, kept] of answers) if (this.#used.get(of)?.has(key) !== true) put(this.#used, of, key, kept);
    this.#answers = this.#used;
    let bytes = 0;
    for (const answers of this.#answers.values()) for (const kept of answers.values()) bytes += kept.bytes;
    this.#pool.used += bytes - this.#bytes;
    this.#bytes = bytes;
    if (this.#pool.used > this.#pool.most) this.release();
  }
  /** Forgets all answers: the next composition calls anew. */
  release(): void {
    this.#pool.used -= this.#bytes;
    this.#bytes = 0;
    this.#answers = new Map();
    this.#used = new Map();
  }

  call<Res>({ of, rpc, holes, key: keyOf, calls, sink, start }: KeptCall<Res>): Running | undefined {
    if (!this.#calls.has(of)) return start(sink);
    const key = keyOf();
    const kept = this.#find(of, key);
    if (kept !== undefined) {
      if (kept.received !== undefined) calls.received.set(kept.value, kept.received);
      sink.resolve(kept.value as Res);
      return undefined;
    }
    return start({
      resolve: (value, cause) => {
        // An old answer would stay.
        if (cause === undefined && !calls.stale)
          this.#put(of, key, { value, received: calls.received.get(value) }, () => this.#tagged(rpc, value, holes));
        sink.resolve(value, cause);
      },
      reject: (failure) => sink.reject(failure),
    });
  }
  item(of: object, key: string): Kept | undefined {
    return this.#find(of, key);
  }
  keep(of: object & KeptMethod, key: string, value: unknown, response: unknown): void {
    if (this.#calls.has(of)) this.#put(of, key, { value }, () => this.#tagged(of, response));
  }
  /** Returns the tags of an answer; undefined: it has none, null: they are unknown. */
  #tagged({ cache }: KeptMethod, answer: unknown, holes: readonly TagPart[] = []): Tagged | undefined | null {
    if (this.#purges === undefined || cache?.tags === undefined || cache.purged === "counted") return undefined;
    const read = cache.tags as (answer: unknown, holes: readonly TagPart[]) => readonly TagParts[];
    const names = namesOf(() => read(answer, holes));
    return names === undefined ? null : this.#purges.tagged(names, this.#since);
  }
  /** Equal calls of one composition are one call, whether it runs or not. */
  #find(of: object, key: string): Kept | undefined {
    const runs = this.#runs === "all" || this.#runs.has(of);
    const kept = runs ? undefined : this.#answers.get(of)?.get(key);
    // A purge of a tag that is no trigger, or of all tags, has reached it since.
    if (kept === undefined || (kept.tagged !== undefined && !isCurrent(kept.tagged))) return undefined;
    put(this.#used, of, key, kept);
    return kept;
  }
  #put(of: object, key: string, kept: Pick<Kept, "value" | "received">, tagged: () => Tagged | undefined | null): void {
    const found = tagged();
    if (found === null) return;
    put(this.#used, of, key, { ...kept, tagged: found, bytes: OVERHEAD_BYTES + key.length + sizeOf(kept.value) });
  }
}

function put(all: Map<object, Map<string, Kept>>, of: object, key: string, kept: Kept): void {
  const known = all.get(of);
  if (known === undefined) all.set(of, new Map([[key, kept]]));
  else known.set(key, kept);
}

/** Size of an entry besides its key and value. An estimate, in bytes. */
const OVERHEAD_BYTES = 128;

/** Returns the size of a value, an estimate in bytes. */
function sizeOf(root: unknown): number {
  let bytes = 0;
  const open = [root];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value === "string") bytes += value.length;
    else if (value instanceof Uint8Array) bytes += value.length;
    else if (typeof value === "object" && value !== null) {
      bytes += opaqueBytes(value)?.length ?? 0;
      for (const part of Object.values(value)) open.push(part);
    }
    bytes += 16;
  }
  return bytes;
}
