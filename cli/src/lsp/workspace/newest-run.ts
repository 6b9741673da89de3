const MAX_ABORTED = 3;

/** Repeats work for the newest state: one run at a time. */
export class NewestRun {
  readonly #work: (signal: AbortSignal) => Promise<void>;
  #loop: Promise<void> | undefined;
  #isDue = false;
  #abort = new AbortController();
  /** Number of aborted runs since one ended. */
  #aborted = 0;

  /** @param work one run; it rejects only after an abort */
  constructor(work: (signal: AbortSignal) => Promise<void>) {
    this.#work = work;
  }

  /**
   * Begins a run. A running one is aborted, unless it follows three aborted ones: constant changes let every fourth run
   * end. Resolves when nothing runs.
   *
   * @param aborts false to begin after the running one
   */
  start(aborts = true): Promise<void> {
    this.#isDue = true;
    if (aborts && this.#aborted < MAX_ABORTED) this.#abort.abort();
    this.#loop ??= this.#runs();
    return this.#loop;
  }

  /** Resolves when nothing runs. */
  get settled(): Promise<void> {
    return this.#loop ?? Promise.resolve();
  }

  async #runs(): Promise<void> {
    while (this.#isDue) {
      this.#isDue = false;
      this.#abort = new AbortController();
      const { signal } = this.#abort;
      await this.#work(signal).catch((thrown: unknown) => {
        if (!signal.aborted) throw thrown;
      });
      this.#aborted = signal.aborted ? this.#aborted + 1 : 0;
    }
    this.#loop = undefined;
  }
}
