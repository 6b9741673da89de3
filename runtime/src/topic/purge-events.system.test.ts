// Holds docs/runtime.md#caching
import { expect, onTestFinished, test } from "vitest";
import { type Clock, systemClock } from "../clock.ts";
import { startNats } from "../testing/nats-rig.ts";
import { until } from "../testing/redis-rig.ts";
import { Nats } from "./nats.ts";
import { PurgeEvents } from "./purge-events.ts";

/** A process that reads events, and may be unable to purge. */
async function reader(config: object) {
  const server = await startNats();
  await server.start();
  const { js, jsm, add } = await server.admin();
  await add("ITEMS", config);
  const [purged, faults]: [string[], string[]] = [[], []];
  const state = { works: true, checks: 0 };
  // Shortens the interval between checks of the position.
  const clock: Clock = {
    ...systemClock,
    setTimeout: (run, ms, argument) => {
      if (ms >= 30_000) state.checks++;
      return systemClock.setTimeout(run, ms >= 30_000 ? 100 : ms, argument);
    },
  };
  const fault = (what: string): void => void faults.push(what);
  const nats = new Nats({ servers: [new URL(server.url).host] }, { clock, fault });
  const events = new PurgeEvents(
    { subject: "items.*.events", jetstream: "ITEMS", names: (event) => [Buffer.from(event).toString()] },
    {
      nats,
      consumer: async () => "shared",
      purge: async (names) => {
        if (!state.works) throw new Error("no store");
        purged.push(...names);
      },
      failed: () => {},
      fault,
    },
  );
  onTestFinished(async () => {
    await events.close();
    await nats.close();
  });
  await until(async () => (await jsm.consumers.info("ITEMS", "shared")).num_waiting > 0);
  const publish = (text: string) => js.publish("items.7.events", text);
  const drained = () => until(async () => (await jsm.consumers.info("ITEMS", "shared")).num_ack_pending === 0);
  return { publish, drained, purged, faults, state };
}

test("events that the stream drops while no purge can be written purge everything", async () => {
  const { publish, purged, faults, state } = await reader({ max_msgs: 2 });
  expect(purged.splice(0)).toEqual(["*"]);
  await publish("a");
  await until(() => purged.includes("a"));
  state.works = false;
  for (const text of ["b", "c", "d", "e"]) await publish(text);
  await until(() => faults.some((what) => what.includes("may be lost")));
  state.works = true;
  await until(() => purged.includes("*") && purged.includes("e"));
});

test("events that the stream drops after their purge cause no other one", async () => {
  const { publish, drained, purged, faults, state } = await reader({ max_msgs: 2 });
  for (const text of ["a", "b", "c", "d", "e"]) {
    await publish(text);
    await until(() => purged.includes(text));
  }
  await drained();
  const { checks } = state;
  await until(() => state.checks > checks + 2);
  await new Promise((resolve) => setTimeout(resolve, 500)); // several checks
  expect([purged, faults]).toEqual([["*", "a", "b", "c", "d", "e"], []]);
});

test("a stream that replaces events of one subject is reported", async () => {
  const { faults } = await reader({ max_msgs_per_subject: 1 });
  expect(faults).toEqual([
    "the JetStream stream ITEMS has max_msgs_per_subject 1: it may drop events before their purge; remove this limit",
  ]);
});
