// Holds docs/runtime.md#caching
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type Clock, systemClock } from "../clock.ts";
import { startNats } from "../testing/nats-rig.ts";
import { until } from "../testing/redis-rig.ts";
import { Nats } from "./nats.ts";
import { PurgeEvents } from "./purge-events.ts";

/** Permissions on the page, which suffice. */
const page = readFileSync(new URL("../../../docs/deploying.md", import.meta.url), "utf8");
const [text = ""] = /{ "publish": [^`]+}/.exec(page) ?? [];
const RIGHTS = JSON.parse(text.replaceAll("RUNS", "ITEMS")) as {
  readonly publish: string[];
  readonly subscribe: string[];
};

/** A server with a user of these rights, and one for tests. */
async function serverOf(rights: object) {
  const folder = mkdtempSync(join(tmpdir(), "bff-nats-users-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const users = [
    { user: "admin", password: "secret" },
    { user: "shop", password: "secret", permissions: rights },
  ];
  const path = join(folder, "users.conf");
  writeFileSync(path, JSON.stringify({ authorization: { users } }));
  const server = await startNats("-c", path);
  await server.start();
  return server;
}

/** A process that reads events, and may be unable to purge. */
async function reader(config: object, rights: object = RIGHTS) {
  const server = await serverOf(rights);
  const { js, jsm, add } = await server.admin({ user: "admin", pass: "secret" });
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
  const user = { user: "shop", pass: "secret" };
  const nats = new Nats({ servers: [new URL(server.url).host], ...user }, { clock, fault });
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
  const isReading = async () => (await jsm.consumers.info("ITEMS", "shared")).num_waiting > 0;
  await until(async () => faults.length > 0 || (await isReading()));
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

test.each([
  ["pulls", { ...RIGHTS, publish: { allow: RIGHTS.publish, deny: ["$JS.API.CONSUMER.MSG.NEXT.>"] } }],
  ["acknowledgements", { ...RIGHTS, publish: RIGHTS.publish.filter((subject) => !subject.includes("ACK")) }],
])("refused %s are reported", async (_, rights) => {
  const { publish, faults } = await reader({}, rights);
  await publish("a");
  await until(() => faults.includes("NATS refuses a request of this process"));
});
