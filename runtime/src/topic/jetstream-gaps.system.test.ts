// What a stream drops before a process gets to it: a real nats-server, another process that publishes, and a process that stands still.
// Holds docs/runtime.md#topics
import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { Code } from "../failure.ts";
import { Listener, setUp, upTo } from "../testing/jetstream-rig.ts";
import { until } from "../testing/redis-rig.ts";

/** Publishes numbers under a key, each with an item of another key behind it, while this process stands still. */
function publishMeanwhile(url: string, key: string, from: number, to: number): void {
  const script = `
    import { connect } from "@nats-io/transport-node";
    const connection = await connect({ servers: "${url}" });
    for (let n = ${from}; n <= ${to}; n++) {
      connection.publish("runs.${key}.events", String(n));
      connection.publish("runs.aside.events", "0");
    }
    await connection.flush();
    await connection.close();`;
  execFileSync(process.execPath, ["--input-type=module", "-e", script], { cwd: import.meta.dirname });
}
/** Where numbers do not follow their predecessor. */
const holes = (numbers: readonly number[]): number[] =>
  numbers.filter((n, i) => i > 0 && n !== (numbers[i - 1] ?? 0) + 1);

describe("a stream that drops items before delivery", { timeout: 60_000 }, () => {
  test("every follower of the key is reset, and continues from the oldest kept item", async () => {
    const { following, publish, server } = await setUp({ max_msgs_per_subject: 100 });
    await publish("a", ...upTo(10));
    await publish("b", ...upTo(10));
    const all = [new Listener(following, "a"), new Listener(following, "a", undefined, { wants: 3 })];
    const newest = new Listener(following, "a", undefined, { latest: true });
    const other = new Listener(following, "b");
    await until(
      () => all[0]?.deliveries.length === 10 && all[1]?.deliveries.length === 3 && other.deliveries.length === 10,
    );
    publishMeanwhile(server.url, "a", 11, 3_000);
    all[1]?.wants(100_000);
    await until(() => [...all, newest].every(({ deliveries }) => deliveries.at(-1) === 3_000));
    await publish("b", 11);
    await until(() => other.deliveries.length === 11);
    for (const { deliveries, resets } of all) {
      expect(resets.length).toBeGreaterThan(0);
      expect(holes(deliveries).filter((n) => !resets.includes(n))).toEqual([]);
      expect(deliveries.slice(-100)).toEqual(upTo(3_000).slice(-100)); // what is kept, all of it
    }
    expect(newest.resets.length).toBeGreaterThan(0);
    expect([other.deliveries, other.resets]).toEqual([upTo(11), []]);
  });
  test("no follower is reset while the oldest received item is still kept", async () => {
    const { following, publish, server } = await setUp({ max_msgs_per_subject: 1_000 });
    await publish("a", ...upTo(10));
    const listener = new Listener(following, "a");
    await until(() => listener.deliveries.length === 10);
    for (let to = 1_000; to <= 4_000; to += 500) {
      publishMeanwhile(server.url, "a", to - (to === 1_000 ? 989 : 499), to);
      await until(() => listener.deliveries.at(-1) === to);
    }
    expect([holes(listener.deliveries), listener.resets]).toEqual([[], []]);
  });
});

test("an undecodable item ends the stream with its key, sequence and bytes; deleting the item resolves the failure", async () => {
  const { following, publish, admin } = await setUp();
  await publish("aside", 1);
  await publish("a", 1, 2);
  const slow = new Listener(following, "a", undefined, { wants: 1 });
  const quick = new Listener(following, "a");
  await until(() => quick.deliveries.length === 2 && slow.deliveries.length === 1);
  const { seq } = await admin.js.publish("runs.a.events", "no number");
  await until(() => quick.end);
  expect(quick.end).toBe(
    `${Code.INTERNAL} runs.{key}.events item 4 of RUNS (key "a", 9 bytes) does not decode: Error: no number`,
  );
  const barred = new Listener(following, "a", quick.token);
  await until(() => barred.end);
  expect(barred.end).toBe(quick.end);
  await admin.jsm.streams.deleteMessage("RUNS", seq);
  await publish("aside", 2);
  await publish("a", 3, 4);
  // The slow one has kept its place, and with it what this process has read of the key.
  const again = new Listener(following, "a", quick.token);
  slow.wants(100);
  const fresh = new Listener(following, "a");
  await until(() => [again, slow, fresh].every(({ deliveries }) => deliveries.at(-1) === 4));
  expect([again.deliveries, slow.deliveries, fresh.deliveries]).toEqual([[3, 4], upTo(4), upTo(4)]);
  expect([again, slow, fresh].map(({ resets }) => resets)).toEqual([[], [], []]);
}, 60_000);
