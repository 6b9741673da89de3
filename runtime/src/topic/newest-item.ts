import { TOKEN_HEADER } from "../call/response-metadata.ts";
import type { Codec } from "../call/upstream.ts";
import { type Failure, type Fault, Reason } from "../failure.ts";
import type { OutgoingHeaders } from "../transport/call-headers.ts";
import type { InFlight, Reply, UnaryClient } from "../transport/unary-client.ts";
import { checkedDecoder } from "../wire/answer-values.ts";
import { schemaOf } from "../wire/codec.ts";
import { frame, PREFIX_BYTES } from "../wire/frame.ts";
import type { TappedTopic, TopicTap } from "./topic-tap.ts";

/** Receives the newest item of a key by one of these calls, once. */
export interface NewestReceiver<Item> {
  /** @param bytes stored bytes of the item, if they are known */
  found(item: Item, token: string, bytes?: Uint8Array): void;
  /** Reports that the key has no item. */
  nothing(): void;
  faulted(fault: Fault): void;
}
/** Requests the newest item of a key. No answer precedes the return, or follows a call of the returned function. */
export type NewestQuery<Item> = (key: string, receiver: NewestReceiver<Item>) => () => void;

/**
 * Topics in the form of an upstream. A request is the number of a topic and a key, on two lines. Its answer is the
 * newest item.
 */
export class NewestClient implements UnaryClient {
  readonly #queries: ((key: string, reply: Reply) => () => void)[] = [];

  /**
   * @param check throws for an invalid key
   * @param tap receives answers with the bytes of items, of which it may repeat those of another process
   */
  add<Item>(
    query: NewestQuery<Item>,
    check: (key: string) => void,
    topic: TappedTopic<Item>,
    tap: TopicTap | undefined,
  ): Codec<string, Item | undefined> {
    // An answer is decoded while it is delivered, because items are decoded by their log.
    let newest: Item | undefined;
    const number = this.#queries.length;
    this.#queries.push((key, reply) =>
      query(key, {
        found(item, token, bytes = NOTHING) {
          newest = item;
          reply.metadata?.({ [TOKEN_HEADER]: token }, {});
          reply.replied(tap === undefined ? bytes : Buffer.concat([FOUND, tap.encoded(topic, item)]));
        },
        nothing() {
          newest = undefined;
          reply.replied(NOTHING);
        },
        faulted: (fault) => reply.faulted(fault),
      }),
    );
    const encode = (key: string): Buffer => {
      check(key);
      return frame(Buffer.from(`${number}\n${key}`));
    };
    const decodeTapped = (bytes: Uint8Array): Item | undefined =>
      bytes.length === 0 ? undefined : (newest ?? topic.decode(bytes.subarray(FOUND.length)));
    const decode = tap === undefined ? () => newest : decodeTapped;
    const schema = schemaOf(topic.decode);
    return { encode, decode: schema === undefined ? decode : checkedDecoder(schema, decode), output: undefined };
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
    const cancel = this.#queries[Number(number)]?.(key, reply);
    return { cancel: () => cancel?.() };
  }
}
const NOTHING = new Uint8Array();
/** Distinguishes an item without bytes from none, for taps. */
const FOUND = Uint8Array.of(1);

/** Returns the fault for a single request that the failure of a stream means. */
export function faultOf({ code, reason, message }: Failure): Fault {
  const kept = reason === Reason.BREAKER_OPEN || reason === Reason.LIMITED ? reason : undefined;
  return { kind: reason === Reason.INVALID ? "invalid" : "status", code, message, kept };
}
