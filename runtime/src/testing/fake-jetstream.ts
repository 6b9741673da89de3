// For tests only: a stream of JetStream in memory, with consumers of one or several subjects.
import pLimit from "p-limit";
import { type Clock, systemClock } from "../clock.ts";
import type { Link, LinkListener, NatsLinks } from "../topic/nats-link.ts";

interface Stored {
  readonly seq: number;
  readonly subject: string;
  readonly data: Uint8Array;
  readonly time: number;
}
interface Config {
  readonly name?: string;
  readonly filter_subject?: string;
  readonly filter_subjects?: readonly string[];
  readonly opt_start_seq?: number;
  readonly opt_start_time?: string;
}
interface FakeConsumer {
  readonly config: Config;
  next: number;
  delivered: number;
  callback: ((message: object) => void) | undefined;
  status: (type: string) => void;
}

export class FakeJetStream implements NatsLinks {
  readonly clock: Clock;
  readonly limit = pLimit(32);
  link: Link | undefined;
  /** Maximum number of items of a subject. */
  perSubject = Number.POSITIVE_INFINITY;
  epoch = "1";
  readonly consumers = new Map<string, FakeConsumer>();
  mostConsumers = 0;
  readonly #listeners = new Set<LinkListener>();
  #items: Stored[] = [];
  #last = 0;

  constructor({ clock = systemClock, lists = true } = {}) {
    this.clock = clock;
    this.link = this.#newLink(lists);
  }
  addListener(listener: LinkListener): void {
    this.#listeners.add(listener);
  }
  removeListener(listener: LinkListener): void {
    this.#listeners.delete(listener);
  }
  async facts(): Promise<{ readonly epoch: string }> {
    await turn();
    return { epoch: this.epoch };
  }
  lastly(doing: Promise<unknown>): void {
    doing.catch(() => {});
  }
  publish(subject: string, text: string): void {
    this.#items.push({ seq: ++this.#last, subject, data: Buffer.from(text), time: Date.now() });
    const same = this.#items.filter((item) => item.subject === subject);
    if (same.length > this.perSubject) this.#items.splice(this.#items.indexOf(same[0] as Stored), 1);
    for (const consumer of this.consumers.values()) this.#deliver(consumer);
  }
  /** Loses the connection, and all consumers. */
  disconnect(): void {
    const { link } = this;
    this.consumers.clear();
    this.link = undefined;
    for (const listener of [...this.#listeners]) listener.down();
    this.link = this.#newLink(link?.lists ?? true);
    for (const listener of [...this.#listeners]) listener.up(this.link);
  }
  /** Loses a consumer, or its next message. */
  harm(name: string, what: "consumer" | "message"): void {
    const consumer = this.consumers.get(name);
    if (consumer === undefined) return;
    if (what === "message") consumer.delivered++;
    else {
      this.consumers.delete(name);
      consumer.status("consumer_deleted");
    }
  }

  #deliver(consumer: FakeConsumer): void {
    setImmediate(() => {
      for (const item of this.#items) {
        if (consumer.callback === undefined) return;
        if (item.seq < consumer.next || !matches(consumer.config, item.subject)) continue;
        consumer.next = item.seq + 1;
        const info = { deliverySequence: ++consumer.delivered, streamSequence: item.seq };
        consumer.callback({ ...item, info });
      }
      if (consumer.callback !== undefined) consumer.next = this.#last + 1;
    });
  }
  #add(config: Config): { readonly name: string; readonly num_pending: number } {
    const { name = "", opt_start_seq, opt_start_time = "" } = config;
    const first = this.#items.find(({ time }) => time >= Date.parse(opt_start_time))?.seq ?? this.#last + 1;
    const next = Math.min(opt_start_seq ?? first, this.#last + 1);
    this.consumers.set(name, { config, next, delivered: 0, callback: undefined, status: () => {} });
    this.mostConsumers = Math.max(this.mostConsumers, this.consumers.size);
    return { name, num_pending: this.#items.filter(({ seq }) => seq >= next).length };
  }
  #find(name: string): FakeConsumer {
    const found = this.consumers.get(name);
    if (found === undefined) throw new Error("consumer not found");
    return found;
  }
  /** Consumes as the client of NATS. */
  #reader(name: string) {
    return {
      consume: async ({ callback }: { readonly callback: FakeConsumer["callback"] }) => {
        await turn();
        const consumer = this.#find(name);
        const closed = Promise.withResolvers<string>();
        consumer.callback = callback;
        consumer.status = closed.resolve;
        this.#deliver(consumer);
        return {
          async *status() {
            yield { type: await closed.promise };
          },
          close: async () => {
            consumer.callback = undefined;
          },
        };
      },
      fetch: async () => {
        const { next } = this.#find(name);
        return this.#items.filter(({ seq }) => seq >= next);
      },
    };
  }
  #newLink(lists: boolean): Link {
    const link = {
      lists,
      js: { consumers: { get: async (_: string, name: string) => this.#reader(name) } },
      jsm: {
        consumers: {
          add: async (_: string, config: Config) => turn().then(() => this.#add(config)),
          info: async (_: string, name: string) => {
            await turn();
            const { next, delivered } = this.#find(name);
            return { delivered: { consumer_seq: delivered, stream_seq: next - 1 } };
          },
          delete: async (_: string, name: string) => this.consumers.delete(name),
        },
        direct: { getMessage: async (_: string, query: Query) => turn().then(() => this.#get(query)) },
      },
      addMany: async (_: string, config: Config) => turn().then(() => this.#add(config)),
    };
    return link as unknown as Link;
  }
  #get(query: Query): Stored | null {
    if ("last_by_subj" in query) return this.#items.findLast(({ subject }) => subject === query.last_by_subj) ?? null;
    const { seq: from, next_by_subj } = query;
    if (next_by_subj === undefined) return this.#items.find(({ seq }) => seq === from) ?? null;
    return this.#items.find(({ seq, subject }) => seq >= from && subject === next_by_subj) ?? null;
  }
}
type Query = { readonly last_by_subj: string } | { readonly seq: number; readonly next_by_subj?: string };

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function matches({ filter_subject, filter_subjects }: Config, subject: string): boolean {
  if (filter_subject?.includes("*")) return true;
  return filter_subject === subject || filter_subjects?.includes(subject) === true;
}
