import type { Load, ReadyState } from "../overload/load.ts";

/** Readiness of a server: it is ready once its identity has opened, and until it drains. */
export class Readiness {
  readonly draining: AbortSignal;
  /** Resolves when the server is ready for the first time. */
  readonly opened: Promise<void>;
  #opened: boolean;
  readonly #shedding: { readonly load: Load };
  /** True if another process serves the same port: the port then stays ready while this process drains. */
  replaced = false;

  /** @param opened never rejects; undefined: ready immediately */
  constructor(draining: AbortSignal, opened?: Promise<void>, shedding: { readonly load: Load } = { load: "calm" }) {
    this.draining = draining;
    this.#shedding = shedding;
    this.#opened = opened === undefined;
    this.opened = (opened ?? Promise.resolve()).then(() => {
      this.#opened = true;
    });
  }
  get state(): ReadyState {
    if (this.draining.aborted && !this.replaced) return "draining";
    if (!this.#opened) return "starting";
    return this.load === "overloaded" ? "overloaded" : "ready";
  }
  get load(): Load {
    return this.#shedding.load;
  }
}
