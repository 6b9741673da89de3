// Publishes a worker's events with NATS' own client.
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";

export interface Publisher {
  publish(subject: string, event: Uint8Array): void;
  close(): Promise<void>;
}

/** Makes the stream RUNS where it is not there: every event of every run, kept for an hour, and readable one by one. */
export async function publisherTo(url: string): Promise<Publisher> {
  const connection = await connect({ servers: url });
  const manager = await jetstreamManager(connection);
  await manager.streams.add({
    name: "RUNS",
    subjects: ["runs.*.events"],
    allow_direct: true,
    max_age: 3_600_000_000_000, // in nanoseconds
  });
  const stream = jetstream(connection);
  const pending = new Set<Promise<unknown>>();
  return {
    publish(subject, event) {
      const sent = stream.publish(subject, event).catch((error: unknown) => console.error(subject, error));
      pending.add(sent);
      void sent.finally(() => pending.delete(sent));
    },
    async close() {
      await Promise.all(pending);
      await connection.close();
    },
  };
}
