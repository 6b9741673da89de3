// Holds docs/runtime.md#limits
import { describe, expect, test } from "vitest";
import { Reason } from "../failure.ts";
import { type FrontOptions, front, page, singleCall } from "../testing/front.ts";

// The upstream may continue work that is no longer needed: until its end, the work counts.

const limit = (concurrent: number, queued = 0): FrontOptions => ({ policy: { limit: { concurrent, queued } } });

describe("the place of a cancelled call", () => {
  test("the place stays taken for the usual duration of the method's answers, or 100 ms before the first answer", async () => {
    const { get, client, clock } = singleCall(limit(1));
    get("gone").cancel();
    expect(client.of("gone").cancelled).toBe(true);
    await clock.advance(99);
    expect((await get("early").answer).failure).toMatchObject({ reason: Reason.LIMITED });
    await clock.advance(1);
    const { answer } = get("next");
    await clock.advance(30);
    client.of("next").thing();
    expect((await answer).page?.title).toBe("next");
    get("again").cancel();
    await clock.advance(29);
    expect((await get("early").answer).failure).toMatchObject({ reason: Reason.LIMITED });
    await clock.advance(1);
    get("late");
    expect(client.of("late").ended).toBe(false);
  });
  test("the place is free at the deadline sent to the upstream", async () => {
    const { get, client, clock } = singleCall({ ...limit(1), call: { timeoutMs: 50 } });
    const { cancel } = get("gone");
    await clock.advance(20);
    cancel();
    await clock.advance(29);
    expect((await get("early").answer).failure).toMatchObject({ reason: Reason.LIMITED });
    await clock.advance(1);
    get("next");
    expect(client.of("next").ended).toBe(false);
  });
  test("the place is free at once after that deadline has passed", async () => {
    const { get, client, clock } = singleCall({ ...limit(1), call: { timeoutMs: 50 } });
    const { answer } = get("hangs");
    await clock.advance(50);
    expect((await answer).failure).toMatchObject({ reason: Reason.TIMEOUT });
    get("next");
    expect(client.of("next").ended).toBe(false);
  });
  test("the place is free at once if nothing was sent to the upstream", async () => {
    const { get, client, clock } = singleCall(limit(1));
    const { cancel } = get("waits");
    Object.assign(client.of("waits"), { unsent: true });
    cancel();
    get("next");
    expect(client.of("next").ended).toBe(false);
    await clock.advance(0);
  });
  test("the place then passes to the queue; many cancelled calls never exceed the limit upstream within a mean answer time", async () => {
    const { get, client, clock } = singleCall(limit(10, 1_000));
    const { answer } = get("warm");
    await clock.advance(40);
    client.of("warm").thing();
    await answer;
    for (let at = 0; at < 400; at += 10) {
      for (let i = 0; i < 50; i++) {
        const { cancel } = get("flood");
        if (i % 2 === 0) cancel();
        else clock.setTimeout(cancel, 1, undefined);
      }
      await clock.advance(10);
    }
    expect(client.sent.length).toBeLessThanOrEqual(1 + 10 * (400 / 40 + 1));
    expect(client.sent.length).toBeGreaterThan(90);
    await clock.advance(2_000);
    expect(clock.running).toBe(0);
  });
  test("the place blocks no call of the same response, whose places are free at once", async () => {
    const { send, client, clock } = front({ concurrent: 1, call: { hedge: { delayMs: 10, max: 1 } } });
    const { answer } = send(async (cx) => {
      await cx.call(cx.app.getWith({}), { id: "first" });
      return page({ title: (await cx.call(cx.app.get, { id: "second" })).id });
    });
    client.of("first").thing();
    await clock.advance(0);
    client.of("second").thing();
    expect((await answer).page?.title).toBe("second");
  });
  test("the place of a lost hedge stays taken as well, and the rest of the response continues", async () => {
    const { send, client, clock } = front({ ...limit(3), concurrent: 2, call: { hedge: { delayMs: 50, max: 1 } } });
    const { answer } = send(async (cx) => {
      await cx.call(cx.app.get, { id: "hedged" });
      const both = [cx.call(cx.app.get, { id: "second" }), cx.call(cx.app.get, { id: "third" })];
      await Promise.all(both);
      return page();
    });
    await clock.advance(50);
    expect(client.underWay.length).toBe(2);
    client.sent[0]!.thing();
    await clock.advance(0);
    expect(client.underWay.map(({ id }) => id)).toEqual(["second", "third"]); // within the response's own two
    const other = send(async (cx) => page({ title: (await cx.call(cx.app.get, { id: "other" })).id }));
    expect((await other.answer).failure).toMatchObject({ reason: Reason.LIMITED });
    await clock.advance(49);
    client.of("second").thing();
    client.of("third").thing();
    expect((await answer).failure).toBe(undefined);
    expect(clock.running).toBe(1); // for the place
    await clock.advance(1);
    expect(clock.running).toBe(0);
  });
});
