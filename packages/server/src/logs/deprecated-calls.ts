import type { DeprecatedUse } from "@protobff/runtime/internal/observer";

/** For so long one caller of one rpc is only counted, in milliseconds. */
const QUIET_MS = 3_600_000;
/** So many callers are told apart; what further ones do is told of each rpc together. */
const MOST_CALLERS = 1_000;

/** One line of the log. */
export interface DeprecatedCall {
  readonly rpc: string;
  /** Undefined: who it was is not said, because too many are. */
  readonly use: DeprecatedUse | undefined;
  /** Calls since the line before that are not told. */
  readonly more: number;
}

/** Who still calls deprecated rpcs: each caller of each once in an hour, and at most so many of them apart. */
export class DeprecatedCalls {
  readonly #most: number;
  /** By rpc and caller; those told longest ago stand first. */
  readonly #told = new Map<string, Told>();
  /** Of all other callers, by rpc. */
  readonly #others = new Map<string, Told>();

  constructor(most: number = MOST_CALLERS) {
    this.#most = most;
  }

  /** @returns what is to be told; undefined: nothing now */
  called(rpc: string, use: DeprecatedUse, now: number): DeprecatedCall | undefined {
    const key = JSON.stringify([rpc, use.source, use.issuer, use.subject, use.id]);
    const before = this.#told.get(key);
    if (before !== undefined)
      return quiet(before, now) ? undefined : this.#tell(key, { rpc, use, more: before.more }, now);
    this.#forget(now);
    if (this.#told.size < this.#most) return this.#tell(key, { rpc, use, more: 0 }, now);
    const others = this.#others.get(rpc);
    if (others !== undefined && quiet(others, now)) return undefined;
    this.#others.set(rpc, { at: now, more: 0 });
    return { rpc, use: undefined, more: others?.more ?? 0 };
  }
  #tell(key: string, call: DeprecatedCall, now: number): DeprecatedCall {
    this.#told.delete(key); // it stands last from now on
    this.#told.set(key, { at: now, more: 0 });
    return call;
  }
  /** Callers that have not called for an hour, or only once. */
  #forget(now: number): void {
    for (const [key, { at }] of this.#told) {
      if (now - at < QUIET_MS) return;
      this.#told.delete(key);
    }
  }
}

interface Told {
  readonly at: number;
  /** Not told since. */
  more: number;
}
function quiet(told: Told, now: number): boolean {
  if (now - told.at >= QUIET_MS) return false;
  told.more++;
  return true;
}
