import type { Clock, Timer } from "../../clock.ts";
import type { KeyStore } from "./key-store.ts";

/** Time for which uses are gathered before they are written, in milliseconds. */
const GATHER_MS = 10_000;
/** Maximum number of keys whose uses wait to be written. Uses of further keys are dropped. */
const MAX_KEYS = 10_000;

/** When keys were used last, written for many at a time. */
export class KeyUses {
  readonly #store: Pick<KeyStore, "used">;
  readonly #clock: Clock;
  readonly #failed: (error: unknown) => void;
  #seconds = new Map<string, number>();
  #timer: Timer | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(store: Pick<KeyStore, "used">, clock: Clock, failed: (error: unknown) => void) {
    this.#store = store;
    this.#clock = clock;
    this.#failed = failed;
  }

  note(digest: string, second: number): void {
    if (this.#seconds.size >= MAX_KEYS && !this.#seconds.has(digest)) return;
    this.#seconds.set(digest, second);
    this.#timer ??= this.#clock.setTimeout(() => void this.flush(), GATHER_MS, undefined);
  }

  /** Resolves after the write. Uses that cannot be written are lost and reported. */
  flush(): Promise<void> {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  async #write(): Promise<void> {
    const uses = [...this.#seconds].map(([digest, second]) => ({ digest, second }));
    this.#seconds = new Map();
    if (uses.length === 0) return;
    try {
      await this.#store.used(uses);
    } catch (error) {
      this.#failed(error);
    }
  }
}
