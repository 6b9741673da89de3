// Holds docs/telemetry.md#metrics
import { create, type Message } from "@bufbuild/protobuf";
import { Degradation_ReasonSchema } from "@protobff/messages/bff/v1/degradation_pb.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { endpoint } from "../endpoint/endpoint.ts";
import { Code, clientFault } from "../failure.ts";
import { unauthenticated } from "../identity/refusals.ts";
import type { Observer } from "../observer.ts";
import type { MeterEvent, RpcEvent } from "../observer-requests.ts";
import { FakeClock, idle } from "../testing/fake-clock.ts";
import { streamRig } from "../testing/follow-rig.ts";
import { page } from "../testing/front.ts";
import { Front, type Page, ShowRequestSchema } from "../testing/gen/test_pb.ts";
import { noUnhandledRejections } from "../testing/no-unhandled.ts";
import { compose, partsRig } from "../testing/parts-rig.ts";
import type { Meter } from "./meters.ts";

noUnhandledRejections();

/** A message with a number, and labels: `kind` may be no number of the enum, and `flag` may be absent. */
interface Reading {
  readonly value: number | bigint | "fails" | undefined;
  readonly kind: number;
  readonly flag: boolean | undefined;
}
const readings: fc.Arbitrary<Reading> = fc.record({
  value: fc.oneof(
    fc.nat(50),
    fc.double({ min: 0, max: 9, noNaN: true }),
    fc.bigInt(0n, 90n),
    fc.constantFrom(-3, -3n, Number.NaN, Number.POSITIVE_INFINITY, "fails" as const, undefined),
  ),
  kind: fc.constantFrom(0, 1, 2, 77),
  flag: fc.oneof(fc.boolean(), { weight: 1, arbitrary: fc.constant(undefined) }),
});

const texts = new Map<string, Reading>();
/** Puts a reading into the title of a message. */
function titleOf(reading: Reading): string {
  const title = String(texts.size);
  texts.set(title, reading);
  return title;
}
const readingOf = ({ title }: Pick<Page, "title">): Reading => {
  const reading = texts.get(title);
  if (reading === undefined) throw new Error(`no reading ${title}`);
  return reading;
};

function number({ value }: Reading): number | bigint | undefined {
  if (value === "fails") throw new RangeError("division by zero");
  return value;
}
const METER: Meter<unknown, Message, undefined, Page> = {
  name: "tokens",
  by: (_cx, _args, result) => number(readingOf(result)),
  labels: [
    { name: "kind", enum: Degradation_ReasonSchema, by: (_cx, _args, result) => readingOf(result).kind },
    { name: "flag", by: (_cx, _args, result) => readingOf(result).flag },
  ],
};
const KINDS: Readonly<Record<number, string>> = {
  0: "REASON_UNSPECIFIED",
  1: "REASON_TIMEOUT",
  2: "REASON_UNAVAILABLE",
};

/** The model: what counts, and under which labels. */
const counts = ({ value, flag }: Reading): boolean =>
  value !== undefined && value !== "fails" && value > 0 && Number.isFinite(Number(value)) && flag !== undefined;
const seriesOf = ({ kind, flag }: Reading): string => `kind,${KINDS[kind] ?? "unknown"},flag,${flag}`;
class Sums {
  readonly sums: Record<string, number> = {};
  add(series: string, value: number): void {
    this.sums[series] = (this.sums[series] ?? 0) + value;
  }
}
function observing() {
  const events: MeterEvent[] = [];
  const rpcs: RpcEvent[] = [];
  const observer: Observer = { metered: (event) => void events.push(event), rpc: (event) => void rpcs.push(event) };
  const sums = (): Record<string, number> => {
    const found = new Sums();
    for (const { labels, value } of events) found.add(labels.join(), value);
    return found.sums;
  };
  return { observer, sums, events, rpcs };
}

type End = "answered" | "failed" | "unsent" | "cancelled";
interface Sent {
  readonly id: number;
  readonly reading: Reading;
  readonly end: End;
}
const ends = fc.constantFrom<End>("answered", "failed", "unsent", "cancelled");
const sent = fc.record({ id: fc.nat(3), reading: readings, end: ends });

/** Sends requests in sequence to an rpc whose answers are cached by id, or not. */
async function sums(all: readonly Sent[], cached: boolean): Promise<Record<string, number>> {
  const { observer, sums } = observing();
  let current: Sent | undefined;
  const { run } = endpoint(
    Front.method.show,
    {},
    {
      timeoutMs: 2_000,
      clock: new FakeClock(),
      observer,
      telemetry: { meters: [METER] },
      cache: cached ? { ttlMs: 60_000, plan: "1" } : undefined,
      compose: async () => {
        if (current === undefined || current.end === "failed") throw unauthenticated("no");
        return page({ title: titleOf(current.reading) });
      },
    },
  );
  for (const request of all) {
    current = request;
    const done = () => (request.end === "unsent" ? clientFault("too large", "too large") : undefined);
    const args = create(ShowRequestSchema, { id: String(request.id) });
    const running = run(args, new Headers(), undefined, done, () => {});
    if (request.end === "cancelled") running.cancel();
    await idle();
  }
  return sums();
}

describe("answers", () => {
  test("the sums are those of answers that were composed and sent, for any values, ends and labels", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(sent, { maxLength: 12 }), async (all) => {
        const model = new Sums();
        for (const { reading, end } of all)
          if (end === "answered" && counts(reading)) model.add(seriesOf(reading), Number(reading.value));
        expect(await sums(all, false)).toEqual(model.sums);
      }),
    );
  });
  test("an answer from the cache of the rpc does not count", async () => {
    const uncancelled = sent.filter(({ end }) => end !== "cancelled");
    await fc.assert(
      fc.asyncProperty(fc.array(uncancelled, { maxLength: 12 }), async (all) => {
        const model = new Sums();
        const stored = new Set<number>();
        for (const { id, reading, end } of all) {
          if (stored.has(id) || end === "failed") continue;
          stored.add(id);
          if (end === "answered" && counts(reading)) model.add(seriesOf(reading), Number(reading.value));
        }
        expect(await sums(all, true)).toEqual(model.sums);
      }),
    );
  });
  test("requests that join one composition count once", async () => {
    const { observer, sums } = observing();
    const composed = Promise.withResolvers<Page>();
    const cache = { ttlMs: 60_000, plan: "1" };
    const options = { timeoutMs: 2_000, clock: new FakeClock(), observer, cache, compose: () => composed.promise };
    const { run } = endpoint(Front.method.show, {}, { ...options, telemetry: { meters: [METER] } });
    let answers = 0;
    for (let i = 0; i < 3; i++)
      run(
        create(ShowRequestSchema),
        new Headers(),
        undefined,
        () => void answers++,
        () => {},
      );
    await idle();
    composed.resolve(page({ title: titleOf({ value: 5, kind: 1, flag: true }) }));
    await idle();
    expect([answers, sums()]).toEqual([3, { "kind,REASON_TIMEOUT,flag,true": 5 }]);
  });
  test("the rpc reports its meters with every value of their labels", () => {
    const { observer, rpcs } = observing();
    const options = { timeoutMs: 1, observer, telemetry: { meters: [METER] }, compose: async () => page({}) };
    endpoint(Front.method.show, {}, options);
    const [kind, flag] = rpcs[0]?.meters?.[0]?.labels ?? [];
    expect(kind?.values.slice(0, 3)).toEqual(["REASON_UNSPECIFIED", "REASON_TIMEOUT", "REASON_UNAVAILABLE"]);
    expect(kind?.values.at(-1)).toBe("unknown");
    expect(flag?.values).toEqual(["false", "true"]);
  });
});

describe("streams", () => {
  test("a stream counts once, with its greatest value, for any items and end", async () => {
    const streamEnds = fc.constantFrom("ended" as const, "failed" as const, "left" as const, "refused" as const);
    await fc.assert(
      fc.asyncProperty(fc.array(readings, { maxLength: 6 }), streamEnds, async (items, end) => {
        const { observer, sums } = observing();
        const { follow, sources } = streamRig(() => observer);
        const { following } = follow({
          telemetry: { meters: [METER] },
          compose: async (_cx, _args, item) => page({ title: titleOf(items[item] as Reading) }),
          open: (cx) => {
            if (end === "refused") throw cx.refuse(Code.NOT_FOUND);
            return undefined;
          },
        });
        await idle();
        for (const [i] of (end === "refused" ? [] : items).entries()) {
          sources[0]?.give(i);
          await idle();
        }
        expect(sums()).toEqual({});
        if (end === "ended") sources[0]?.items.ended();
        else if (end === "failed") sources[0]?.items.failed(unauthenticated("down"));
        else following.cancel();
        await idle();
        let greatest: Reading | undefined;
        for (const item of end === "refused" ? [] : items)
          if (counts(item) && Number(item.value) > Number(greatest?.value ?? 0)) greatest = item;
        expect(sums()).toEqual(greatest === undefined ? {} : { [seriesOf(greatest)]: Number(greatest.value) });
      }),
    );
  });
  test("an answer in parts counts as a whole", async () => {
    const { observer, events } = observing();
    const { follow, client } = partsRig({}, {}, observer);
    client.answer = (call) => call.thing();
    const { follower } = follow(compose, {
      telemetry: { meters: [{ name: "size", by: (_cx, _args, { cents = 0, facts }) => cents + facts.length }] },
    });
    await follower.over;
    expect(events.map(({ meter, labels, value }) => ({ meter, labels, value }))).toEqual([
      { meter: "size", labels: [], value: 8 },
    ]);
  });
});

test("without an observer of meters, no expression runs", async () => {
  let evaluated = 0;
  const meter: Meter<unknown, Message, undefined, Page> = { name: "tokens", by: () => ++evaluated };
  const observer: Observer = { response: () => {} };
  const options = { timeoutMs: 2_000, observer, telemetry: { meters: [meter] }, compose: async () => page({}) };
  const { run } = endpoint(Front.method.show, {}, options);
  run(
    create(ShowRequestSchema),
    new Headers(),
    undefined,
    () => {},
    () => {},
  );
  await idle();
  expect(evaluated).toBe(0);
});
