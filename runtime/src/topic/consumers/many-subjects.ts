import type { ConsumerConfig, ConsumerInfo } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";

/** Whether consumers of a server may have several subjects. */
export function hasLists(version = ""): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 2 || (major === 2 && minor >= 10);
}

/**
 * Adds a consumer with several subjects, by the request that consumers of one subject have.
 *
 * @throws Error if the server refuses it; NoLists if the server ignored the subjects
 */
export async function addMany(
  connection: NatsConnection,
  stream: string,
  config: Partial<ConsumerConfig>,
  timeout: number,
): Promise<ConsumerInfo> {
  const subject = `$JS.API.CONSUMER.CREATE.${stream}.${config.name}`;
  const reply = await connection.request(subject, JSON.stringify({ stream_name: stream, config }), { timeout });
  const info: ConsumerInfo & { readonly error?: { readonly description: string } } = reply.json();
  if (info.error !== undefined) throw new Error(info.error.description);
  if (info.config.filter_subjects?.length === config.filter_subjects?.length) return info;
  await connection.request(`$JS.API.CONSUMER.DELETE.${stream}.${config.name}`, undefined, { timeout });
  throw new NoLists("the server has no consumers with several subjects");
}
/** The server that made a consumer is older than the one of the connection. */
export class NoLists extends Error {}
