import type { Clock } from "@protobff/runtime/internal/clock";
import type { Groups, SessionStore } from "./session-store.ts";

interface Kept {
  sealed: Buffer;
  until: number;
  readonly groups: readonly string[];
}

/** Maximum number of sessions, and of their bytes. Beyond it the least recently used session is dropped. */
const MAX_SESSIONS = 100_000;
const MAX_BYTES = 256 << 20;

/** Sessions of one process: lost with it, and unknown to any other. */
export class MemoryStore implements SessionStore {
  readonly #clock: Clock;
  readonly #most: number;
  /** Sessions, the least recently used first. */
  readonly #kept = new Map<string, Kept>();
  #bytes = 0;
  readonly #groups = new Map<string, Set<string>>();
  readonly #locks = new Map<string, { readonly until: number }>();

  constructor(clock: Clock, most = MAX_SESSIONS) {
    this.#clock = clock;
    this.#most = most;
  }
  async touch(key: string, idleMs: number): Promise<Buffer | undefined> {
    const kept = this.#alive(key);
    if (kept === undefined) return undefined;
    kept.until = this.#clock.now() + idleMs;
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    return kept.sealed;
  }
  async get(key: string): Promise<Buffer | undefined> {
    return this.#alive(key)?.sealed;
  }
  async add(key: string, sealed: Buffer, lifeMs: number, { names: groups }: Groups): Promise<void> {
    this.#drop(key);
    for (const [oldest] of this.#kept) {
      if (this.#kept.size < this.#most && this.#bytes + sealed.length <= MAX_BYTES) break;
      this.#drop(oldest);
    }
    this.#kept.set(key, { sealed, until: this.#clock.now() + lifeMs, groups });
    this.#bytes += sealed.length;
    for (const group of groups) {
      const members = this.#groups.get(group) ?? new Set();
      this.#groups.set(group, members.add(key));
    }
  }
  async replace(key: string, sealed: Buffer, lifeMs: number): Promise<boolean> {
    const kept = this.#alive(key);
    if (kept === undefined) return false;
    this.#bytes += sealed.length - kept.sealed.length;
    kept.sealed = sealed;
    kept.until = this.#clock.now() + lifeMs;
    return true;
  }
  async delete(key: string): Promise<void> {
    this.#drop(key);
  }
  async deleteGroup(group: string): Promise<number> {
    const members = [...(this.#groups.get(group) ?? [])];
    for (const key of members) this.#drop(key);
    return members.length;
  }
  async lock(key: string, lifeMs: number): Promise<(() => Promise<void>) | undefined> {
    const now = this.#clock.now();
    if ((this.#locks.get(key)?.until ?? 0) > now) return undefined;
    const held = { until: now + lifeMs };
    this.#locks.set(key, held);
    return async () => {
      if (this.#locks.get(key) === held) this.#locks.delete(key);
    };
  }
  async close(): Promise<void> {}

  #alive(key: string): Kept | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined || kept.until > this.#clock.now()) return kept;
    this.#drop(key);
    return undefined;
  }
  #drop(key: string): void {
    for (const group of this.#kept.get(key)?.groups ?? []) {
      const members = this.#groups.get(group);
      members?.delete(key);
      if (members?.size === 0) this.#groups.delete(group);
    }
    this.#bytes -= this.#kept.get(key)?.sealed.length ?? 0;
    this.#kept.delete(key);
  }
}
