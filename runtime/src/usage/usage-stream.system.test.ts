// Holds docs/runtime.md#usage-events
import { randomUUID } from "node:crypto";
import { DeliverPolicy } from "@nats-io/jetstream";
import { expect, onTestFinished, test } from "vitest";
import { systemClock } from "../clock.ts";
import { startNats } from "../testing/nats-rig.ts";
import { Nats } from "../topic/nats.ts";
import { Usage } from "./usage.ts";
import { UsageQueue } from "./usage-queue.ts";
import { UsageStream } from "./usage-stream.ts";

test("no event is lost or stored twice while nats-server is killed with -9 and returns, three times", async () => {
  const server = await startNats();
  await server.start();
  const { jsm, js } = await server.admin();
  await jsm.streams.add({ name: "USAGE", subjects: ["usage.>"] });
  const faults: string[] = [];
  const parts = { clock: systemClock, fault: (message: string) => void faults.push(message) };
  const queue = new UsageQueue(new UsageStream(new Nats({ servers: [new URL(server.url).host] }, parts)), parts);
  const usage = new Usage({ stream: queue });
  onTestFinished(() => queue.close(0));
  const ids: string[] = [];
  const record = (count: number): void => {
    for (let i = 0; i < count; i++) {
      const id = randomUUID();
      ids.push(id);
      const rest = { requestId: undefined, source: undefined, charged: { "a.v1/user": 1 }, field: {} };
      usage.record({ time: new Date(), id, rpc: "a.v1.A/Get", ...rest }, "usage.a");
    }
  };
  /** Returns the number of stored events, once it is at least this number. */
  const stored = async (least: number): Promise<number> => {
    for (;;) {
      const count = await jsm.streams.info("USAGE").then(
        ({ state }) => state.messages,
        () => -1,
      );
      if (count >= least) return count;
    }
  };
  for (let round = 0; round < 3; round++) {
    const before = ids.length;
    record(2_000);
    await stored(before + 1);
    await server.stop();
    record(500);
    await server.start();
    await stored(ids.length);
  }
  expect(await stored(ids.length)).toBe(7_500);
  const consumer = await js.consumers.get("USAGE", { deliver_policy: DeliverPolicy.All });
  const found: string[] = [];
  for await (const message of await consumer.fetch({ max_messages: ids.length, expires: 30_000 })) {
    const { id } = message.json<{ id: string }>();
    expect(message.headers?.get("Nats-Msg-Id")).toBe(id);
    found.push(id);
  }
  expect(found.sort()).toEqual(ids.sort());
  expect(queue.lost).toBe(0);
  expect(faults).toContain("NATS is there again");
});

test("an event that is published twice is stored once, and one without a stream is tried again until it has one", async () => {
  const server = await startNats();
  await server.start();
  const { jsm } = await server.admin();
  const parts = { clock: systemClock, fault: () => {} };
  const nats = new Nats({ servers: [new URL(server.url).host] }, parts);
  const stream = new UsageStream(nats);
  onTestFinished(() => stream.close());
  const event = { id: "1", subject: "usage.a", text: "{}" };
  const store = async (...subjects: string[]): Promise<string> =>
    stream.store(subjects.map((subject) => ({ ...event, subject, id: subject }))).then(
      (failed) => failed.map(({ subject }) => subject).join(),
      () => "none",
    );
  while (nats.link === undefined) await new Promise((resolve) => setImmediate(resolve));
  expect(await store("usage.a")).toBe("none");
  await jsm.streams.add({ name: "USAGE", subjects: ["usage.>"] });
  expect([await store("usage.a", "other"), await store("usage.a")]).toEqual(["other", ""]);
  expect((await jsm.streams.info("USAGE")).state.messages).toBe(1);
});
