import type { Codec } from "../call/upstream.ts";
import { type Failure, type Fault, Reason } from "../failure.ts";
import type { OutgoingHeaders } from "../transport/call-headers.ts";
import type { InFlight, Reply, UnaryClient } from "../transport/unary-client.ts";
import { frame, PREFIX_BYTES } from "../wire/frame.ts";

/** The header beside a newest item that has the token of its place. */
export const TOKEN_HEADER = "bff-resume";

/** Receives the newest item of a key: one of these calls, once. */
export interface NewestReceiver<Item> {
  /** @param bytes as it is stored, where that is known */
  found(item: Item, token: string, bytes?: Uint8Array): void;
  /** There is no item under the key. */
  nothing(): void;
  faulted(fault: Fault): void;
}
/** Asks for the newest item of a key; never answers before it has returned, and not after what it returns was called. */
export type AskNewest<Item> = (key: string, hears: NewestReceiver<Item>) => () => void;

/** Topics, in the form of an upstream: a request is the number of a topic and a key, on two lines, and its answer is the newest item. */
export class NewestClient implements UnaryClient {
  readonly #asked: ((key: string, reply: Reply) => () => void)[] = [];

  /** @param check throws for what is no key */
  add<Item>(ask: AskNewest<Item>, check: (key: string) => void): Codec<string, Item | undefined> {
    // An answer is decoded while it is given: items are decoded where they are kept.
    let given: Item | undefined;
    const number = this.#asked.length;
    this.#asked.push((key, reply) =>
      ask(key, {
        found(item, token, bytes = NOTHING) {
          given = item;
          reply.metadata?.({ [TOKEN_HEADER]: token }, {});
          reply.replied(bytes);
        },
        nothing() {
          given = undefined;
          reply.replied(NOTHING);
        },
        faulted: (fault) => reply.faulted(fault),
      }),
    );
    const encode = (key: string): Buffer => {
      check(key);
      return frame(Buffer.from(`${number}\n${key}`));
    };
    return { encode, decode: () => given, digest: () => "" };
  }
  send(
    _path: string,
    message: Uint8Array,
    _timeoutMs: number,
    _headers: OutgoingHeaders | undefined,
    _attempt: number,
    reply: Reply,
  ): InFlight {
    const [number, key = ""] = Buffer.from(message.subarray(PREFIX_BYTES)).toString().split("\n");
    const cancel = this.#asked[Number(number)]?.(key, reply);
    return { cancel: () => cancel?.() };
  }
}
const NOTHING = new Uint8Array();

/** What a failure of a stream is to who asks once. */
export function faultOf({ code, reason, message }: Failure): Fault {
  const kept = reason === Reason.BREAKER_OPEN || reason === Reason.LIMITED ? reason : undefined;
  return { kind: reason === Reason.INVALID ? "invalid" : "status", code, message, kept };
}
