import type { Link } from "../nats-link.ts";
import { addConsumer } from "./consumer.ts";

const SPAN_MS = 60_000;
/** Maximum number of items that are read, without their data. */
const MAX_ITEMS = 1_000;
/** Time limit for them, in milliseconds. */
const READ_MS = 2_000;

/**
 * Returns the subjects that had items in the last minute, from its first 1,000 items.
 *
 * @throws errors of the NATS client
 */
export async function activeKeys(link: Link, stream: string, wildcard: string): Promise<ReadonlySet<string>> {
  const { name, num_pending } = await addConsumer(link, stream, [wildcard], {
    deliver_policy: "by_start_time",
    opt_start_time: new Date(Date.now() - SPAN_MS).toISOString(),
    headers_only: true,
  });
  const found = new Set<string>();
  try {
    if (num_pending === 0) return found;
    const consumer = await link.js.consumers.get(stream, name);
    const items = await consumer.fetch({ max_messages: Math.min(num_pending, MAX_ITEMS), expires: READ_MS });
    for await (const { subject } of items) found.add(subject);
    return found;
  } finally {
    await link.jsm.consumers.delete(stream, name);
  }
}
