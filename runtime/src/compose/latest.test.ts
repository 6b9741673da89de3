// Holds docs/runtime.md#topics
import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import type { CallContext } from "../call/context.ts";
import { breakerOpen, Code, Failure, limited, Reason } from "../failure.ts";
import { callSource } from "../source/call-source.ts";
import type { Items } from "../source/source.ts";
import { idle } from "../testing/fake-clock.ts";
import { front, page } from "../testing/front.ts";
import { type Thing, ThingSchema } from "../testing/gen/test_pb.ts";
import { GET, thing } from "../testing/stream-source.ts";
import { MemoryTopics } from "../topic/memory-store.ts";
import type { OpenCall } from "../topic/shared-call.ts";
import type { StoredLog, TopicStore } from "../topic/store.ts";
import { readToken } from "../topic/token.ts";
import { Topic, type TopicSpec, Topics } from "../topic/topic.ts";

interface Event {
  readonly n: number;
}
const SPEC: TopicSpec<Event> = {
  name: "run",
  subject: "runs.{key}.events",
  jetstream: "RUNS",
  keep: 4,
  decode: () => ({ n: 0 }),
};

describe("the newest item of a stored topic", () => {
  function stored(store: TopicStore = new MemoryTopics()) {
    const rig = front();
    const observer = { call: (event: never) => rig.calls.push(event) };
    return { ...rig, topic: new Topic<Event>(SPEC, new Topics({ store, clock: rig.clock, observer })) };
  }
  test("the newest item has its position; an empty topic has neither", async () => {
    const store = new MemoryTopics();
    const { send, topic, calls } = stored(store);
    store.publish("run", "a", { n: 1 });
    store.publish("run", "a", { n: 2 });
    const { answer } = send(async (cx) => {
      const all = await Promise.all([cx.latest(topic, "a"), cx.latest(topic, "a"), cx.tryLatest(topic, "b")]);
      expect(all).toEqual([{ n: 2 }, { n: 2 }, undefined]);
      const position = cx.positionOf(all[0]);
      expect(position).toEqual({ $typeName: "bff.v1.Position", token: expect.any(String), beat: false, reset: false });
      expect(readToken(position?.token ?? "")).toEqual({ epoch: "1", place: 2n });
      expect([cx.positionOf(all[2]), cx.positionOf(undefined)]).toEqual([undefined, undefined]);
      return page({ title: "ok" });
    });
    expect((await answer).page?.title).toBe("ok");
    expect(calls.map(({ service, method }) => `${service} ${method}`)).toEqual([
      "nats runs.{key}.events/latest", // equal ones are one
      "nats runs.{key}.events/latest",
    ]);
  });
  test("the newest item belongs to its topic, and topics with equal declarations are one", async () => {
    const store = new MemoryTopics();
    const { send, clock } = stored(store);
    const topics = new Topics({ store, clock });
    const first = new Topic<Event>(SPEC, topics);
    const same = new Topic<Event>({ ...SPEC }, topics);
    const other = new Topic<Event>({ ...SPEC, decode: () => ({ n: 1 }) }, topics);
    const elsewhere = new Topic<Event>({ ...SPEC, name: "walk" }, topics);
    store.publish("run", "a", { n: 1 });
    store.publish("walk", "a", { n: 2 });
    const { answer } = send(async (cx) => {
      const all = await Promise.all([first, same, other, elsewhere].map((topic) => cx.latest(topic, "a")));
      return page({ title: all.map((item) => item?.n).join() });
    });
    expect((await answer).page?.title).toBe("1,1,1,2");
    const sources = [first, same, other].map((topic) =>
      topic.follow("a", undefined, false, { item() {}, ended() {}, failed() {} }),
    );
    expect([first.state.followers, same.state.followers, other.state.followers]).toEqual([2, 2, 1]);
    expect(store.log("run").tails).toBe(2);
    for (const source of sources) source.cancel();
    await topics.close();
  });
  test("the newest item fails like a call of its subject, and its breaker opens", async () => {
    const fails = {
      newest: (_key: string, receiver: Parameters<StoredLog<Event>["newest"]>[1]) => {
        queueMicrotask(() => receiver.faulted({ kind: "transport", code: Code.UNAVAILABLE, message: "away" }));
        return () => {};
      },
    };
    const store = { open: () => fails, close: async () => {} } as unknown as TopicStore;
    const { send, topic } = stored(store);
    const { answer } = send(async (cx) => {
      const last = cx.tryLatest(topic, "a");
      const title = await last;
      const whole = page({ title: String(title) });
      if (cx.degraded) cx.touched(whole, "title", false, last);
      return whole;
    });
    expect(await answer).toMatchObject({ page: { title: "undefined" }, entries: ["title 1 2 runs.{key}.events"] });
    const failed: (string | undefined)[] = [];
    for (let i = 0; i < 25; i++) {
      const { failure } = await send(async (cx) => page({ title: String(await cx.latest(topic, `${i}`)) })).answer;
      failed.push(`${failure?.clientCode} ${failure?.reason} ${failure?.upstream}`);
    }
    expect(failed[0]).toBe(`${Code.UNAVAILABLE} ${Reason.UNAVAILABLE} runs.{key}.events`);
    expect(failed.at(-1)).toBe(`${Code.UNAVAILABLE} ${Reason.BREAKER_OPEN} runs.{key}.events`);
  });
  test("the newest item of an invalid key is INVALID_ARGUMENT", async () => {
    const { send, topic } = stored();
    const { failure } = await send(async (cx) => page({ title: String(await cx.latest(topic, "a.b")) })).answer;
    expect([failure?.clientCode, failure?.clientMessage]).toEqual([
      Code.INVALID_ARGUMENT,
      "the key has a character that no key may have",
    ]);
  });
});

describe("the newest item of a topic with a call", () => {
  function called() {
    const rig = front();
    const streams: { items: Items<Event>; owed: number; cancelled: boolean }[] = [];
    const open: OpenCall<Event> = (_cx, _key, _opened, _resume, items) => {
      const stream = { items, owed: 0, cancelled: false };
      streams.push(stream);
      return {
        next: () => void stream.owed++,
        cancel: () => {
          stream.cancelled = true;
        },
      };
    };
    const spec = { ...SPEC, call: { method: "test.v1.Upstream/Watch", open } };
    const topic = new Topic<Event>(spec, new Topics({ clock: rig.clock }));
    const give = (n: number): void => streams.at(-1)?.items.item({ n }, { token: String(n), reset: false }, 1);
    const send = () => {
      const position: { token?: string | undefined } = {};
      const request = rig.send(async (cx) => {
        const last = await cx.latest(topic, "k");
        position.token = cx.positionOf(last)?.token;
        return page({ title: String(last?.n) });
      });
      return { ...request, position };
    };
    return { ...rig, send, topic, streams, give };
  }
  test("the newest item is the last one before 20 ms of silence; then the stream stays open for 5 s", async () => {
    const { send, give, streams, clock } = called();
    const { answer, position } = send();
    await clock.advance(500);
    give(1);
    await clock.advance(19);
    give(2);
    await clock.advance(20);
    expect((await answer).page?.title).toBe("2");
    expect(readToken(position.token ?? "")).toEqual({ epoch: "call", place: "2" });
    give(3);
    await clock.advance(4_900);
    expect((await send().answer).page?.title).toBe("3");
    await clock.advance(4_900);
    give(4);
    const last = send();
    await clock.advance(20);
    expect((await last.answer).page?.title).toBe("4");
    expect([streams.length, streams[0]?.cancelled]).toEqual([1, false]);
    await clock.advance(5_000);
    expect([streams.length, streams[0]?.cancelled, clock.running]).toEqual([1, true, 0]);
  });
  test("the newest item is absent from an empty accepted stream, and the last one of an ended stream", async () => {
    const { send, streams, clock } = called();
    const none = send();
    await idle();
    streams[0]?.items.opened?.();
    await clock.advance(20);
    expect((await none.answer).page?.title).toBe("undefined");
    await clock.advance(4_000);
    expect((await send().answer).page?.title).toBe("undefined"); // known by now: nobody waits
    expect(streams.length).toBe(1);
    const other = called();
    const ended = other.send();
    await idle();
    other.give(7);
    await idle();
    other.streams[0]?.items.ended();
    expect((await ended.answer).page?.title).toBe("7");
  });
  test("the newest item is absent if the upstream sends no headers for a second", async () => {
    const rig = front();
    const rpc = rig.upstream.stream(GET, {});
    const open = callSource(rpc, (_cx: CallContext, id: string) => ({ id }));
    const topic = new Topic<Thing>(
      { name: "run", keep: 4, decode: () => create(ThingSchema), call: { method: rpc.method, open } },
      new Topics({ clock: rig.clock }),
    );
    const send = () => rig.send(async (cx) => page({ title: String((await cx.latest(topic, "k"))?.id) })).answer;
    const first = send();
    let answered = false;
    void first.then(() => (answered = true));
    await rig.clock.advance(1_019);
    expect(answered).toBe(false);
    await rig.clock.advance(1);
    expect((await first).page?.title).toBe("undefined");
    expect((await send()).page?.title).toBe("undefined"); // at once
    rig.client.streams[0]?.item(thing("a"));
    const second = send();
    await rig.clock.advance(20);
    expect((await second).page?.title).toBe("a");
    expect(rig.client.streams.length).toBe(1);
  });
  test.each([
    ["its breaker is open", breakerOpen("test.v1.Upstream/Watch"), Reason.BREAKER_OPEN],
    ["there are too many streams", limited("test.v1.Upstream/Watch"), Reason.LIMITED],
  ])("the newest item fails like a stream whose opening is refused: %s", async (_, refused, reason) => {
    const { send, streams } = called();
    const failing = send();
    await idle();
    streams[0]?.items.failed(refused);
    const { failure } = await failing.answer;
    expect([failure?.reason, failure?.clientCode, failure?.pushback]).toEqual([reason, refused.clientCode, true]);
  });
  test("the newest item fails with its stream, and waits no longer than its request", async () => {
    const { send, streams, clock } = called();
    const failing = send();
    await idle();
    const code = Code.UNAVAILABLE;
    const failure = {
      code,
      reason: Reason.UNAVAILABLE,
      callee: "test.v1.Upstream/Watch",
      message: "",
      clientCode: code,
    };
    streams[0]?.items.failed(new Failure(failure));
    expect((await failing.answer).failure).toMatchObject({ clientCode: code, upstream: "test.v1.Upstream" });
    const silent = send();
    await clock.advance(2_000);
    expect((await silent.answer).failure?.clientCode).toBe(Code.DEADLINE_EXCEEDED);
  });
});
