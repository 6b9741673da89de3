import type { KeptCall, KeptCalls } from "../call/kept-calls.ts";
import type { Rpc } from "../call/upstream.ts";
import type { Running } from "../scope/scope.ts";

/** A method of an upstream, as a live answer names it. */
export type KeptRpc = Rpc<never, unknown>;
/** Methods whose calls run again; "all" for every call. */
export type Runs = ReadonlySet<object> | "all";

/** Bytes that the kept answers of a process take, and their limit. */
export class KeptBytes {
  most = 128 << 20;
  used = 0;
}

/** An answer, with the metadata that was received with it. */
interface Kept {
  readonly value: unknown;
  readonly received?: ReturnType<KeptCall<unknown>["calls"]["received"]["get"]>;
  readonly bytes: number;
}

/** Answers of one follower's calls. After a composition, those that it has used are kept for the next one. */
export class KeptAnswers implements KeptCalls {
  readonly #calls: ReadonlySet<object>;
  readonly #pool: KeptBytes;
  #answers = new Map<object, Map<string, Kept>>();
  #used = new Map<object, Map<string, Kept>>();
  #runs: Runs = "all";
  #bytes = 0;

  /** @param calls the methods whose answers are kept; others are called each time */
  constructor(calls: readonly KeptRpc[], pool: KeptBytes) {
    this.#calls = new Set(calls);
    this.#pool = pool;
  }
  /** Begins a composition. */
  begin(runs: Runs): void {
    this.#runs = runs;
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

  call<Res>({ of, key: keyOf, calls, sink, start }: KeptCall<Res>): Running | undefined {
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
        if (cause === undefined && !calls.stale) this.#put(of, key, { value, received: calls.received.get(value) });
        sink.resolve(value, cause);
      },
      reject: (failure) => sink.reject(failure),
    });
  }
  item(of: object, key: string): Kept | undefined {
    return this.#find(of, key);
  }
  keep(of: object, key: string, value: unknown): void {
    if (this.#calls.has(of)) this.#put(of, key, { value });
  }
  /** Equal calls of one composition are one call, whether it runs or not. */
  #find(of: object, key: string): Kept | undefined {
    const runs = this.#runs === "all" || this.#runs.has(of);
    const kept = runs ? undefined : this.#answers.get(of)?.get(key);
    if (kept !== undefined) put(this.#used, of, key, kept);
    return kept;
  }
  #put(of: object, key: string, kept: Omit<Kept, "bytes">): void {
    put(this.#used, of, key, { ...kept, bytes: OVERHEAD_BYTES + key.length + sizeOf(kept.value) });
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
    else if (typeof value === "object" && value !== null) for (const part of Object.values(value)) open.push(part);
    bytes += 16;
  }
  return bytes;
}
