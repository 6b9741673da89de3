// For tests only: a second level with leases that several processes share, in memory.
import type { LeaseKey } from "../cache/lease/fetch-wait.ts";
import type { Found, SecondLevel } from "../cache/second-level.ts";

/** A store whose time a test sets. */
export class LeasedStore implements SecondLevel {
  readonly entries = new Map<string, { readonly bytes: Uint8Array; readonly at: number; readonly until: number }>();
  /** Tokens and marks of leases, with their ends. */
  readonly leases = new Map<string, readonly [value: string, until: number]>();
  /** Leases that were taken, and entries that were stored. */
  taken = 0;
  stored = 0;
  isAway = false;
  isFull = false;
  now = (): number => 0;

  async get(key: string): Promise<Found | undefined> {
    if (this.isAway) return new Promise(() => {});
    const entry = this.entries.get(key);
    return entry && this.now() < entry.until ? { bytes: entry.bytes, ageMs: this.now() - entry.at } : undefined;
  }
  async set(key: string, bytes: Uint8Array, lifeMs: number): Promise<void> {
    if (this.isFull) throw new Error("OOM command not allowed");
    this.stored++;
    this.entries.set(key, { bytes, at: this.now(), until: this.now() + lifeMs });
  }
  lease(name: string): LeaseKey {
    const evalSha = (_: string, options: { readonly arguments?: readonly unknown[] } = {}): Promise<unknown> =>
      this.#run(name, (options.arguments ?? []).map(String));
    return { name, commands: { evalSha, eval: evalSha } as unknown as LeaseKey["commands"] };
  }
  /** A script of a lease: its first of two arguments is the token to take it with, of three the token to end. */
  async #run(name: string, [token = "", second = "", markMs]: readonly string[]): Promise<unknown> {
    if (this.isAway) return new Promise(() => {});
    const [value, until = 0] = this.leases.get(name) ?? [];
    const held = this.now() < until ? value : undefined;
    if (markMs === undefined) {
      if (held !== undefined) return held;
      this.taken++;
      this.leases.set(name, [token, this.now() + Number(second)]);
      return null;
    }
    if (held !== token) return 0;
    if (second === "") this.leases.delete(name);
    else this.leases.set(name, [second, this.now() + Number(markMs)]);
    return 1;
  }
}
