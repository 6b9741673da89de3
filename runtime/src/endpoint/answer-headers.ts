// Headers that an RPC computes for its successful answers.
import type { Message } from "@bufbuild/protobuf";
import type { Request } from "../compose/request.ts";
import { asFailure, type Failure } from "../failure.ts";
import type { Observer } from "../observer.ts";
import type { HeaderEvent } from "../observer-requests.ts";
import { PREFIX_BYTES } from "../wire/frame.ts";

/** Name of a header in lower case, and its value; undefined or empty: the answer has none. */
export type AnswerHeader<App, Args, Result, Principal> = readonly [
  name: string,
  value: (cx: Request<App, Principal>, args: Args, result: Result) => string | undefined,
];

const MAX_CHARACTERS = 1_024;
const PRINTABLE = /^[\x20-\x7e]*$/;
const NONE: readonly never[] = [];

/** The headers of one RPC. */
export class AnswerHeaders<App, Args extends Message, Principal> {
  readonly #headers: readonly AnswerHeader<App, Args, never, Principal>[];
  readonly #names: ReadonlySet<string>;
  readonly #method: string;
  readonly #observer: Observer | undefined;

  /** @param method `package.Service/Method` */
  constructor(
    headers: readonly AnswerHeader<App, Args, never, Principal>[],
    method: string,
    observer: Observer | undefined,
  ) {
    this.#headers = headers;
    this.#names = new Set(headers.map(([name]) => name));
    this.#method = method;
    this.#observer = observer;
  }

  /**
   * Returns the headers of one answer: names and values in turn. Unfit values are left out and reported.
   *
   * @param result undefined for a stream, whose headers are sent before its messages
   */
  of(cx: Request<App, Principal>, args: Args, result: Message | undefined): readonly string[] {
    const pairs: string[] = [];
    for (const [name, compute] of this.#headers) {
      try {
        const value = compute(cx, args, result as never) ?? "";
        const unfit = unfitness(value);
        // Spaces at the ends are no part of a value in HTTP (RFC 9110, 5.5).
        const trimmed = value.trim();
        if (unfit !== undefined) this.#leftOut(cx, name, unfit);
        else if (trimmed !== "") pairs.push(name, trimmed);
      } catch (thrown) {
        this.#leftOut(cx, name, "failed", asFailure(thrown));
      }
    }
    return pairs;
  }
  #leftOut(cx: Request<App, Principal>, name: string, why: HeaderEvent["why"], failure?: Failure): void {
    const { exchange, root: request } = cx;
    const header = (of: string): string => exchange.headers.text(of);
    this.#observer?.headerLeftOut?.({
      request,
      header,
      method: this.#method,
      name,
      why,
      failure,
      trace: exchange.trace,
    });
  }

  /** Returns the bytes under which a cache keeps an answer: its frame, then its headers. */
  stored(framed: Uint8Array, headers: readonly string[]): Uint8Array {
    return headers.length === 0 ? framed : Buffer.concat([framed, Buffer.from(JSON.stringify(headers))]);
  }
  /**
   * Returns both parts again.
   *
   * @throws for other bytes
   */
  restored(bytes: Uint8Array): { readonly framed: Uint8Array; readonly headers: readonly string[] } {
    const { buffer, byteOffset, byteLength } = bytes;
    const end = PREFIX_BYTES + new DataView(buffer, byteOffset, byteLength).getUint32(1);
    if (byteLength === end) return { framed: bytes, headers: NONE };
    const read: unknown = JSON.parse(Buffer.from(bytes.subarray(end)).toString());
    if (!Array.isArray(read) || !read.every((part, i) => this.#mayBe(part, i)))
      throw new TypeError("these are no headers of this rpc");
    return { framed: bytes.subarray(0, end), headers: read };
  }
  /** Reports whether a part of stored headers may be sent: a known name, or a fit value. */
  #mayBe(part: unknown, index: number): part is string {
    if (typeof part !== "string") return false;
    return index % 2 === 0 ? this.#names.has(part) : unfitness(part) === undefined;
  }
}

function unfitness(value: string): "characters" | "length" | undefined {
  if (value.length > MAX_CHARACTERS) return "length";
  return PRINTABLE.test(value) ? undefined : "characters";
}
