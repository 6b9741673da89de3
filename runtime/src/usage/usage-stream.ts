import type { Link } from "../topic/nats-link.ts";
import type { StoredUsage, UsageTarget } from "./usage-queue.ts";

/** Time limit for the acknowledgement of an event, in milliseconds. */
const ACK_MS = 2_000;

/** Part of the connection to NATS that this file uses. */
interface Nats {
  readonly link: Link | undefined;
  close(): Promise<void>;
}

/** Publishes events to JetStream. The stream drops a second event of the same `id` within its `duplicate_window`. */
export class UsageStream implements UsageTarget {
  readonly #nats: Nats;

  constructor(nats: Nats) {
    this.#nats = nats;
  }
  async store(events: readonly StoredUsage[]): Promise<readonly StoredUsage[]> {
    const { link } = this.#nats;
    if (link === undefined) throw new Error("NATS cannot be reached");
    const sent = events.map(({ subject, text, id }) => link.js.publish(subject, text, { msgID: id, timeout: ACK_MS }));
    const found = await Promise.allSettled(sent);
    const refusals = found.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));
    if (refusals.length === events.length) throw refusals[0];
    return events.filter((_, at) => found[at]?.status === "rejected");
  }
  close(): Promise<void> {
    return this.#nats.close();
  }
}
