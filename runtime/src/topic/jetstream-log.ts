import { Code, Failure, invalid, Reason } from "../failure.ts";
import type { ItemSource } from "../source/source.ts";
import { SharedConsumers } from "./consumers/shared-consumers.ts";
import type { JetStreamItems } from "./jetstream-items.ts";
import { JetStreamRead } from "./jetstream-read.ts";
import { JetStreamTail } from "./jetstream-tail.ts";
import { keyOf, quotedKey, subjectOf } from "./key.ts";
import type { Entry, Place, ReadReceiver, Tail, TailReceiver } from "./log.ts";
import type { Link, NatsLinks, StoredMessage } from "./nats-link.ts";
import { faultOf, type NewestReceiver } from "./newest-item.ts";
import type { StoredLog, StoredSpec } from "./store.ts";
import { tokenOf } from "./token.ts";

interface Newest<Item> {
  readonly epoch: string;
  readonly entry: Entry<Item>;
  readonly data: Uint8Array;
}

/** Items in a stream of JetStream: a subject for each key. */
export class JetStreamLog<Item> implements StoredLog<Item>, JetStreamItems<Item> {
  readonly ordered = true;
  readonly lingerMs = 0;
  consumers = 0;
  readonly shared: SharedConsumers;
  readonly nats: NatsLinks;
  readonly stream: string;
  readonly #spec: StoredSpec<Item>;

  constructor(nats: NatsLinks, spec: StoredSpec<Item>) {
    this.nats = nats;
    this.stream = spec.jetstream;
    this.#spec = spec;
    this.shared = new SharedConsumers(this, this.subject("*"));
  }
  tail(key: string, receiver: TailReceiver<Item>): Tail {
    return new JetStreamTail(this, this.subject(key), receiver);
  }
  read(key: string, after: Place | undefined, receiver: ReadReceiver<Item>): ItemSource {
    return new JetStreamRead(this, this.subject(key), after, receiver);
  }
  subject(key: string): string {
    return subjectOf(this.#spec.subject, key);
  }
  newest(key: string, receiver: NewestReceiver<Item>): () => void {
    let active = true;
    const { link } = this.nats;
    const reply = link === undefined ? Promise.reject(new Error("NATS is away")) : this.#newest(link, key);
    reply.then(
      (newest) => {
        if (active) give(newest, receiver);
      },
      (error) => {
        if (active) receiver.faulted({ kind: "transport", code: Code.UNAVAILABLE, message: String(error) });
      },
    );
    return () => {
      active = false;
    };
  }
  /** @throws errors of the NATS client; Unusable */
  async #newest(link: Link, key: string): Promise<Newest<Item> | undefined> {
    const { epoch } = await this.nats.facts(link, this.stream, false);
    const stored = await link.jsm.direct.getMessage(this.stream, { last_by_subj: this.subject(key) });
    return stored === null ? undefined : { epoch, entry: this.entry(stored), data: stored.data };
  }
  /**
   * Reports whether no item after a sequence number was dropped. That is so if its item is still kept, or an older one
   * of the key, because the oldest are dropped first.
   *
   * @param seq 0 if no item was received
   */
  async isWhole(link: Link, subject: string, seq: number): Promise<boolean> {
    if (seq === 0) return true;
    for (const from of [seq, 1]) {
      const oldest = await link.jsm.direct.getMessage(this.stream, { seq: from, next_by_subj: subject });
      if (oldest !== null && oldest.seq <= seq) return true;
    }
    return false;
  }
  entry(stored: StoredMessage): Entry<Item> {
    return { place: BigInt(stored.seq), item: this.#read(stored), bytes: stored.data.length };
  }
  #read({ seq, subject, data }: StoredMessage): Item | Failure {
    try {
      return this.#spec.decode(data);
    } catch (error) {
      const key = keyOf(this.#spec.subject, subject);
      const message = `item ${seq} of ${this.stream} (key ${quotedKey(key)}, ${data.length} bytes) does not decode: ${error}`;
      return invalid(this.#spec.subject, message, error);
    }
  }
  /** Returns the failure of a log that is unavailable at present. */
  unavailable(message: string): Failure {
    const code = Code.UNAVAILABLE;
    return new Failure({ code, reason: Reason.UNAVAILABLE, callee: this.#spec.subject, message, clientCode: code });
  }
}

function give<Item>(newest: Newest<Item> | undefined, receiver: NewestReceiver<Item>): void {
  if (newest === undefined) {
    receiver.nothing();
    return;
  }
  const { epoch, entry, data } = newest;
  if (entry.item instanceof Failure) receiver.faulted(faultOf(entry.item));
  else receiver.found(entry.item, tokenOf(epoch, entry.place), data);
}
