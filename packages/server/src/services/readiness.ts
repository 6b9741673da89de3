/** Readiness of a server: it is ready once its identity has opened, and until it drains. */
export class Readiness {
  readonly draining: AbortSignal;
  /** Resolves when the server is ready for the first time. */
  readonly opened: Promise<void>;
  #opened: boolean;
  /** True if another process serves the same port: the port then stays ready while this process drains. */
  replaced = false;

  /** @param opened never rejects; undefined: ready immediately */
  constructor(draining: AbortSignal, opened?: Promise<void>) {
    this.draining = draining;
    this.#opened = opened === undefined;
    this.opened = (opened ?? Promise.resolve()).then(() => {
      this.#opened = true;
    });
  }
  get state(): "starting" | "ready" | "draining" {
    if (this.draining.aborted && !this.replaced) return "draining";
    return this.#opened ? "ready" : "starting";
  }
}
