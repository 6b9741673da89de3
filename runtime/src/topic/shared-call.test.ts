// Holds docs/runtime.md#topics
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Code, Failure, invalid, Reason } from "../failure.ts";
import type { At, ItemSource, Items } from "../source/source.ts";
import { FakeClock, idle } from "../testing/fake-clock.ts";
import { LINGER_MS, type OpenCall, SharedCall } from "./shared-call.ts";
import { TopicChannels } from "./topic-channels.ts";

interface Event {
  readonly n: number;
  /** It has no position of its own. */
  readonly bare?: boolean;
}
/** An upstream that has all items of its keys, and streams behind the one that it is told. */
class Upstream {
  readonly streams = new Set<Stream>();
  readonly all = new Map<string, Event[]>();
  opened = 0;
  readonly open: OpenCall<Event> = (cx, key, _opened, resume, items) => {
    expect([cx.exchange.headers.forwarded(["authorization"]), cx.exchange.headers.text("cookie"), cx.root]).toEqual([
      undefined,
      "",
      cx,
    ]);
    this.opened++;
    const stream = new Stream(this, key, resume, items);
    this.streams.add(stream);
    return stream;
  };
  of(key: string): Event[] {
    const all = this.all.get(key) ?? [];
    this.all.set(key, all);
    return all;
  }
  publish(key: string, ...events: Event[]): void {
    this.of(key).push(...events);
    for (const stream of this.streams) stream.pump();
  }
}
class Stream implements ItemSource {
  readonly #upstream: Upstream;
  readonly #key: string;
  readonly items: Items<Event>;
  #at = 0;
  #owed = 0;
  #token: string | undefined;
  #reset: boolean;
  #pumping = false;
  constructor(upstream: Upstream, key: string, resume: string | undefined, items: Items<Event>) {
    this.#upstream = upstream;
    this.#key = key;
    this.items = items;
    const known = upstream.of(key).findIndex(({ n, bare }) => !bare && String(n) === resume);
    this.#at = known + 1;
    this.#token = known < 0 ? undefined : resume;
    this.#reset = resume !== undefined && known < 0;
  }
  next(): void {
    this.#owed++;
    this.pump();
  }
  cancel(): void {
    this.#upstream.streams.delete(this);
  }
  pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    queueMicrotask(() => {
      this.#pumping = false;
      const event = this.#upstream.of(this.#key)[this.#at];
      if (event === undefined || this.#owed === 0 || !this.#upstream.streams.has(this)) return;
      this.#at++;
      this.#owed--;
      if (!event.bare) this.#token = String(event.n);
      const at = { token: this.#token, reset: this.#reset };
      this.#reset = false;
      this.items.item(event, at, 10);
      this.pump();
    });
  }
}
class Listener implements Items<Event> {
  readonly deliveries: (number | string)[] = [];
  readonly resets: number[] = [];
  readonly source: ItemSource;
  token: string | undefined;
  #wants: number;
  constructor(following: TopicChannels<Event>, resume?: string, wants = 1_000, latestOnly = false) {
    this.#wants = wants;
    this.source = following.follow("k", resume, latestOnly, this);
    if (wants > 0) this.source.next();
  }
  item({ n }: Event, { token, reset }: At): void {
    this.deliveries.push(n);
    if (reset) this.resets.push(n);
    this.token = token;
    if (--this.#wants > 0) this.source.next();
  }
  wants(items: number): void {
    const idle = this.#wants <= 0;
    this.#wants = Math.max(0, this.#wants) + items;
    if (idle) this.source.next();
  }
  ended(reset = false): void {
    this.deliveries.push(reset ? "ended, reset" : "ended");
  }
  failed({ clientCode }: Failure): void {
    this.deliveries.push(`failed ${clientCode}`);
  }
}
function setUp(keep = 4) {
  const upstream = new Upstream();
  const clock = new FakeClock();
  const following = new TopicChannels<Event>({ name: "run", keep }, new SharedCall(upstream.open), clock);
  return { upstream, clock, following };
}
const events = (...all: number[]): Event[] => all.map((n) => ({ n }));
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

describe("a topic with a call", () => {
  test("all followers of a key share a stream, which stays open for another minute", async () => {
    const { upstream, following, clock } = setUp();
    upstream.publish("k", ...events(1, 2, 3));
    const [first, second] = [new Listener(following), new Listener(following)];
    await idle();
    upstream.publish("k", ...events(4));
    await idle();
    expect([first.deliveries, second.deliveries, upstream.opened]).toEqual([[1, 2, 3, 4], [1, 2, 3, 4], 1]);
    for (const { source } of [first, second]) source.cancel();
    await clock.advance(LINGER_MS - 1);
    expect(upstream.streams.size).toBe(1);
    const again = new Listener(following, first.token);
    upstream.publish("k", ...events(5));
    await idle();
    expect([again.deliveries, upstream.opened]).toEqual([[5], 1]);
    again.source.cancel();
    await clock.advance(LINGER_MS);
    expect([upstream.streams.size, following.state.keys, clock.running]).toEqual([0, 0, 0]);
  });
  test("a stream that ends without an item reports whether the client's state is valid", async () => {
    const { upstream, following } = setUp();
    const [stranger, fresh] = [new Listener(following, "of nobody"), new Listener(following)];
    await idle();
    for (const { items } of upstream.streams) items.ended();
    await idle();
    expect([stranger.deliveries, fresh.deliveries]).toEqual([["ended, reset"], ["ended"]]);
  });
  test("followers behind the ring get separate streams until they reach the ring", async () => {
    const { upstream, following } = setUp();
    upstream.publish("k", ...events(...upTo(20)));
    const quick = new Listener(following);
    const slow = new Listener(following, undefined, 2);
    await idle();
    expect([quick.deliveries, slow.deliveries, upstream.streams.size]).toEqual([upTo(20), [1, 2], 1]);
    slow.wants(10);
    await idle();
    expect([slow.deliveries, upstream.streams.size]).toEqual([upTo(12), 2]);
    slow.wants(100);
    const late = new Listener(following);
    await idle();
    expect([slow.deliveries, late.deliveries, upstream.streams.size]).toEqual([upTo(20), upTo(20), 1]);
    upstream.publish("k", ...events(21));
    await idle();
    expect([quick, slow, late].map(({ deliveries }) => deliveries.at(-1))).toEqual([21, 21, 21]);
    expect([quick, slow, late].flatMap(({ resets }) => resets)).toEqual([]);
  });
  test("an unknown token resets its follower, without an effect on others", async () => {
    const { upstream, following } = setUp();
    upstream.publish("k", ...events(1, 2));
    const listener = new Listener(following);
    await idle();
    const tokens = [
      "",
      "x",
      Buffer.from("1\ncall\nt99").toString("base64url"),
      Buffer.from("1\nother\nt1").toString("base64url"),
    ];
    const all = tokens.map((token) => new Listener(following, token));
    await idle();
    upstream.publish("k", ...events(3));
    await idle();
    expect(all.map(({ deliveries, resets }) => [deliveries, resets])).toEqual(tokens.map(() => [[1, 2, 3], [1]]));
    expect([listener.deliveries, listener.resets, upstream.streams.size]).toEqual([[1, 2, 3], [], 1]);
  });
  test("a topic ends and fails with its stream, behind the items of the ring; the next follower opens another", async () => {
    for (const end of ["ended", `failed ${Code.UNAVAILABLE}`]) {
      const { upstream, following } = setUp();
      upstream.publish("k", ...events(1, 2));
      const [quick, slow] = [new Listener(following), new Listener(following, undefined, 1)];
      await idle();
      const [stream] = [...upstream.streams];
      stream?.cancel();
      const code = Code.UNAVAILABLE;
      if (end === "ended") stream?.items.ended();
      else
        stream?.items.failed(
          new Failure({ code, reason: Reason.UNAVAILABLE, callee: "a.B/C", message: "", clientCode: code }),
        );
      expect([quick.deliveries, slow.deliveries]).toEqual([[1, 2, end], [1]]);
      slow.wants(5);
      expect(slow.deliveries).toEqual([1, 2, end]);
      new Listener(following);
      expect(upstream.opened).toBe(2);
    }
  });
  test("a topic ends behind its last item, and at once behind that item's token, even in another process", async () => {
    const { upstream } = setUp();
    upstream.publish("k", ...events(1, 2));
    const inProcess = () =>
      new TopicChannels<Event>(
        { name: "run", keep: 4, until: ({ n }) => n === 2 },
        new SharedCall(upstream.open),
        new FakeClock(),
      );
    const first = new Listener(inProcess());
    await idle();
    expect(first.deliveries).toEqual([1, 2, "ended"]);
    const again = new Listener(inProcess(), first.token);
    await idle();
    expect(again.deliveries).toEqual(["ended"]);
  });
  test("an undecodable item fails the stream, and the message names its shortened key", () => {
    const failures: string[] = [];
    const tails: Items<Event>[] = [];
    const open: OpenCall<Event> = (_cx, _key, _opened, _resume, items) => {
      tails.push(items);
      return { next() {}, cancel() {} };
    };
    const failed = ({ message }: Failure): void => void failures.push(message);
    const ignored = { accepted() {}, opened() {}, entry() {}, replaced() {}, ended() {}, at() {}, dry() {}, lost() {} };
    const log = new SharedCall(open);
    log.tail("k".repeat(100), { ...ignored, failed });
    log.read("k", "5", { ...ignored, failed });
    for (const items of tails) items.failed(invalid("a.B/C", "an item of 2 bytes does not decode"));
    expect(failures).toEqual([
      `key "${"k".repeat(64)}", an item of 2 bytes does not decode`,
      'key "k", an item of 2 bytes does not decode',
    ]);
  });
  test("every item, with or without position, arrives once and in order for every sequence of followers", async () => {
    const deed = fc.oneof(
      fc.record({ do: fc.constant("publish"), bare: fc.boolean(), who: fc.nat(5) }),
      fc.record({
        do: fc.constantFrom("follow", "ask", "ask", "ask", "resume", "leave", "turn"),
        bare: fc.constant(false),
        who: fc.nat(5),
      }),
    );
    const deeds = fc.array(deed, { minLength: 20, maxLength: 80, size: "max" });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), deeds, async (keep, all) => {
        const { upstream, following, clock } = setUp(keep);
        let n = 0;
        const here: { listener: Listener; before: number }[] = [];
        for (const { do: what, bare, who } of all) {
          const entry = here[who % Math.max(1, here.length)];
          if (what === "publish") upstream.publish("k", { n: ++n, bare });
          else if (what === "follow") here.push({ listener: new Listener(following, undefined, 0), before: 0 });
          else if (what === "turn") await new Promise((resolve) => setImmediate(resolve));
          else if (entry !== undefined && what === "ask") entry.listener.wants(1);
          else if (entry !== undefined) {
            entry.listener.source.cancel();
            here.splice(here.indexOf(entry), 1);
            const { token, deliveries } = entry.listener;
            const before = Number(deliveries.at(-1) ?? entry.before);
            if (what === "resume")
              here.push({ listener: new Listener(following, token, 0), before: token === undefined ? 0 : before });
          }
        }
        for (const { listener } of here) listener.wants(1_000);
        await idle();
        for (const { listener, before } of here) {
          expect([listener.deliveries, listener.resets]).toEqual([upTo(n).slice(before), []]);
          listener.source.cancel();
        }
        await clock.advance(LINGER_MS);
        expect([upstream.streams.size, following.state.keys, following.state.consumers]).toEqual([0, 0, 0]);
      }),
      { numRuns: 150 },
    );
  });
});
