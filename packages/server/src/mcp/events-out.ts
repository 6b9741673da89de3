import type { StreamOut } from "../carrier/stream-out.ts";
import { Progress } from "./progress.ts";

/** Interval of comments, which keep a silent stream open, in milliseconds. */
const ALIVE_MS = 15_000;
const COMMENT = ": \n\n";
const event = (json: string): string => `data: ${json}\n\n`;

/**
 * Events of one call, whose headers are sent: its progress, comments, and its result. A slow client delays them; a
 * tool's `wait` and four events per second bound their number.
 */
export class EventsOut {
  readonly #out: StreamOut;
  readonly #progress: Progress;
  readonly #alive: NodeJS.Timeout;
  #unwritten = "";
  #writing = false;

  constructor(token: string | number, out: StreamOut) {
    this.#out = out;
    this.#progress = new Progress(token, (notification) => this.#write(event(notification)));
    this.#alive = setInterval(() => this.#write(COMMENT), ALIVE_MS).unref();
    this.#write(COMMENT);
  }
  /** @param json of the item */
  item(json: string): void {
    this.#progress.item(json);
  }
  /** Returns the last bytes: events that wait, and the result. */
  end(json: string): string {
    this.close();
    const last = this.#unwritten + event(json);
    this.#unwritten = "";
    return last;
  }
  close(): void {
    clearInterval(this.#alive);
    this.#progress.close();
  }

  #write(text: string): void {
    this.#unwritten += text;
    if (!this.#writing) this.#flush();
  }
  #flush(): void {
    const bytes = Buffer.from(this.#unwritten);
    this.#unwritten = "";
    this.#writing = bytes.length > 0;
    if (this.#writing) this.#out.write(bytes, this.#written);
  }
  readonly #written = (): void => this.#flush();
}
