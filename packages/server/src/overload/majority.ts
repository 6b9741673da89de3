/** Length of a block in which refusals are compared with requests, in milliseconds. */
const BLOCK_MS = 1_000;
/** Time with more than half refused, and without a refusal, after which the server leaves and returns, in milliseconds. */
const LEAVES_MS = 10_000;
const RETURNS_MS = 10_000;

/** Detects that a server refuses more than half of its requests for long. */
export class Majority {
  #blockAt: number;
  #seen = 0;
  #refused = 0;
  #since: number | undefined;
  #refusedAt = Number.NEGATIVE_INFINITY;
  /** True from 10 s of refusing more than half until 10 s without a refusal. */
  lasts = false;

  constructor(now: number) {
    this.#blockAt = now;
  }
  /** Adds the requests of a period that ends now. */
  add(seen: number, refused: number, now: number): void {
    this.#seen += seen;
    this.#refused += refused;
    if (refused > 0) this.#refusedAt = now;
    if (this.lasts && now - this.#refusedAt >= RETURNS_MS) this.lasts = false;
    if (now - this.#blockAt < BLOCK_MS) return;
    if (2 * this.#refused <= this.#seen) this.#since = undefined;
    else this.#since ??= now - BLOCK_MS; // a block after a quiet time is longer
    if (this.#since !== undefined && now - this.#since >= LEAVES_MS) this.lasts = true;
    this.#blockAt = now;
    this.#seen = 0;
    this.#refused = 0;
  }
}
