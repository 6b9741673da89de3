import { fromBinary } from "@bufbuild/protobuf";
import { idle } from "@protobff/testing/fake-clock";
import { describe, expect, test } from "vitest";
import { illegalTransitions, untakenTransitions } from "../../../test/support/setup/checked-states.ts";
import type { StreamPolicy } from "../call/policy.ts";
import { Code, Failure, Reason } from "../failure.ts";
import { transition } from "../states.ts";
import type { SentStream } from "../testing/fake-client.ts";
import { GetRequestSchema } from "../testing/gen/test_pb.ts";
import { GET, recorder, streamRig, thing } from "../testing/stream-source.ts";
import { callSource, SOURCE_TRANSITIONS, type StreamExtra } from "./call-source.ts";
import { positionOf, tokenOf } from "./position.ts";

const BREAKER = { windowMs: 10_000, minimum: 3, errorRate: 0.5, openMs: 10_000, probes: 1 };
const at = (count: number): string => tokenOf("int", BigInt(count));

interface Opening {
  rig?: ReturnType<typeof streamRig>;
  position?: boolean;
  resume?: string;
  policy?: StreamPolicy;
  extra?: StreamExtra<unknown, string, undefined>;
}
/** A source that requests the next items, and its upstream. */
function source({ rig = streamRig(), position = true, resume, policy = {}, extra }: Opening = {}) {
  const { events, items } = recorder();
  const rpc = rig.upstream.stream(GET, policy);
  const open = callSource(
    rpc,
    (_cx, args: string, _opened: undefined, from: bigint | undefined) => ({ id: `${args} ${from ?? "start"}` }),
    position ? { kind: "int", of: (item) => (item.count === -1n ? undefined : item.count) } : undefined,
    extra,
  );
  const it = open(rig.cx, "run", undefined, resume, items);
  const streams = rig.client.streams;
  return { ...rig, it, events, rpc, streams, last: () => streams.at(-1) as SentStream };
}
const requestIdOf = ({ message }: SentStream): string => fromBinary(GetRequestSchema, message).id;

describe("a source with a call", () => {
  test("a source gives one item per demand, with the token of its position", () => {
    const { it, events, last } = source();
    expect(requestIdOf(last())).toBe("run start");
    expect(last().timeoutMs).toBe(Number.POSITIVE_INFINITY);
    last().opened();
    expect(last().demand).toBe(0);
    it.next();
    last().item(thing("a", 7));
    it.next();
    last().item(thing("b", -1));
    last().end();
    expect(events).toEqual([
      { opened: true },
      { item: "a", at: { token: at(7), reset: false } },
      { item: "b", at: { token: at(7), reset: false } },
      { ended: true },
    ]);
  });
  test.each([
    ["no token", true],
    [at(41), false],
  ])("a source that ends without an item reports whether the client's state is valid: %s", (resume, reset) => {
    const { it, events, last } = source({ resume });
    it.next();
    last().opened();
    last().end();
    expect(events).toEqual([{ opened: true }, reset ? { ended: true, reset } : { ended: true }]);
  });
  test("a source continues behind a token", () => {
    expect(requestIdOf(source({ resume: at(41) }).last())).toBe("run 41");
  });
  test.each(["", "%", "AQMw", tokenOf("string", "41"), `${at(41)}A`, "A".repeat(5_000)])(
    "a source starts again with an unreadable token, and reports that once: %s",
    (resume) => {
      const { it, events, last } = source({ resume });
      expect(requestIdOf(last())).toBe("run start");
      it.next();
      last().item(thing("a", 1));
      it.next();
      last().item(thing("b", 2));
      expect(events).toEqual([
        { item: "a", at: { token: at(1), reset: true } },
        { item: "b", at: { token: at(2), reset: false } },
      ]);
    },
  );
  test("a source sends the same headers as unary calls: forwarded headers, metadata, and the request's id", () => {
    const rig = streamRig({}, { "x-tenant": "t1", "x-request-id": "r-1" });
    const { last } = source({
      rig,
      policy: { forward: ["X-Tenant"] },
      extra: { metadata: (_cx, args) => ({ "x-run": args }) },
    });
    expect(last().headers).toMatchObject({ "x-tenant": "t1", "x-run": "run", "x-request-id": "r-1" });
  });
  test("a source whose request cannot be encoded fails asynchronously", async () => {
    const rig = streamRig();
    const { events, items } = recorder();
    const open = callSource(rig.upstream.stream(GET, {}), () => {
      throw new Error("no such thing");
    });
    open(rig.cx, undefined, undefined, undefined, items);
    expect(events).toEqual([]);
    await idle();
    expect(events).toMatchObject([{ failed: { message: "Error: no such thing", reason: Reason.INVALID } }]);
  });
  test("an undecodable item ends the source", () => {
    const { it, events, last } = source();
    it.next();
    last().item(thing("a", 41));
    it.next();
    last().item(Uint8Array.of(0x0f));
    expect(last().cancelled).toBe(true);
    const message = expect.stringMatching(/^behind position "41": an item of 1 bytes does not decode: /);
    expect(events[1]).toMatchObject({ failed: { clientCode: Code.INTERNAL, reason: Reason.INVALID, message } });
  });
  test("a source is one call for observers, from its opening to its end", () => {
    const { it, last, starts, calls, root, clock } = source();
    expect(starts).toMatchObject([{ method: "test.v1.Upstream/Get", startedAt: 1_000 }]);
    expect(starts[0]?.request).toBe(root);
    it.next();
    last().item(thing("a"));
    clock.skip(60_000);
    expect(calls).toEqual([]);
    last().end();
    expect(calls).toMatchObject([
      {
        method: "test.v1.Upstream/Get",
        stream: { items: 1 },
        startedAt: 1_000,
        endedAt: 61_000,
        outcome: { ok: true },
      },
    ]);
    expect(calls[0]?.call).toBe(starts[0]?.call);
  });
  test("a cancelled source is reported as cancelled, without a breaker sample", () => {
    const { it, last, calls, events } = source();
    it.cancel();
    it.cancel();
    expect(last().cancelled).toBe(true);
    expect(last().ratings).toEqual([undefined]);
    expect(calls).toMatchObject([{ outcome: { ok: false, failure: { code: Code.CANCELLED } } }]);
    expect(events).toEqual([]);
  });
});

describe("a broken stream", () => {
  const unavailable = (stream: SentStream): void => stream.fault(Code.UNAVAILABLE);

  test("a broken stream is opened again before its first item, and later behind the last one", async () => {
    const { it, events, last, streams, clock } = source();
    it.next();
    unavailable(last());
    expect(streams.length).toBe(1);
    await clock.advance(200);
    expect(streams.length).toBe(2);
    expect(requestIdOf(last())).toBe("run start");
    expect(last().demand).toBe(1); // still wanted
    last().item(thing("a", 5));
    last().fault(Code.INTERNAL, { kind: "transport" });
    await clock.advance(400);
    expect(requestIdOf(last())).toBe("run 5");
    it.next();
    last().item(thing("b", 6));
    expect(events).toEqual([
      { item: "a", at: { token: at(5), reset: false } },
      { item: "b", at: { token: at(6), reset: false } },
    ]);
  });
  test("a broken stream without positions ends after its first item", async () => {
    const { it, events, last, streams, clock } = source({ position: false });
    unavailable(last());
    await clock.advance(200);
    it.next();
    last().item(thing("a"));
    unavailable(last());
    expect(streams.length).toBe(2);
    expect(events).toMatchObject([{ item: "a", at: { token: undefined } }, { failed: { code: Code.UNAVAILABLE } }]);
  });
  test("a broken stream of an RPC with side effects is never opened again", () => {
    const { events, last } = source({ extra: { effect: true } });
    unavailable(last());
    expect(events).toMatchObject([{ failed: { code: Code.UNAVAILABLE } }]);
  });
  test.each([Code.NOT_FOUND, Code.INTERNAL, Code.RESOURCE_EXHAUSTED, Code.DEADLINE_EXCEEDED, Code.UNAUTHENTICATED])(
    "a stream ends with status %i",
    (code) => {
      const { events, last } = source();
      last().fault(code);
      expect(events).toMatchObject([{ failed: { code } }]);
    },
  );
  test("a stream ends if the upstream forbids retries, and waits for its pushback", async () => {
    const stopped = source();
    stopped.last().fault(Code.UNAVAILABLE, { pushbackMs: -1 });
    expect(stopped.events).toMatchObject([{ failed: { code: Code.UNAVAILABLE } }]);
    const later = source();
    later.last().fault(Code.UNAVAILABLE, { pushbackMs: 7_000 });
    await later.clock.advance(6_999);
    expect(later.streams.length).toBe(1);
    await later.clock.advance(1);
    expect(later.streams.length).toBe(2);
  });
  test("a stream is abandoned after 30 s of failed openings, with growing waits", async () => {
    const { events, last, streams, clock } = source();
    const from = clock.now();
    const times: number[] = [];
    while (events.length === 0) {
      times.push(clock.now() - from);
      unavailable(last());
      const { length } = streams;
      while (events.length === 0 && streams.length === length) await clock.advance(10);
    }
    expect(times.slice(0, 5)).toEqual([0, 100, 300, 700, 1_500]); // half of each ceiling: the clock's chance
    expect(times.at(-1)).toBeGreaterThanOrEqual(30_000);
    expect(times.length).toBeLessThan(20);
    expect(events).toMatchObject([{ failed: { code: Code.UNAVAILABLE } }]);
  });
  test("a stream has another 30 s after an item, and after an opening", async () => {
    const { it, events, last, clock } = source();
    for (let i = 0; i < 10; i++) {
      unavailable(last());
      await clock.advance(5_000);
      it.next();
      last().item(thing("a", i));
    }
    for (let i = 0; i < 10; i++) {
      last().opened();
      await clock.advance(5_000);
      unavailable(last());
      await clock.advance(200);
    }
    expect(events.length).toBe(11); // and once that it stands
  });
  test("a waiting stream accepts demand and cancellation", async () => {
    const { it, last, streams, clock } = source();
    unavailable(last());
    it.next();
    await clock.advance(200);
    expect(last().demand).toBe(1);
    unavailable(last());
    it.cancel();
    await clock.advance(60_000);
    expect(streams.length).toBe(2);
    expect(clock.running).toBe(0);
  });
  test("a silent stream is opened again, once", async () => {
    const { it, last, streams, clock } = source();
    it.next();
    last().item(thing("a", 3));
    it.next();
    await clock.advance(60_000);
    expect(it.silent?.()).toBe(true);
    expect(streams[0]?.cancelled).toBe(true);
    await clock.advance(200);
    expect(requestIdOf(last())).toBe("run 3");
    expect(last().demand).toBe(1);
    await clock.advance(60_000);
    expect(it.silent?.()).toBe(false);
    expect(source({ extra: { effect: true } }).it.silent?.()).toBe(false);
  });
  test("an unprocessed stream is sent again at once", () => {
    const { last, streams, calls } = source();
    last().fault(Code.UNAVAILABLE, { kind: "unprocessed" });
    expect(streams.length).toBe(2);
    expect(calls).toEqual([]);
  });
});

describe("guards of an opening", () => {
  test("the breaker samples the opening, and nothing after it", async () => {
    const rig = streamRig({ breaker: BREAKER });
    const first = source({ rig });
    await rig.clock.advance(999);
    expect(first.last().ratings).toEqual([]);
    await rig.clock.advance(1); // it stands, whether it says anything or not
    expect(first.last().ratings).toEqual([true]);
    first.last().fault(Code.UNAVAILABLE);
    expect(rig.states).toEqual([]);
    first.it.cancel();
    const second = source({ rig, extra: { effect: true } });
    second.last().fault(Code.UNAVAILABLE);
    expect(second.last().ratings).toEqual([false]);
    const third = source({ rig, extra: { effect: true } });
    third.last().fault(Code.UNAVAILABLE);
    expect(rig.states).toEqual(["open"]);
    const fourth = source({ rig, extra: { effect: true } });
    await idle();
    expect(rig.client.streams.length).toBe(3);
    expect(fourth.events).toMatchObject([{ failed: { reason: Reason.BREAKER_OPEN } }]);
  });
  test("openings that fail in a row open the breaker, and one that stands ends the row", async () => {
    const rig = streamRig({ breaker: { ...BREAKER, minimum: 20 } });
    const opening = (ends: (stream: SentStream) => void): void => {
      const { last } = source({ rig, extra: { effect: true } });
      ends(last());
    };
    const fail = (stream: SentStream): void => stream.fault(Code.UNAVAILABLE);
    for (let i = 0; i < 4; i++) opening(fail);
    opening((stream) => stream.opened());
    for (let i = 0; i < 4; i++) opening(fail);
    opening((stream) => stream.fault(Code.INTERNAL));
    expect(rig.states).toEqual([]);
    opening(fail);
    expect(rig.states).toEqual(["open"]);
  });
  test("a stream without a failure for a second counts as open, whatever its upstream sends later", async () => {
    const { events, last, clock } = source();
    await clock.advance(999);
    expect(events).toEqual([]);
    await clock.advance(1);
    last().opened();
    expect(events).toEqual([{ opened: true }]);
  });
  test("a request that is not sent within 5 s fails", async () => {
    const { events, last, clock } = source({ extra: { effect: true } });
    last().unsent = true;
    await clock.advance(4_999);
    expect(events).toEqual([]);
    await clock.advance(1);
    expect(events).toMatchObject([{ failed: { reason: Reason.TIMEOUT, message: "no stream in time" } }]);
    expect(last().cancelled).toBe(true);
    expect(last().ratings).toEqual([false]);
  });
  test("the upstream and the method limit the number of open streams", async () => {
    const rig = streamRig({ streams: 3 });
    const small: Opening = { rig, policy: { streams: 1 } };
    const first = source(small);
    const second = source(small);
    await idle();
    expect(second.events).toMatchObject([{ failed: { code: Code.RESOURCE_EXHAUSTED, reason: Reason.LIMITED } }]);
    const others = [source({ rig }), source({ rig }), source({ rig })];
    await idle();
    expect(others.map(({ events }) => events.length)).toEqual([0, 0, 1]);
    first.it.cancel();
    others[0]?.it.cancel();
    source(small);
    source({ rig });
    await idle();
    expect(rig.client.streams.length).toBe(5);
    expect(rig.upstream.streams.state.taken).toBe(3);
    const method = "test.v1.Upstream/Get";
    expect(rig.upstream.state).toMatchObject({
      limits: [],
      streams: [
        { taken: 3, most: 3 },
        { method, taken: 1, most: 1 },
      ],
    });
    expect(streamRig().upstream.state.streams).toEqual([]); // nothing follows it
  });
  test("an upstream client without streams fails the source as UNIMPLEMENTED", async () => {
    const rig = streamRig();
    Object.defineProperty(rig.client, "open", { value: undefined });
    const { events } = source({ rig });
    await idle();
    expect(events).toMatchObject([{ failed: { code: Code.UNIMPLEMENTED, clientCode: Code.INTERNAL } }]);
  });
});

describe("tokens", () => {
  test.each([
    ["int", 0n],
    ["int", -(2n ** 63n)],
    ["uint", 2n ** 64n - 1n],
    ["string", ""],
    ["string", "ä\u0000/"],
    ["string", "x".repeat(1_024)],
  ] as const)("tokens of %s %s decode to the same position", (kind, value) => {
    expect(positionOf(kind, tokenOf(kind, value))).toBe(value);
  });
  test("malformed tokens are not decoded", () => {
    const raw = (...bytes: number[]): string => Buffer.from(bytes).toString("base64url");
    const text = (kind: number, text: string): string => raw(1, kind, ...Buffer.from(text));
    for (const token of [raw(), raw(1), raw(2, 1, 48), raw(1, 9, 48), raw(1, 3, 0xff), text(1, "01"), text(1, "-0")])
      expect([positionOf("int", token), positionOf("string", token)]).toEqual([undefined, undefined]);
    expect(positionOf("uint", text(2, "-1"))).toBeUndefined();
    expect(positionOf("uint", text(2, String(2n ** 64n)))).toBeUndefined();
    expect(positionOf("int", text(1, String(2n ** 63n)))).toBeUndefined();
    expect(positionOf("int", text(1, ""))).toBeUndefined();
    expect(() => tokenOf("string", "x".repeat(1_025))).toThrow(RangeError);
  });
  test("a token beyond the maximum length ends the source", () => {
    const rig = streamRig();
    const { events, items } = recorder();
    const open = callSource(rig.upstream.stream(GET, {}), () => ({ id: "a" }), { kind: "string", of: ({ id }) => id });
    open(rig.cx, undefined, undefined, undefined, items).next();
    rig.client.streams[0]?.item(thing("x".repeat(2_000)));
    expect(events[0]).toHaveProperty("failed");
    expect((events[0] as { failed: Failure }).failed).toBeInstanceOf(Failure);
    expect(rig.client.streams[0]?.cancelled).toBe(true);
  });
});

test("a source takes every transition of its table", async () => {
  const untaken = await untakenTransitions(SOURCE_TRANSITIONS, () => {
    for (const hasOpened of [true, false])
      for (const items of [0, 2]) {
        const { it, events, last } = source();
        if (hasOpened) last().opened();
        for (let i = 0; i < items; i++) {
          it.next();
          last().item(thing("a", i));
        }
        it.cancel();
        expect(events).toHaveLength(items + (hasOpened ? 1 : 0));
      }
  });
  expect(untaken).toEqual([]);
});
test.each(illegalTransitions(SOURCE_TRANSITIONS))("a source may not go from %s to %s", (from, to) => {
  expect(() => transition(SOURCE_TRANSITIONS, from, to)).toThrow(`illegal transition from ${from} to ${to}`);
});
