/** Whether a server wants requests: when what it judges credentials by is there, and until it drains. */
export class Readiness {
  readonly draining: AbortSignal;
  /** Resolves when it is so for the first time. */
  readonly opened: Promise<void>;
  #opened: boolean;
  /** Somebody else serves the same port: whoever looks is not to be told that it ends. */
  replaced = false;

  /** @param opened never rejects; undefined: at once */
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
