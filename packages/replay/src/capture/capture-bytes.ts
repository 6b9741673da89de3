import { closeSync, openSync, readSync } from "node:fs";
import { CaptureError } from "./capture-error.ts";

/** Maximum size of a line or of a request. A server captures requests of at most 1 MiB by default. */
export const MAX_PART = 1 << 28;
const CHUNK = 1 << 20;
const NEWLINE = 10;

/** The bytes of a file, read from its begin to its end. */
export class CaptureBytes {
  readonly #path: string;
  readonly #file: number;
  #held = Buffer.alloc(0);
  #isAtEnd = false;

  /** @throws CaptureError if the file cannot be opened */
  constructor(path: string) {
    this.#path = path;
    this.#file = this.#tried(() => openSync(path, "r"));
  }
  close(): void {
    closeSync(this.#file);
  }
  /** Returns the next bytes. Fewer: the file ends. */
  take(count: number): Buffer {
    while (this.#held.length < count && this.#fill());
    const taken = this.#held.subarray(0, count);
    this.#held = this.#held.subarray(taken.length);
    return taken;
  }
  /**
   * Returns the next line without its end; undefined at the end of the file.
   *
   * @throws CaptureError if it is too long
   */
  line(): { readonly text: string; readonly isWhole: boolean } | undefined {
    let from = 0;
    for (let end = this.#held.indexOf(NEWLINE); ; end = this.#held.indexOf(NEWLINE, from)) {
      if (end >= 0) return { text: this.take(end + 1).toString("utf8", 0, end), isWhole: true };
      from = this.#held.length;
      if (from > MAX_PART) throw new CaptureError(`${this.#path} has a line of more than ${MAX_PART} bytes`);
      if (!this.#fill()) return from === 0 ? undefined : { text: this.take(from).toString(), isWhole: false };
    }
  }
  /** Reads more, in steps that grow with what is held. Returns false at the end of the file. */
  #fill(): boolean {
    if (this.#isAtEnd) return false;
    const more = Buffer.allocUnsafe(Math.max(CHUNK, this.#held.length));
    const read = this.#tried(() => readSync(this.#file, more));
    this.#isAtEnd = read === 0;
    this.#held = Buffer.concat([this.#held, more.subarray(0, read)]);
    return read > 0;
  }
  #tried<T>(run: () => T): T {
    try {
      return run();
    } catch (thrown) {
      throw new CaptureError(`${this.#path} cannot be read: ${thrown instanceof Error ? thrown.message : thrown}`);
    }
  }
}
