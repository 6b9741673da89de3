// Holds docs/runtime.md#topics
import { expect, onTestFinished, test } from "vitest";
import { type Clock, systemClock } from "../../clock.ts";
import { FakeJetStream } from "../../testing/fake-jetstream.ts";
import { Listener, upTo } from "../../testing/jetstream-rig.ts";
import { until } from "../../testing/redis-rig.ts";
import { JetStreamLog } from "../jetstream-log.ts";
import { TopicChannels } from "../topic-channels.ts";
import { NoLists } from "./many-subjects.ts";

/** A clock on which delays are short, except that for which followers are held. */
const CLOCK: Clock = {
  ...systemClock,
  setTimeout: (run, ms, argument) => systemClock.setTimeout(run, ms === 30_000 ? ms : ms / 500, argument),
};
function open(nats: FakeJetStream) {
  const decode = (bytes: Uint8Array) => ({ n: Number(Buffer.from(bytes).toString()) });
  const log = new JetStreamLog(nats, { name: "run", subject: "runs.{key}.events", jetstream: "RUNS", decode });
  const following = new TopicChannels({ name: "run", keep: 4 }, log, CLOCK);
  onTestFinished(() => following.close());
  return { log, following };
}
/** Numbers from 0 to below a bound, from a seed. */
function draws(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
const breath = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Keys that are followed and left at random, while items come and consumers fail. */
async function run(seed: number, lists: boolean, perSubject: number) {
  const nats = new FakeJetStream({ clock: CLOCK, lists });
  nats.perSubject = perSubject;
  const { log, following } = open(nats);
  const draw = draws(seed);
  const published = new Map<string, number>();
  const current = new Map<string, Listener>();
  const all: { readonly key: string; readonly listener: Listener; readonly after: number | undefined }[] = [];
  for (let step = 0; step < 1_500; step++) {
    const key = `k${draw(250)}`;
    const listener = current.get(key);
    const chance = draw(100);
    if (chance < 50) {
      const n = (published.get(key) ?? 0) + 1;
      published.set(key, n);
      nats.publish(`runs.${key}.events`, `${n}`);
    } else if (chance < 85 && listener === undefined) {
      const before = all.findLast((past) => past.key === key)?.listener;
      const next = new Listener(following, key, before?.token);
      current.set(key, next);
      all.push({ key, listener: next, after: before?.deliveries.at(-1) });
    } else if (chance < 95 && listener !== undefined) {
      listener.leave();
      current.delete(key);
    } else if (chance === 95 && step % 5 === 0) nats.disconnect();
    else if (chance > 96) {
      const names = [...nats.consumers.keys()];
      nats.harm(names[draw(names.length)] ?? "", draw(2) === 0 ? "message" : "consumer");
    }
    if (draw(8) === 0) await breath();
  }
  await until(() =>
    all.every(
      ({ key, listener, after = 0 }) =>
        current.get(key) !== listener || (listener.deliveries.at(-1) ?? after) === (published.get(key) ?? 0),
    ),
  );
  return { nats, log, following, all, current };
}

test.each([
  ["lists of subjects", true],
  ["one subject for all keys", false],
])("%s lose and repeat no item while keys come and go and consumers fail", { timeout: 60_000 }, async (_, lists) => {
  for (let seed = 1; seed <= 8; seed++) {
    const { nats, log, all, current } = await run(seed, lists, Number.POSITIVE_INFINITY);
    for (const { listener, after } of all) {
      const first = after === undefined ? 1 : after + 1;
      expect([listener.deliveries, listener.resets]).toEqual([listener.deliveries.map((_, i) => first + i), []]);
    }
    expect(current.size).toBeGreaterThan(64);
    await until(() => log.consumers <= (lists ? 4 : 1) && nats.consumers.size === log.consumers);
    for (const listener of current.values()) listener.leave();
    await until(() => nats.consumers.size === 0);
  }
});

test("items that the stream drops cause a reset in shared consumers", { timeout: 60_000 }, async () => {
  for (let seed = 1; seed <= 4; seed++) {
    const { all } = await run(seed, true, 2);
    for (const { listener } of all) {
      const { deliveries, resets } = listener;
      const holes = deliveries.filter((n, i) => i > 0 && n !== (deliveries[i - 1] ?? 0) + 1);
      expect(holes.filter((n) => !resets.includes(n))).toEqual([]);
    }
  }
});

// A million keys over a hundred processes are 10,000 keys in each: 10,000 consumers together.
test("10,000 followed keys have at most 100 consumers, and few more while they are opened", {
  timeout: 60_000,
}, async () => {
  const nats = new FakeJetStream({ clock: CLOCK });
  const { log, following } = open(nats);
  const listeners = upTo(10_000).map((n) => new Listener(following, `k${n}`));
  await until(() => log.consumers === 100 && nats.consumers.size === 100);
  expect(nats.mostConsumers).toBeLessThan(500);
  nats.publish("runs.k77.events", "1");
  await until(() => listeners[76]?.deliveries.length === 1);
});

test("a process that follows most active keys gets all items by one consumer, until it follows few", async () => {
  const nats = new FakeJetStream({ clock: CLOCK });
  const { log, following } = open(nats);
  const listeners = upTo(250).map((n) => new Listener(following, `k${n}`));
  for (let n = 201; n <= 290; n++) nats.publish(`runs.k${n}.events`, "1");
  await until(() => log.consumers === 1);
  for (const listener of listeners.slice(150)) listener.leave();
  await until(() => log.consumers === 2);
  nats.publish("runs.k1.events", "1");
  await until(() => listeners[0]?.deliveries.length === 1);
  expect(listeners[0]?.resets).toEqual([]);
});

test("a server that ignores lists of subjects gets one consumer", async () => {
  const nats = new FakeJetStream({ clock: CLOCK });
  const { link } = nats;
  if (link === undefined) throw new Error("no link");
  link.addMany = async () => {
    link.lists = false;
    throw new NoLists();
  };
  const { log, following } = open(nats);
  const listeners = upTo(70).map((n) => new Listener(following, `k${n}`));
  await until(() => log.consumers === 1);
  nats.publish("runs.k7.events", "1");
  await until(() => listeners[6]?.deliveries.length === 1);
});
