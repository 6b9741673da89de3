import type { Codec } from "../call/upstream.ts";
import { Code, type Failure, type Fault } from "../failure.ts";
import type { InFlight, OutgoingHeaders, Reply, UnaryClient } from "../transport/unary-client.ts";
import { frame, PREFIX_BYTES } from "../wire/frame.ts";

/** The header beside a newest item that has the token of its place. */
export const TOKEN_HEADER = "bff-resume";

/** Hears what the newest item of a key is: one of these, once. */
export interface NewestHears<Item> {
  /** @param bytes as it is stored, where that is known */
  found(item: Item, token: string, bytes?: Uint8Array): void;
  /** There is no item under the key. */
  nothing(): void;
  faulted(fault: Fault): void;
}
/** Asks for the newest item of a key; never answers before it has returned, and not after what it returns was called. */
export type AskNewest<Item> = (key: string, hears: NewestHears<Item>) => () => void;

/** Topics, in the form of an upstream: each is a method whose request is a key and whose answer its newest item. */
export class NewestClient implements UnaryClient {
  readonly #asked = new Map<string, (key: string, reply: Reply) => () => void>();

  /**
   * @param method under which it is asked
   * @param check throws for what is no key
   */
  add<Item>(method: string, ask: AskNewest<Item>, check: (key: string) => void): Codec<string, Item | undefined> {
    // An answer is decoded while it is given: items are decoded where they are kept.
    let given: Item | undefined;
    this.#asked.set(`/${method}`, (key, reply) =>
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
      return frame(Buffer.from(key));
    };
    return { encode, decode: () => given, digest: () => "" };
  }
  send(
    path: string,
    message: Uint8Array,
    _timeoutMs: number,
    _headers: OutgoingHeaders | undefined,
    _attempt: number,
    reply: Reply,
  ): InFlight {
    const ask = this.#asked.get(path);
    const cancel = ask?.(Buffer.from(message.subarray(PREFIX_BYTES)).toString(), reply);
    return { cancel: () => cancel?.() };
  }
}
const NOTHING = new Uint8Array();

/** What a failure of a stream is to who asks once. */
export function faultOf({ code, message }: Failure): Fault {
  return code === Code.INTERNAL ? { kind: "invalid", code, message } : { kind: "status", code, message };
}
