// The format of text/event-stream (WHATWG HTML, section 9.2.6), as far as a client needs it that reconnects by itself.

/** One event, or a comment alone: a sign of life. */
interface StreamEvent {
  readonly event: string;
  readonly data: string;
  /** Last id that the stream has set; undefined before the first. */
  readonly id: string | undefined;
}

/** More characters than that without an end of line, or of data without an end of the event, are no event of ours. */
const MAX_CHARACTERS = 64 << 20;

const LF = 10;
const CR = 13;

/** Takes text as it comes. */
export class EventStreamParser {
  readonly #event: (event: StreamEvent) => void;
  readonly #comment: () => void;
  /** Pieces of the incomplete line. */
  #pieces: string[] = [];
  #length = 0;
  #afterCr = false;
  #begun = false;
  #type = "";
  #data: string[] = [];
  #characters = 0;
  #id: string | undefined;

  constructor(event: (event: StreamEvent) => void, comment: () => void) {
    this.#event = event;
    this.#comment = comment;
  }

  /** @throws RangeError for a line or an event that is too long */
  text(text: string): void {
    let from = 0;
    if (text !== "" && !this.#begun) {
      this.#begun = true;
      if (text.startsWith("\ufeff")) from = 1;
    }
    for (let i = from; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code === LF && this.#afterCr) {
        from = i + 1; // the other half of what has ended the line
      } else if (code === LF || code === CR) {
        this.#pieces.push(text.slice(from, i));
        from = i + 1;
        const line = this.#pieces.length === 1 ? this.#pieces[0] : this.#pieces.join("");
        this.#pieces = [];
        this.#length = 0;
        this.#line(line ?? "");
      }
      this.#afterCr = code === CR;
    }
    if (from >= text.length) return;
    this.#pieces.push(text.slice(from));
    this.#length += text.length - from;
    if (this.#length > MAX_CHARACTERS) throw new RangeError("a line without end");
  }

  #line(line: string): void {
    if (line === "") {
      this.#dispatch();
      return;
    }
    const colon = line.indexOf(":");
    if (colon === 0) {
      this.#comment();
      return;
    }
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (name === "event") this.#type = value;
    else if (name === "id" && !value.includes("\0")) this.#id = value;
    else if (name === "data") {
      this.#data.push(value);
      this.#characters += value.length;
      if (this.#characters > MAX_CHARACTERS) throw new RangeError("an event without end");
    }
  }
  #dispatch(): void {
    const data = this.#data.join("\n");
    const isEmpty = this.#data.length === 0;
    const type = this.#type;
    this.#data = [];
    this.#characters = 0;
    this.#type = "";
    if (isEmpty)
      this.#comment(); // an id may stand alone
    else this.#event({ event: type === "" ? "message" : type, data, id: this.#id });
  }
  get id(): string | undefined {
    return this.#id;
  }
}
