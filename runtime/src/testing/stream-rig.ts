import type { Fault } from "../failure.ts";
import type { ReceivedHeaders } from "../transport/call-headers.ts";
import type { OpenStream, StreamClient } from "../transport/stream-client.ts";
import { frame } from "../wire/frame.ts";

/** End of a stream. */
type End = { trailers: ReceivedHeaders } | { fault: Fault };

/** A server stream, and all of its events. */
export class TestStream {
  readonly items: Buffer[] = [];
  /** Events in order. */
  readonly events: ("opened" | "item" | "ended" | "faulted")[] = [];
  headers: ReceivedHeaders | undefined;
  readonly end: Promise<End>;
  readonly #open: OpenStream;
  #came = (): void => {};

  constructor(
    client: StreamClient,
    take = Number.POSITIVE_INFINITY,
    message: string | Buffer = "hello",
    path = "/a.B/C",
  ) {
    const { promise, resolve } = Promise.withResolvers<End>();
    this.end = promise;
    const note = (what: TestStream["events"][number]): void => {
      this.events.push(what);
      this.#came();
    };
    this.#open = client.open(path, frame(Buffer.from(message)), 60_000, undefined, {
      opened: (headers) => {
        this.headers = headers;
        note("opened");
      },
      item: (bytes) => {
        this.items.push(bytes as Buffer);
        note("item");
      },
      ended: (trailers) => {
        note("ended");
        resolve({ trailers });
      },
      faulted: (fault) => {
        note("faulted");
        resolve({ fault });
      },
    });
    if (take > 0) this.#open.take(take);
  }
  get texts(): string[] {
    return this.items.map(String);
  }
  take(items: number): void {
    this.#open.take(items);
  }
  cancel(): void {
    this.#open.cancel();
  }
  /** Waits until this number of items has arrived. */
  async came(items: number): Promise<void> {
    while (this.items.length < items)
      await new Promise<void>((resolve) => {
        this.#came = resolve;
      });
  }
  /** Waits until it has been accepted. */
  async opened(): Promise<void> {
    while (this.headers === undefined)
      await new Promise<void>((resolve) => {
        this.#came = resolve;
      });
  }
}
