// Holds docs/runtime.md#streams
import { create } from "@bufbuild/protobuf";
import { CredentialSchema, PrincipalSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import { describe, expect, test } from "vitest";
import { AuthenticatedRequest } from "../identity/authenticated-request.ts";
import { Denylist, GuardedIdentity } from "../identity/denylist/denylist.ts";
import { callerOf } from "../identity/principal.ts";
import type { OpenIdentity } from "../identity/spec.ts";
import { idle } from "../testing/fake-clock.ts";
import { streamRig, TestFollower } from "../testing/follow-rig.ts";
import { page } from "../testing/front.ts";
import { noUnhandledRejections } from "../testing/no-unhandled.ts";

noUnhandledRejections();

describe("the end of a stream", () => {
  test("a stream ends at its max_age, plus or minus a tenth, with UNAVAILABLE and the last token", async () => {
    for (const [chance, endsMs] of [
      [0, 90_000],
      [0.5, 100_000],
      [0.999999, 109_999],
    ] as const) {
      const { follow, source, clock, responses } = streamRig();
      clock.chance = chance;
      const { events } = follow({ maxAgeMs: 100_000 });
      await idle();
      source().give(1);
      await clock.advance(endsMs - 1);
      expect(events).toEqual(["opened", "item 1 @1"]);
      await clock.advance(2);
      expect(events.slice(2)).toEqual(["failed 14 the stream has been open for its max_age @1"]);
      expect(source().cancelled).toBe(true);
      expect(clock.running).toBe(0);
      expect(responses).toMatchObject([{ outcome: { ok: false }, stream: { end: "age", items: 1 } }]);
    }
  });
  test("a stream ends when its server shuts down, even while it opens", async () => {
    const { follow, source, clock, responses } = streamRig();
    const { events, following } = follow();
    await idle();
    source().give(1);
    await idle();
    following.drain();
    following.drain();
    expect(events).toEqual(["opened", "item 1 @1", "failed 14 the server is going @1"]);
    const opening = follow({ open: (cx) => cx.call(cx.app.get, { id: "a" }) });
    opening.following.drain();
    await idle();
    expect(opening.events).toEqual(["failed 14 the server is going"]);
    expect(clock.running).toBe(0);
    expect(responses.map(({ stream }) => stream?.end)).toEqual(["drained", undefined]);
  });
  test("six followers of one key that the server drains end with their last token, delivered or brought", async () => {
    const { follow, sources } = streamRig();
    const resumes = [undefined, "5", "6", undefined, "7", "8"];
    const all = resumes.map((resume) => follow({}, resume === undefined ? {} : { resume }));
    await idle();
    // The third and the last one have resumed, and no item has followed.
    for (const i of [0, 1, 3, 4]) sources[i]?.give(9 + i);
    await idle();
    for (const { following } of all) following.drain();
    expect(all.map(({ events }) => events.at(-1))).toEqual(
      ["9", "10", "6", "12", "13", "8"].map((token) => `failed 14 the server is going @${token}`),
    );
  });
  test("a resumed stream that is drained while it opens ends with its token", async () => {
    const { follow } = streamRig();
    const { following, events } = follow({ open: (cx) => cx.call(cx.app.get, { id: "a" }) }, { resume: "5" });
    following.drain();
    await idle();
    expect(events).toEqual(["failed 14 the server is going @5"]);
  });
  test("a stream ends when the caller's credential expires, with UNAUTHENTICATED", async () => {
    const { follow, source, clock, responses } = streamRig();
    const expires = BigInt(Math.ceil(clock.date().getTime() / 1_000) + 60);
    const credential = create(CredentialSchema, { source: "user", issuer: "tests", subject: "ada", expires });
    const caller = callerOf({ type: PrincipalSchema, credential, principal: undefined });
    const peer = { address: "", direct: "", names: [] };
    const headers = new AuthenticatedRequest(new Headers(), new Set(), { caller, peer, answer: [] });
    const { events } = follow({ maxAgeMs: 1_800_000 }, { headers });
    await idle();
    source().give(1);
    await clock.advance(59_000);
    expect(events).toEqual(["opened", "item 1 @1"]);
    await clock.advance(2_000);
    expect(events.at(-1)).toMatch(/^failed 16 .*expired.* @1$/);
    expect(responses).toMatchObject([{ stream: { end: "expired" }, source: "user" }]);
    expect(clock.running).toBe(0);
  });
  test("a stream ends at the next check after its caller was denied, within 30 s, and the denial is audited", async () => {
    const { follow, source, clock, responses, audited } = streamRig();
    const caller = callerOf({
      type: PrincipalSchema,
      credential: create(CredentialSchema, { source: "user", issuer: "tests", subject: "ada" }),
      principal: undefined,
    });
    const peer = { address: "192.0.2.7", direct: "", names: [] };
    const list = new Denylist();
    const request = new AuthenticatedRequest(new Headers(), new Set(), { caller, peer, answer: [] });
    const headers = new GuardedIdentity({ authenticate: () => request } as unknown as OpenIdentity, list).authenticate({
      get: () => null,
      all: () => [],
      peer,
    } as never) as AuthenticatedRequest;
    const { events } = follow({ maxAgeMs: 1_800_000 }, { headers });
    await idle();
    source().give(1);
    await clock.advance(60_000);
    list.replace([{ kind: "subject", value: "ada", until: undefined, why: "abuse" }]);
    expect(events).toEqual(["opened", "item 1 @1"]);
    await clock.advance(30_000);
    expect(events.at(-1)).toBe('failed 7 subject "ada" is on the denylist: abuse @1');
    expect(responses).toMatchObject([{ stream: { end: "denied" }, source: "user" }]);
    expect(audited).toMatchObject([{ event: "denied", subject: "ada", address: "192.0.2.7" }]);
    expect(clock.running).toBe(0);
  });
  test("a stream ends before the client's deadline, which covers the whole stream, with the last token", async () => {
    const { follow, source, clock, responses } = streamRig();
    const { events } = follow({}, { clientMs: 60_000 });
    await idle();
    source().give(1);
    await clock.advance(59_799);
    expect(events).toEqual(["opened", "item 1 @1"]);
    await clock.advance(1);
    expect(events.at(-1)).toBe("failed 4 the client's deadline @1");
    expect(responses).toMatchObject([{ stream: { end: "deadline" } }]);
  });
  test("a stream ends after `idle` without an item, counted while the source has demand", async () => {
    const { follow, source, clock, responses } = streamRig();
    const { events, follower, following } = follow({ idleMs: 5_000, ahead: 1 });
    await idle();
    await clock.advance(4_999);
    follower.reads = false;
    source().give(1);
    await clock.advance(60_000);
    expect(events).toEqual(["opened", "item 1 @1"]);
    following.ready();
    await clock.advance(4_999);
    expect(events).toHaveLength(2);
    await clock.advance(1);
    expect(events.at(-1)).toMatch(/^failed 14 nothing has come .* @1$/);
    expect(source().cancelled).toBe(true);
    expect(clock.running).toBe(0);
    expect(responses).toMatchObject([{ stream: { end: "idle" } }]);
  });
  test("a stream continues while its silent source reopens itself", async () => {
    const { follow, source, clock } = streamRig();
    const { events } = follow({ idleMs: 5_000 });
    await idle();
    let checkCount = 0;
    source().silent = () => ++checkCount < 3;
    await clock.advance(14_999);
    expect([checkCount, events]).toEqual([2, ["opened"]]);
    await clock.advance(1);
    expect(events.at(-1)).toMatch(/^failed 14/);
  });
  test("a stream with overflow `fail` ends after 10 s without reading, with RESOURCE_EXHAUSTED", async () => {
    const { follow, source, clock, responses } = streamRig();
    const { events, follower, following } = follow({ overflow: "fail", heartbeatMs: 15_000 });
    follower.reads = false;
    await idle();
    source().give(1);
    await clock.advance(9_999);
    following.ready();
    source().give(2);
    await clock.advance(9_999);
    expect(events).toEqual(["opened", "item 1 @1", "item 2 @2"]);
    await clock.advance(1);
    expect(events.at(-1)).toBe("failed 8 the client has not read for 10 s @2");
    expect(clock.running).toBe(0);
    expect(responses).toMatchObject([{ stream: { end: "slow" } }]);
  });
  test("a stream ends if its follower cancels during the notice of the opening", async () => {
    const { follow, sources, clock } = streamRig();
    const { following, follower } = follow();
    follower.opened = () => following.cancel();
    await idle();
    expect(sources).toEqual([]);
    expect(clock.running).toBe(0);
  });
});

describe("heartbeats", () => {
  test("heartbeats follow each interval without a message, with the token of the last processed item", async () => {
    const { follow, source, clock } = streamRig();
    const { events } = follow({ heartbeatMs: 15_000, if: (_cx, _args, item) => item !== 2 });
    await idle();
    await clock.advance(15_000);
    source().give(1);
    await clock.advance(10_000);
    source().give(2);
    await clock.advance(4_999);
    expect(events).toEqual(["opened", "beat (beat)", "item 1 @1"]);
    await clock.advance(30_001);
    expect(events.slice(3)).toEqual(["beat @2 (beat)", "beat @2 (beat)", "beat @2 (beat)"]);
  });
  test("heartbeats are omitted for a slow reader and for responses without a heartbeat field", async () => {
    const { follow, source, clock } = streamRig();
    const { events, follower, following } = follow({ heartbeatMs: 15_000 });
    follower.reads = false;
    await idle();
    source().give(1);
    await clock.advance(60_000);
    following.ready();
    await clock.advance(14_999);
    expect(events).toEqual(["opened", "item 1 @1"]);
    await clock.advance(1);
    expect(events.at(-1)).toBe("beat @1 (beat)");
    const other = streamRig();
    const plain = other.follow({ heartbeatMs: 15_000, stamp: undefined });
    await other.clock.advance(60_000);
    expect(plain.events).toEqual(["opened"]);
    plain.following.cancel();
    expect(other.clock.running).toBe(0);
  });
});

describe("a stream of the latest", () => {
  test("a newer item replaces an uncomposed one, and reports the drop", async () => {
    const { follow, source } = streamRig();
    const { events, follower, following } = follow({ overflow: "latest" });
    follower.reads = false;
    await idle();
    for (const item of [1, 2, 3, 4]) source().give(item);
    await idle();
    expect(events).toEqual(["opened", "item 1 @1"]);
    expect(source().credit).toBe(1);
    following.ready();
    await idle();
    expect(events).toEqual(["opened", "item 1 @1", "item 4 reset @4"]);
    follower.reads = true;
    following.ready();
    source().give(5);
    await idle();
    expect(events.at(-1)).toBe("item 5 @5");
  });
  test("a matching item is kept if newer items do not match, and items are paced", async () => {
    const { follow, source, clock } = streamRig();
    const { events } = follow({
      overflow: "latest",
      minIntervalMs: 100,
      if: (_cx, _args, item) => item % 2 === 1,
      until: (_cx, _args, item) => item === 6,
    });
    await idle();
    for (const item of [1, 2, 3, 4]) {
      source().give(item);
      await idle();
    }
    await clock.advance(99);
    expect(events).toEqual(["opened", "item 1 @1"]);
    await clock.advance(1);
    expect(events).toEqual(["opened", "item 1 @1", "item 3 @3"]);
    source().give(5);
    source().give(6);
    expect(source().cancelled).toBe(true);
    await clock.advance(100);
    expect(events.slice(3)).toEqual(["item 5 @5", "ended"]);
    expect(clock.running).toBe(0);
  });
  test("an item has its full timeout from the start of its composition", async () => {
    const { follow, source, clock, client } = streamRig();
    const { events } = follow({
      overflow: "latest",
      minIntervalMs: 10_000,
      if: () => true,
      compose: async (cx, _, item) => {
        const found = await cx.tryCall(cx.app.get, { id: `${item}` });
        return page({ title: found?.id ?? "nothing" });
      },
    });
    await idle();
    source().give(1);
    await idle();
    client.of("1").thing({ id: "first" });
    await idle();
    source().give(2);
    await clock.advance(11_500);
    client.of("2").thing({ id: "second" });
    await idle();
    expect(events).toEqual(["opened", "item first @1", "item second @2"]);
  });
});

describe("a reset", () => {
  test("an unreported reset holds the token back, so that a resumed stream reports it", async () => {
    const { follow, source } = streamRig();
    const { events, following } = follow({ if: (_cx, _args, item) => item !== 5 && item !== 6 });
    await idle();
    source().give(1);
    await idle();
    source().give(5, { reset: true });
    await idle();
    source().give(6);
    await idle();
    following.drain();
    expect(events.at(-1)).toMatch(/@1$/);
  });
  test("the reset of a dropped item is reported with the next item", async () => {
    const { follow, source } = streamRig();
    const { events } = follow({ if: (_cx, _args, item) => item > 1 });
    await idle();
    source().give(1, { reset: true });
    source().give(2);
    source().give(3);
    await idle();
    expect(events).toEqual(["opened", "item 2 reset @2", "item 3 @3"]);
  });
  test("a reset without an item is reported before the end, when its follower reads", async () => {
    const { follow, sources } = streamRig();
    const follower = new TestFollower();
    follower.reads = false;
    const dropping = follow({ if: (_cx, _args, item) => item !== 5 }, { follower });
    const empty = follow({}, { resume: "9" });
    const matching = follow({ if: (_cx, _args, item) => item !== 5 }, { resume: "9" });
    const plain = follow({ stamp: undefined }, { resume: "9" });
    await idle();
    const [first, ...others] = sources;
    first?.give(1);
    first?.give(5, { reset: true });
    first?.items.ended();
    others[0]?.items.ended(true);
    others[1]?.give(5, { reset: true });
    others[1]?.give(6);
    others[1]?.items.ended();
    others[2]?.items.ended(true);
    await idle();
    expect(dropping.events).toEqual(["opened", "item 1 @1"]);
    dropping.following.ready();
    expect(dropping.events.slice(2)).toEqual(["item (beat) reset @1", "ended"]);
    expect(empty.events).toEqual(["opened", "item (beat) reset", "ended"]);
    expect(matching.events).toEqual(["opened", "item 6 reset @6", "ended"]);
    expect(plain.events).toEqual(["opened", "ended"]);
  });
});
