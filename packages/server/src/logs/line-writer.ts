/** What lines are written to: `process.stdout` and `process.stderr` are such. */
export interface LineStream {
  readonly writableLength: number;
  readonly destroyed: boolean;
  write(text: string, done?: () => void): boolean;
}

/** So much may wait for who reads, in characters; what comes then is counted, and left out. */
const MOST_WAITING = 1 << 20;

/**
 * Writes lines to somebody who may read slowly, or no longer. To a pipe node writes in the background, and keeps what does not fit, however
 * much that is; here it is bounded. To a file and a terminal it writes at once.
 */
export class LineWriter {
  readonly #stream: LineStream;
  readonly #lost: (count: number) => string;
  #count = 0;

  /** @param lost a line that tells how many lines are missing, in front of the next one */
  constructor(stream: LineStream, lost: (count: number) => string) {
    this.#stream = stream;
    this.#lost = lost;
  }
  /** @param lines each with its end */
  write(lines: string, count = 1): void {
    const { destroyed, writableLength } = this.#stream;
    if (destroyed) return; // nobody will ever read it
    if (writableLength > 0 && writableLength + lines.length > MOST_WAITING) {
      this.#count += count;
      return;
    }
    this.#stream.write(this.#told() + lines);
  }
  #told(): string {
    if (this.#count === 0) return "";
    const line = this.#lost(this.#count);
    this.#count = 0;
    return line;
  }
  /** Resolves when all of it has been taken, or after so many milliseconds. */
  async flush(withinMs: number): Promise<void> {
    if (this.#stream.destroyed || (this.#stream.writableLength === 0 && this.#count === 0)) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, Math.max(0, withinMs));
    this.#stream.write(this.#told(), () => resolve());
    await promise;
    clearTimeout(timer);
  }
}
