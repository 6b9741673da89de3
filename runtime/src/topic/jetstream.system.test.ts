// Against a real nats-server with JetStream, on a port of its own; NATS' own client publishes and counts consumers.
// Holds docs/runtime.md#topics
import { describe, expect, test } from "vitest";
import { Code } from "../failure.ts";
import { follow, hasty, Listener, setUp, upTo } from "../testing/jetstream-rig.ts";
import { startNats } from "../testing/nats-rig.ts";
import { until } from "../testing/redis-rig.ts";
import { readToken, tokenOf } from "./token.ts";

describe("a topic in JetStream", { timeout: 60_000 }, () => {
  test("a topic is followed from its oldest item by one shared consumer, which ends with the last follower", async () => {
    const { following, publish, admin, log } = await setUp();
    await publish("a", ...upTo(50));
    await publish("b", 1000);
    const [quick, slow] = [new Listener(following, "a"), new Listener(following, "a", undefined, { wants: 3 })];
    await until(() => quick.deliveries.length === 50 && slow.deliveries.length === 3);
    expect([log.consumers, await admin.consumers("RUNS")]).toEqual([1, 1]);
    await publish("a", 51, 52);
    await until(() => quick.deliveries.length === 52);
    slow.wants(1_000);
    await until(() => slow.deliveries.length === 52);
    expect([quick.deliveries, slow.deliveries]).toEqual([upTo(52), upTo(52)]);
    expect([quick.resets, slow.resets]).toEqual([[], []]);
    quick.leave();
    slow.leave();
    expect([log.consumers, following.state]).toEqual([
      0,
      { followers: 0, keys: 0, ringBytes: 0, consumers: 0, resets: 0 },
    ]);
    await until(async () => (await admin.consumers("RUNS")) === 0);
  });
  test("200 short-lived keys leave no consumer, even if their followers leave during its creation", async () => {
    const { following, admin, publish, log } = await setUp();
    await publish("k7", 1);
    const all = upTo(200).map((n) => new Listener(following, `k${n}`));
    for (const listener of all.slice(0, 50)) listener.leave();
    await until(() => all[6]?.deliveries.length === 0 && log.consumers > 20);
    for (const listener of all.slice(50, 120)) listener.leave();
    await until(async () => (await admin.consumers("RUNS")) >= 80);
    for (const listener of all.slice(120)) listener.leave();
    await until(async () => log.consumers === 0 && (await admin.consumers("RUNS")) === 0);
  });
  test("a topic continues behind a token, and starts again behind an expired, foreign or future token", async () => {
    const { following, publish, admin } = await setUp({ max_msgs_per_subject: 10 });
    await publish("other", 0);
    await publish("a", ...upTo(30)); // 2 to 31, of which 22 to 31 are left
    const { created } = await admin.jsm.streams.info("RUNS").then(({ created }) => ({ created }));
    const places = [25n, 31n, 22n, 21n, 1n, 5_000n, 0n, -1n, 2n ** 63n];
    const all = places.map((place) => new Listener(following, "a", tokenOf(created, place)));
    const newest = places.map((place) => new Listener(following, "a", tokenOf(created, place), { latest: true }));
    const foreign = new Listener(following, "a", tokenOf("2020-01-01T00:00:00Z", 25n));
    const kept = upTo(30).slice(20);
    await until(() => foreign.deliveries.length === 10);
    const want = places.map((_, i) => (i === 0 ? kept.slice(4) : i === 1 ? [] : i === 2 ? kept.slice(1) : kept));
    await until(() => all.every(({ deliveries }, i) => deliveries.length >= (want[i]?.length ?? 0)));
    await until(() => newest.every(({ deliveries }, i) => i === 1 || deliveries.length === 1));
    expect(all.map(({ deliveries }) => deliveries)).toEqual(want);
    expect(all.map(({ resets }) => resets)).toEqual(places.map((_, i) => (i < 3 ? [] : [21])));
    expect(newest.map(({ deliveries, resets }) => [deliveries, resets])).toEqual(
      places.map((_, i) => (i === 1 ? [[], []] : [[30], [30]])), // also where something is left out
    );
    expect([foreign.deliveries, foreign.resets]).toEqual([kept, [21]]);
    await publish("a", 31);
    await until(() => [...all, ...newest].every(({ deliveries }) => deliveries.at(-1) === 31));
  });
  test("a slow follower with expired items is reset", async () => {
    const { following, publish } = await setUp({ max_msgs_per_subject: 10 });
    const slow = new Listener(following, "a", undefined, { wants: 1 });
    await publish("a", ...upTo(3));
    await until(() => slow.deliveries.length === 1);
    await publish("a", ...upTo(60).slice(3));
    slow.wants(1_000);
    await until(() => slow.deliveries.at(-1) === 60);
    expect(slow.deliveries).toEqual([1, ...upTo(60).slice(50)]);
    expect(slow.resets).toEqual([51]);
  });
  test("a topic ends behind the last item of a key, and at once behind its token; an undecodable item fails it", async () => {
    const { following, publish, admin } = await setUp();
    await publish("a", 1, -1);
    const first = new Listener(following, "a");
    await until(() => first.end);
    expect([first.deliveries, first.end]).toEqual([[1, -1], "ended"]);
    await publish("a", ...upTo(9));
    const again = new Listener(following, "a", first.token);
    await until(() => again.end);
    expect([again.deliveries, again.end]).toEqual([[], "ended"]);
    await admin.js.publish("runs.bad.events", "x");
    const bad = new Listener(following, "bad");
    await until(() => bad.end);
    expect(bad.end).toBe(
      `${Code.INTERNAL} runs.{key}.events item 12 of RUNS (key "bad", 1 bytes) does not decode: Error: no number`,
    );
  });
  test("a killed and restarted server causes no missed and no repeated item", async () => {
    const { following, publish, server, admin, log, faults } = await setUp();
    await publish("a", ...upTo(5));
    const all = ["a", "a", "b"].map((key) => new Listener(following, key));
    await until(() => all[1]?.deliveries.length === 5 && log.consumers === 2);
    await server.stop();
    await until(() => faults.length === 1);
    expect(log.consumers).toBe(0);
    const late = new Listener(following, "a", all[0]?.token);
    await server.start();
    for (let n = 6; n <= 8; n++) await until(() => publish("a", n).then(() => true));
    await publish("b", 77);
    await until(
      () => all[0]?.deliveries.at(-1) === 8 && late.deliveries.at(-1) === 8 && all[2]?.deliveries.length === 1,
    );
    expect(all.map(({ deliveries, resets }) => [deliveries, resets])).toEqual([
      [upTo(8), []],
      [upTo(8), []],
      [[77], []],
    ]);
    expect(late.deliveries).toEqual([6, 7, 8]);
    expect(faults).toEqual(["NATS cannot be reached; it is tried again and again", "NATS is there again"]);
    for (const listener of [...all, late]) listener.leave();
    await until(async () => (await admin.consumers("RUNS")) === 0);
  });
  test("a deleted stream fails its followers, whose tokens reset in a new stream", async () => {
    const { following, publish, admin } = await setUp();
    await publish("a", ...upTo(5));
    const listener = new Listener(following, "a");
    await until(() => listener.deliveries.length === 5);
    await admin.jsm.streams.delete("RUNS");
    await until(() => listener.end);
    expect(listener.end).toContain(`${Code.UNAVAILABLE} runs.{key}.events the stream RUNS is not there`);
    await admin.add("RUNS");
    await publish("a", 50, 51);
    const again = await until(async () => {
      const next = new Listener(following, "a", listener.token);
      await until(() => next.end ?? next.deliveries.length === 2);
      return next.end === undefined ? next : undefined;
    });
    expect([again.deliveries, again.resets]).toEqual([[50, 51], [50]]);
  });
  test("a stream that lost items while the server was away resets", async () => {
    const { following, publish, admin, server } = await setUp({ storage: "memory" });
    await publish("a", ...upTo(5));
    const listener = new Listener(following, "a");
    await until(() => listener.deliveries.length === 5);
    await server.stop();
    await server.start();
    await until(() => admin.add("RUNS", { storage: "memory" }));
    await until(() => publish("a", 50).then(() => true));
    // Whoever was faster: it has been reset, or was told that the stream is not there and comes again.
    await until(() => listener.deliveries.length === 6 || listener.end !== undefined);
    const last = listener.end === undefined ? listener : new Listener(following, "a", listener.token);
    await until(() => last.deliveries.at(-1) === 50);
    expect(last.resets).toEqual([50]);
  });
  test("a deleted consumer is created again", async () => {
    const { following, publish, admin } = await setUp();
    await publish("a", ...upTo(5));
    const listener = new Listener(following, "a");
    await until(() => listener.deliveries.length === 5);
    for await (const { name } of admin.jsm.consumers.list("RUNS")) await admin.jsm.consumers.delete("RUNS", name);
    await publish("a", 6);
    await until(() => listener.deliveries.length === 6);
    expect([listener.deliveries, listener.resets]).toEqual([upTo(6), []]);
  });
  test("a missing stream, or one without direct access, is UNAVAILABLE and reported once", async () => {
    const server = await startNats();
    await server.start();
    const admin = await server.admin();
    const { following, faults, log } = follow(server.url);
    const ends = async (): Promise<string | undefined> => {
      const listener = new Listener(following, "a");
      await until(() => listener.end);
      return listener.end;
    };
    expect([await ends(), await ends()]).toEqual(
      Array(2).fill(
        `${Code.UNAVAILABLE} runs.{key}.events the stream RUNS is not there; topics need it, and no server makes it`,
      ),
    );
    await admin.add("RUNS", { allow_direct: false });
    await until(async () => (await ends())?.includes("allow_direct"));
    expect(faults).toEqual([
      "the JetStream stream RUNS is not there; topics need it, and no server makes it",
      "the JetStream stream RUNS does not allow direct access; set allow_direct",
    ]);
    await admin.jsm.streams.update("RUNS", { allow_direct: true });
    await admin.js.publish("runs.a.events", "5");
    const listener = await until(async () => {
      const next = new Listener(following, "a");
      await until(() => next.end ?? next.deliveries.length);
      return next.end === undefined ? next : undefined;
    });
    expect(listener.deliveries).toEqual([5]);
    listener.leave();
    await until(async () => log.consumers === 0 && (await admin.consumers("RUNS")) === 0);
  });
  test("the newest item of a key needs one read, which fails at once while NATS is away", async () => {
    const { log, publish, server, faults } = await setUp();
    await publish("a", 1, 2, 3);
    const newest = (key: string): Promise<unknown> =>
      new Promise((resolve) => {
        log.newest(key, {
          found: ({ n }, token, bytes) => resolve([n, readToken(token)?.place, Buffer.from(bytes ?? []).toString()]),
          nothing: () => resolve("nothing"),
          faulted: ({ kind, code }) => resolve(`${kind} ${code}`),
        });
      });
    await until(async () => (await newest("a")) !== `transport ${Code.UNAVAILABLE}`);
    expect([await newest("a"), await newest("b")]).toEqual([[3, 3n, "3"], "nothing"]);
    await server.stop();
    await until(() => faults.length === 1);
    expect(await newest("a")).toBe(`transport ${Code.UNAVAILABLE}`);
  });
  test("followers wait for an absent server and then fail; a server that returns is used", async () => {
    const server = await startNats();
    const { following, faults } = follow(server.url, { clock: hasty(3_000) });
    const held = new Listener(following, "a");
    await until(() => faults.length > 0);
    await until(() => held.end);
    expect(held.end).toBe(`${Code.UNAVAILABLE} runs.{key}.events JetStream is away`);
    await server.start();
    const admin = await server.admin();
    await admin.add("RUNS");
    await admin.js.publish("runs.a.events", "1");
    const listener = await until(async () => {
      const next = new Listener(following, "a");
      await until(() => next.end ?? next.deliveries.length);
      return next.end === undefined ? next : undefined;
    });
    expect(listener.deliveries).toEqual([1]);
    await server.stop();
    await until(() => listener.end);
    expect(listener.end).toBe(`${Code.UNAVAILABLE} runs.{key}.events JetStream is away`);
  });
});
