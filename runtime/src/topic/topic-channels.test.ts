// Holds docs/runtime.md#topics
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Code, type Failure, invalid } from "../failure.ts";
import type { At, ItemSource, Items } from "../source/source.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import type { Entry } from "./log.ts";
import { MemoryLog } from "./memory-log.ts";
import { Ring } from "./ring.ts";
import { readToken, tokenOf } from "./token.ts";
import { TopicChannels } from "./topic-channels.ts";

interface Event {
  readonly n: number;
  readonly final?: boolean;
}
/** Somebody who writes down what comes, and asks as often as it is told to. */
class Listener implements Items<Event> {
  readonly deliveries: (number | string)[] = [];
  readonly resets: number[] = [];
  token: string | undefined;
  source: ItemSource | undefined;
  #wants = 0;
  constructor(following: TopicChannels<Event>, key = "k", resume?: string, latestOnly = false) {
    this.source = following.follow(key, resume, latestOnly, this);
  }
  opened(): void {
    this.deliveries.push("opened");
  }
  item({ n }: Event, { token, reset }: At): void {
    this.deliveries.push(n);
    if (reset) this.resets.push(n);
    this.token = token;
    if (--this.#wants > 0) this.source?.next();
  }
  ended(): void {
    this.deliveries.push("ended");
  }
  failed(failure: Failure): void {
    this.deliveries.push(`failed ${failure.clientCode}`);
  }
  wants(items: number): void {
    const idle = this.#wants === 0;
    this.#wants += items;
    if (idle) this.source?.next();
  }
}
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function setUp(keep = 3, lingerMs = 0) {
  const log = new MemoryLog<Event>(undefined, lingerMs);
  const clock = new FakeClock();
  const until = ({ final }: Event): boolean => final === true;
  const following = new TopicChannels<Event>({ name: "run", keep, until }, log, clock);
  return { log, clock, following };
}

describe("a followed key", () => {
  test("a follower starts with the oldest item, and continues with new ones", async () => {
    const { log, following } = setUp();
    for (let n = 1; n <= 10; n++) log.publish("k", { n });
    const listener = new Listener(following);
    listener.wants(12);
    await turn();
    expect(listener.deliveries).toEqual(["opened", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    log.publish("k", { n: 11 });
    log.publish("other", { n: 12 });
    await turn();
    expect(listener.deliveries.at(-1)).toBe(11);
    expect([log.tails, log.reads]).toEqual([1, 0]);
    listener.source?.cancel();
    expect([log.tails, following.state]).toEqual([0, { followers: 0, keys: 0, ringBytes: 0, consumers: 0, resets: 0 }]);
  });
  test("one tail serves all followers; a follower without demand blocks no other, and later reads older items", async () => {
    const { log, following } = setUp(3);
    const [slow, quick] = [new Listener(following), new Listener(following)];
    quick.wants(100);
    await turn();
    for (let n = 1; n <= 20; n++) log.publish("k", { n });
    await turn();
    expect(quick.deliveries.at(-1)).toBe(20);
    expect(slow.deliveries).toEqual(["opened"]);
    expect([log.tails, log.reads, following.state.ringBytes]).toEqual([1, 0, 3]);
    slow.wants(100);
    await turn();
    expect(slow.deliveries).toEqual(quick.deliveries);
    expect([log.tails, log.reads]).toEqual([1, 0]);
  });
  test("a follower continues behind a token at any position", async () => {
    const { log, following } = setUp(3);
    for (let n = 1; n <= 9; n++) log.publish("k", { n });
    for (const place of [2, 7, 9]) {
      const listener = new Listener(following, "k", tokenOf(log.epoch, BigInt(place)));
      listener.wants(100);
      await turn();
      expect([listener.deliveries, listener.resets]).toEqual([
        ["opened", ...[3, 4, 5, 6, 7, 8, 9].filter((n) => n > place)],
        [],
      ]);
      listener.source?.cancel();
    }
    const ahead = new Listener(following, "k", tokenOf(log.epoch, 9n));
    ahead.wants(100);
    await turn();
    log.publish("k", { n: 10 });
    await turn();
    expect(ahead.deliveries).toEqual(["opened", 10]);
  });
  test("a follower starts again with a reset behind an unreadable, foreign or expired token", async () => {
    const { log, following } = setUp(3);
    const other = log.publish("other", { n: 0 });
    for (let n = 1; n <= 9; n++) log.publish("k", { n });
    log.forget("k", 6);
    const tokens = [
      "nonsense",
      "",
      tokenOf("7", 5n),
      tokenOf("1", other),
      tokenOf("1", 3n),
      tokenOf("1", 99n),
      tokenOf("1", "x"),
    ];
    for (const token of tokens) {
      const listener = new Listener(following, "k", token);
      const newest = new Listener(following, "k", token, true);
      for (const all of [listener, newest]) all.wants(100);
      await turn();
      expect([token, listener.deliveries, listener.resets]).toEqual([token, ["opened", 4, 5, 6, 7, 8, 9], [4]]);
      expect([token, newest.deliveries, newest.resets]).toEqual([token, ["opened", 9], [9]]);
    }
  });
  test("a follower starts again with another key's token, even just before the newest item", async () => {
    const { log, following } = setUp(3);
    log.publish("k", { n: 1 });
    const other = log.publish("other", { n: 0 });
    log.publish("k", { n: 2 });
    for (const [latestOnly, deliveries] of [
      [false, [1, 2]],
      [true, [2]],
    ] as const) {
      const listener = new Listener(following, "k", tokenOf(log.epoch, other), latestOnly);
      listener.wants(100);
      await turn();
      expect([listener.deliveries, listener.resets]).toEqual([["opened", ...deliveries], deliveries.slice(0, 1)]);
      listener.source?.cancel();
    }
  });
  test("a follower of the latest receives only the newest item", async () => {
    const { log, following } = setUp(8);
    for (let n = 1; n <= 4; n++) log.publish("k", { n });
    const listener = new Listener(following, "k", undefined, true);
    const later = new Listener(following, "k", tokenOf("1", 2n), true);
    for (const all of [listener, later]) all.wants(1);
    await turn();
    for (let n = 5; n <= 30; n++) log.publish("k", { n });
    await turn();
    for (const all of [listener, later]) all.wants(1);
    expect([listener.deliveries, listener.resets]).toEqual([["opened", 4, 30], [30]]);
    expect([later.deliveries, later.resets]).toEqual([
      ["opened", 4, 30],
      [4, 30],
    ]);
  });
  test("a follower ends behind the last item of its key, and at once behind its token", async () => {
    const { log, following } = setUp(3);
    log.publish("k", { n: 1 });
    const last = log.publish("k", { n: 2, final: true });
    const listener = new Listener(following);
    listener.wants(5);
    await turn();
    expect(listener.deliveries).toEqual(["opened", 1, 2, "ended"]);
    for (let n = 3; n <= 9; n++) log.publish("k", { n });
    for (const latestOnly of [false, true]) {
      const again = new Listener(following, "k", tokenOf("1", last), latestOnly);
      again.wants(5);
      await turn();
      expect(again.deliveries).toEqual(["opened", "ended"]);
    }
    expect(log.tails).toBe(0);
  });
  test("a recreated log resets followers that have received items", async () => {
    const { log, following } = setUp(3);
    log.publish("k", { n: 1 });
    const [listener, none] = [new Listener(following), new Listener(following, "empty")];
    for (const all of [listener, none]) all.wants(9);
    await turn();
    log.recreate();
    for (const key of ["k", "empty"]) log.publish(key, { n: 7 });
    await turn();
    expect([listener.deliveries, listener.resets]).toEqual([["opened", 1, 7], [7]]);
    expect([none.deliveries, none.resets]).toEqual([["opened", 7], []]);
    expect(following.state.resets).toBe(1);
  });
  test("an unreadable item fails the followers that reach it", async () => {
    const log = new MemoryLog<Event | Failure>();
    const following = new TopicChannels<Event>({ name: "run", keep: 3 }, log as MemoryLog<Event>, new FakeClock());
    log.publish("k", { n: 1 });
    log.publish("k", invalid("runs.{key}", "premature EOF"));
    const listener = new Listener(following);
    listener.wants(5);
    await turn();
    expect(listener.deliveries).toEqual(["opened", 1, `failed ${Code.INTERNAL}`]);
  });
  test("keys must not be empty, long, or special to NATS", async () => {
    const { log, following } = setUp();
    for (const key of ["", "a.b", "*", ">", "a b", "a\n", "\u0000", "x".repeat(257)]) {
      const listener = new Listener(following, key);
      await turn();
      expect([key, listener.deliveries]).toEqual([key, [`failed ${Code.INVALID_ARGUMENT}`]]);
    }
    expect(log.tails).toBe(0);
    const listener = new Listener(following, "Ünïcode-🦊_~$");
    await turn();
    expect(listener.deliveries).toEqual(["opened"]);
  });
  test("a tail may be kept for a while after its last follower", async () => {
    const { log, following, clock } = setUp(3, 60_000);
    new Listener(following).source?.cancel();
    await turn();
    log.publish("k", { n: 1 });
    await clock.advance(59_000);
    const listener = new Listener(following);
    listener.wants(1);
    await turn();
    expect(listener.deliveries).toEqual(["opened", 1]);
    await clock.advance(59_000);
    listener.source?.cancel();
    await clock.advance(59_999);
    expect(log.tails).toBe(1);
    await clock.advance(1);
    expect([log.tails, following.state.keys, clock.running]).toEqual([0, 0, 0]);
  });
});

describe("a ring", () => {
  test("a ring keeps a number of items, 64 KiB, and always the newest item", () => {
    const ring = new Ring<Event>(4, true);
    ring.begin({ epoch: "", from: undefined });
    const entry = (n: number, bytes: number): Entry<Event> => ({ place: BigInt(n), item: { n }, bytes });
    for (let n = 1; n <= 6; n++) ring.push(entry(n, 10));
    expect([ring.first, ring.end, ring.bytes, ring.behind(undefined), ring.behind(1n), ring.behind(2n)]).toEqual([
      2,
      6,
      40,
      undefined,
      undefined,
      2,
    ]);
    ring.push(entry(7, 65_500));
    expect([ring.first, ring.end, ring.bytes]).toEqual([3, 7, 65_530]);
    ring.push(entry(8, 1_000_000));
    expect([ring.first, ring.end, ring.bytes, ring.newest?.place]).toEqual([7, 8, 1_000_000, 8n]);
    ring.push(entry(9, 1));
    expect([ring.first, ring.end, ring.bytes]).toEqual([8, 9, 1]);
  });
});

describe("a token", () => {
  test("a token decodes to its parts", () => {
    for (const place of [0n, 1n, -5n, 2n ** 64n - 1n, "", "a\nb", "n1"]) {
      const token = tokenOf("2026-11-21T16:00:00Z", place);
      expect(token).toMatch(/^[A-Za-z0-9_-]+$/);
      expect(readToken(token)).toEqual({ epoch: "2026-11-21T16:00:00Z", place });
    }
  });
  test("an arbitrary token is decoded or refused, without an exception", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String()), (text) => {
        readToken(text);
        readToken(Buffer.from(text).toString("base64url"));
      }),
    );
    const made = (text: string): string => Buffer.from(text).toString("base64url");
    for (const text of [
      "",
      "1\ne\nx1",
      "2\ne\nn1",
      "1\ne\nn",
      "1\ne\nn1x",
      `1\ne\nn${2n ** 64n}`,
      `1\ne\nn${"9".repeat(30)}`,
    ]) {
      expect([text, readToken(made(text))]).toEqual([text, undefined]);
    }
    expect(readToken(made(`1\ne\nt${"x".repeat(2_000)}`))).toBeUndefined();
  });
});
