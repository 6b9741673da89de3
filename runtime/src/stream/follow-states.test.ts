// Holds the states of a follower and of its requests: every legal transition is taken, every other one throws.
import { expect, test } from "vitest";
import { illegalTransitions, untakenTransitions } from "../../../test/support/setup/checked-states.ts";
import { Code } from "../failure.ts";
import { transition } from "../states.ts";
import { byId } from "../testing/fake-client.ts";
import { idle } from "../testing/fake-clock.ts";
import { streamRig } from "../testing/follow-rig.ts";
import { compose, partsRig } from "../testing/parts-rig.ts";
import { FOLLOW_TRANSITIONS } from "./follow.ts";
import { REQUEST_TRANSITIONS } from "./item-requests.ts";
import { PARTS_TRANSITIONS } from "./parts-follow.ts";

test("a follower takes every transition of its table", async () => {
  const untaken = await untakenTransitions(FOLLOW_TRANSITIONS, async () => {
    const { follow, sources } = streamRig();
    const whole = follow();
    const left = follow();
    await idle();
    sources[0]?.give(1);
    sources[0]?.items.ended();
    left.following.cancel();
    await idle();
    expect(whole.events).toEqual(["opened", "item 1 @1", "ended"]);
    expect(left.events).toEqual(["opened"]);
  });
  expect(untaken).toEqual([]);
});
test("a follower of deferred parts takes every transition of its table", async () => {
  const untaken = await untakenTransitions(PARTS_TRANSITIONS, async () => {
    const failed = partsRig();
    failed.follow(compose);
    failed.client.of("title").fault(Code.NOT_FOUND);
    await idle();
    const whole = partsRig();
    whole.client.answer = byId({});
    const { follower } = whole.follow(compose);
    await idle();
    expect(follower.events.at(-1)).toBe("ended");
    const left = partsRig();
    const { following } = left.follow(compose);
    left.client.of("title").thing();
    await idle();
    following.cancel();
  });
  expect(untaken).toEqual([]);
});
test("requests for items take every transition of their table", async () => {
  const untaken = await untakenTransitions(REQUEST_TRANSITIONS, async () => {
    const { follow, source } = streamRig();
    const checks = Promise.withResolvers<boolean>();
    const { events } = follow({ if: () => checks.promise });
    await idle();
    source().give(1);
    expect(source().credit).toBe(0); // until its checks have ended
    checks.resolve(true);
    await idle();
    expect(events).toEqual(["opened", "item 1 @1"]);
    expect(source().credit).toBe(1);
  });
  expect(untaken).toEqual([]);
});
test("a source may not send an item without a request", async () => {
  const { follow, source } = streamRig();
  follow({ ahead: 1, compose: () => new Promise(() => {}) });
  await idle();
  source().give(1);
  expect(() => source().items.item(2, { token: "2", reset: false })).toThrow("illegal transition from none to none");
});
test.each(illegalTransitions(FOLLOW_TRANSITIONS))("a follower may not go from %s to %s", (from, to) => {
  expect(() => transition(FOLLOW_TRANSITIONS, from, to)).toThrow(`illegal transition from ${from} to ${to}`);
});
test.each(illegalTransitions(REQUEST_TRANSITIONS))("a request may not go from %s to %s", (from, to) => {
  expect(() => transition(REQUEST_TRANSITIONS, from, to)).toThrow(`illegal transition from ${from} to ${to}`);
});
test.each(illegalTransitions(PARTS_TRANSITIONS))("a follower of parts may not go from %s to %s", (from, to) => {
  expect(() => transition(PARTS_TRANSITIONS, from, to)).toThrow(`illegal transition from ${from} to ${to}`);
});
