import { type Transitions, transition } from "@protobff/runtime/internal/states";

/** Bytes that may wait for the reader before the writer waits. */
const HIGH_WATER_BYTES = 64 << 10;

/** `open`: more may follow. `ended`: it is whole. `failed`: it is cut off. `left`: its reader wants no more. */
type BodyState = "open" | "ended" | "failed" | "left";
export const BODY_TRANSITIONS: Transitions<BodyState> = {
  open: ["ended", "failed", "left"],
  ended: [],
  failed: [],
  left: [],
};

type Bytes = Uint8Array<ArrayBuffer>;

/** The body of an answer between its writer and its reader. */
export class AnswerBody implements AsyncIterable<Bytes> {
  readonly #drained: () => void;
  readonly #left: () => void;
  #chunks: Bytes[] = [];
  #bytes = 0;
  #state: BodyState = "open";
  #error: Error | undefined;
  #wake: (() => void) | undefined;

  /**
   * @param drained the writer may continue
   * @param left the reader wants no more
   */
  constructor(drained: () => void, left: () => void) {
    this.#drained = drained;
    this.#left = left;
  }

  /** Returns false if the writer must wait for `drained`. */
  add(bytes: Bytes): boolean {
    if (bytes.length > 0) this.#chunks.push(bytes);
    this.#bytes += bytes.length;
    this.#wake?.();
    return this.#bytes < HIGH_WATER_BYTES;
  }
  end(): void {
    if (this.#state === "open") this.#enter("ended");
  }
  fail(error: Error): void {
    if (this.#state !== "open") return;
    this.#error = error;
    this.#enter("failed");
  }
  #enter(state: BodyState): void {
    this.#state = transition(BODY_TRANSITIONS, this.#state, state);
    this.#wake?.();
  }

  /** Returns the whole body if it is complete, so that it needs no stream. */
  get whole(): Bytes | undefined {
    if (this.#state !== "ended") return undefined;
    const [only, ...others] = this.#take();
    return only === undefined || others.length === 0 ? (only ?? new Uint8Array()) : Buffer.concat([only, ...others]);
  }
  #take(): Bytes[] {
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#bytes = 0;
    return chunks;
  }

  /** Returns the body as the web's streams have it. */
  get stream(): ReadableStream<Bytes> {
    const chunks = this[Symbol.asyncIterator]();
    return new ReadableStream<Bytes>(
      {
        async pull(controller) {
          const { done, value } = await chunks.next();
          if (done === true) controller.close();
          else controller.enqueue(value);
        },
        cancel: () => this.leave(),
      },
      { highWaterMark: 0 },
    );
  }

  /** Ends the work of the writer, even while a chunk is awaited. */
  leave(): void {
    if (this.#state !== "open") return;
    this.#enter("left");
    this.#left();
  }

  /** @throws the error of `fail`, after everything that came before */
  [Symbol.asyncIterator](): AsyncIterator<Bytes, undefined> {
    return {
      next: () => this.#next(),
      return: async () => {
        this.leave();
        return { done: true, value: undefined };
      },
      // Connect's client ends a body so.
      throw: async (error: unknown) => {
        this.leave();
        throw error;
      },
    };
  }
  async #next(): Promise<IteratorResult<Bytes, undefined>> {
    for (;;) {
      const value = this.#chunks.shift();
      if (value !== undefined) {
        this.#bytes -= value.length;
        if (this.#bytes === 0 && this.#state === "open") this.#drained();
        return { done: false, value };
      }
      if (this.#error !== undefined) throw this.#error;
      if (this.#state !== "open") return { done: true, value: undefined };
      await new Promise<void>((wake) => {
        this.#wake = wake;
      });
    }
  }
}
