/** What of it a server needs that goes. */
export interface Drainable {
  /** It ends, with what a client needs to go on elsewhere. */
  drain(): void;
}

/** Followers per process, by whatever protocol. */
export const DEFAULT_MAX_FOLLOWERS = 20_000;
/** How often some more of them are told to end, in milliseconds. */
const ROUND_MS = 20;

/** All that follow something on one server. */
export class Followers {
  readonly #max: number;
  readonly #all = new Set<Drainable>();
  #draining = false;

  constructor(max: number) {
    this.#max = max;
  }

  get count(): number {
    return this.#all.size;
  }
  /** Whether the server is going: who begins now is to be drained at once. */
  get draining(): boolean {
    return this.#draining;
  }
  /** @returns false where there are as many as there may be */
  enter(follower: Drainable): boolean {
    if (this.#all.size >= this.#max) return false;
    this.#all.add(follower);
    return true;
  }
  leave(follower: Drainable): void {
    this.#all.delete(follower);
  }
  /**
   * Begins to end all of them.
   *
   * @param overMs the last one is told after so long: where all come back at once, that is an attack on those who are left
   */
  drain(overMs: number): void {
    this.#draining = true;
    const all = [...this.#all];
    if (all.length === 0) return;
    const startedAt = performance.now();
    let told = 0;
    const round = (): void => {
      const share = overMs <= 0 ? 1 : (performance.now() - startedAt + ROUND_MS) / overMs;
      const until = Math.min(all.length, Math.max(told + 1, Math.ceil(all.length * share)));
      while (told < until) {
        const follower = all[told++];
        if (follower !== undefined && this.#all.has(follower)) follower.drain();
      }
      if (told < all.length) setTimeout(round, ROUND_MS);
    };
    round();
  }
}
