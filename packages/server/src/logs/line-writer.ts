/** Destination of lines, such as `process.stdout` and `process.stderr`. */
export interface LineStream {
  readonly writableLength: number;
  readonly destroyed: boolean;
  write(text: string, done?: () => void): boolean;
}

/** Maximum size of waiting lines, in characters. Further lines are counted and dropped. */
const MAX_WAITING_BYTES = 1 << 20;

/**
 * Writes lines to a reader that may be slow or gone. To a pipe, node writes in the background and buffers without
 * bound. This class bounds the buffer. To a file or a terminal, node writes at once.
 */
export class LineWriter {
  readonly #stream: LineStream;
  readonly #lost: (count: number) => string;
  #count = 0;

  /** @param lost returns a line with the number of missing lines, which precedes the next line */
  constructor(stream: LineStream, lost: (count: number) => string) {
    this.#stream = stream;
    this.#lost = lost;
  }
  /** @param lines each with its end */
  write(lines: string, count = 1): void {
    const { destroyed, writableLength } = this.#stream;
    if (destroyed) return; // nobody will ever read it
    if (writableLength > 0 && writableLength + lines.length > MAX_WAITING_BYTES) {
      this.#count += count;
      return;
    }
    this.#stream.write(this.#droppedLine() + lines);
  }
  #droppedLine(): string {
    if (this.#count === 0) return "";
    const line = this.#lost(this.#count);
    this.#count = 0;
    return line;
  }
  /** Resolves when all lines have been written, or after the given time in milliseconds. */
  async flush(withinMs: number): Promise<void> {
    if (this.#stream.destroyed || (this.#stream.writableLength === 0 && this.#count === 0)) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, Math.max(0, withinMs));
    this.#stream.write(this.#droppedLine(), () => resolve());
    await promise;
    clearTimeout(timer);
  }
}
