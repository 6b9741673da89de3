// Followers with equal requests share an answer.
// Holds docs/streams.md#live-answers
import { expect, test } from "vitest";
import type { Request } from "../compose/request.ts";
import { Code, Failure, Reason, refusal } from "../failure.ts";
import { idle } from "../testing/fake-clock.ts";
import { TestFollower } from "../testing/follow-rig.ts";
import { page } from "../testing/front.ts";
import { BEARER, gate, sourceOf } from "../testing/gate-rig.ts";
import { liveRig } from "../testing/live-rig.ts";
import { noUnhandledRejections } from "../testing/no-unhandled.ts";

noUnhandledRejections();

const bearer = (text: string) => ({ headers: new Headers({ authorization: `Bearer ${text}` }) });

type Rig = ReturnType<typeof liveRig>;
type Decide = (cx: Request<unknown, never>) => void;
type More = NonNullable<Parameters<Rig["follow"]>[0]>;

/** A rig whose followers share answers, and the first follower. */
async function sharing(more: Partial<Omit<More, "live">> & { readonly live?: object } = {}, how: object = {}) {
  const rig = liveRig();
  const first = rig.follow({ ...more, live: { ...rig.options().live, shared: {}, ...more.live } }, how);
  const join = (how: Parameters<Rig["follow"]>[1] = {}) => rig.follow({}, { ...how, endpoint: first.endpoint });
  await idle();
  const change = async (id: string, ms = 2_000): Promise<void> => {
    rig.client.change(id);
    rig.purges.purge([`thing:${id}`]);
    await rig.clock.advance(ms);
  };
  return { ...rig, first, join, change };
}

test("one composition serves all followers of a request, and each has a separate position", async () => {
  const { first, join, client, change, clock } = await sharing();
  const [second, other] = [join(), join({ id: "b" })];
  await clock.advance(2_000);
  expect([second.news(), other.news()]).toEqual([
    ["opened", "item a 0, plain 0"],
    ["opened", "item b 0, plain 0"],
  ]);
  first.news();
  client.calls();
  await change("a");
  expect([client.calls(), first.news(), second.news(), other.news()]).toEqual([
    ["a"],
    ["item a 1, plain 0 reset"],
    ["item a 1, plain 0 reset"],
    [],
  ]);
});

test("one who joins gets an answer that was composed since, and the others get it after min_interval", async () => {
  const { first, join, client, clock } = await sharing();
  first.news();
  client.change("plain");
  const second = join();
  await clock.advance(0);
  expect([first.news(), second.news()]).toEqual([[], ["opened", "item a 0, plain 1"]]);
  client.calls();
  await clock.advance(999);
  expect(first.news()).toEqual([]);
  await clock.advance(200);
  expect([first.news(), second.news(), client.calls()]).toEqual([["item a 0, plain 1 reset"], [], []]);
});

test("one who joins during a composition waits for the next one", async () => {
  const { first, join, client, clock } = await sharing();
  client.answer = undefined;
  first.news();
  const second = join();
  await idle();
  const [old] = client.underWay;
  client.change("plain");
  const third = join();
  await idle();
  client.answer = (sent) => client.reply(sent);
  old?.thing({ tags: ["plain 0"] });
  await clock.advance(1);
  expect([second.news(), third.news()]).toEqual([
    ["opened", "item a 0, plain 0"],
    ["opened", "item a 0, plain 1"],
  ]);
});

test("the answer stays current when its first follower leaves, also during a composition", async () => {
  const { first, join, client, change, clock } = await sharing();
  const second = join();
  await clock.advance(2_000);
  second.news();
  client.answer = undefined;
  await change("a", 200);
  first.following.cancel();
  client.answer = (sent) => client.reply(sent);
  for (const sent of client.underWay) client.reply(sent);
  await idle();
  expect(second.news()).toEqual(["item a 1, plain 0 reset"]);
  await change("a");
  expect(second.news()).toEqual(["item a 2, plain 0 reset"]);
  second.following.cancel();
  expect([clock.running, client.underWay]).toEqual([0, []]);
});

test("a slow reader holds up no other, and gets the newest answer without a call", async () => {
  const { first, join, client, change, clock } = await sharing();
  const follower = new TestFollower();
  const slow = join({ follower });
  await clock.advance(2_000);
  follower.reads = false;
  await change("a");
  await change("a");
  first.news();
  slow.news();
  await change("a");
  client.calls();
  follower.reads = true;
  slow.following.ready();
  await clock.advance(1_100);
  expect([first.news(), slow.news(), client.calls()]).toEqual([
    ["item a 3, plain 0 reset"],
    ["item a 3, plain 0 reset"],
    [],
  ]);
});

test("callers share an answer if it reads nothing of them, and each has a separate permit", async () => {
  const { identity } = await gate({ sources: [sourceOf("user", BEARER)] });
  const refused = new Set<unknown>();
  const decide: Decide = (cx) => {
    if (refused.has(cx.exchange.headers.authentication?.caller?.credential.subject))
      throw refusal(Code.PERMISSION_DENIED);
  };
  const { first, join, client, change, clock } = await sharing(
    { identity, permit: { decide } } as object,
    bearer("user-ada"),
  );
  const eve = join(bearer("user-eve"));
  await clock.advance(2_000);
  first.news();
  eve.news();
  client.calls();
  refused.add("eve");
  await change("a");
  expect([client.calls(), first.news(), eve.news()]).toEqual([
    ["a"],
    ["item a 1, plain 0 reset"],
    [expect.stringMatching(/^failed 7 /)],
  ]);
});

test("callers do not share an answer that reads them", async () => {
  const { identity } = await gate({ sources: [sourceOf("user", BEARER)] });
  const compose: More["compose"] = async (cx) =>
    page({ title: `${cx.exchange.headers.authentication?.caller?.credential.subject}` });
  const live = { shared: { principal: "whole" } };
  const { first, join, clock } = await sharing({ identity, permit: {}, compose, live } as object, bearer("user-ada"));
  const others = [join(bearer("user-eve")), join(bearer("user-ada"))];
  await clock.advance(1);
  expect([first, ...others].map((follower) => follower.news()[1])).toEqual(["item ada", "item eve", "item ada"]);
});

test("a permit without a result holds back the messages of one follower only", async () => {
  const { identity } = await gate({ sources: [sourceOf("user", BEARER)] });
  let away = false;
  const status = { code: Code.UNAVAILABLE, clientCode: Code.INTERNAL, reason: Reason.UNAVAILABLE };
  const decide: Decide = (cx) => {
    if (away && cx.exchange.headers.authentication?.caller?.credential.subject === "eve")
      throw new Failure({ ...status, callee: "up.v1.Up/Get", message: "no" });
  };
  const { first, join, change, clock, client } = await sharing(
    { identity, permit: { decide } } as object,
    bearer("user-ada"),
  );
  const eve = join(bearer("user-eve"));
  await clock.advance(2_000);
  first.news();
  eve.news();
  away = true;
  await change("a", 20_000);
  expect([first.news(), eve.news()]).toEqual([["item a 1, plain 0 reset"], []]);
  away = false;
  client.calls();
  await clock.advance(40_000);
  expect([first.news(), eve.news(), client.calls()]).toEqual([[], ["item a 1, plain 0 reset"], []]);
  eve.following.cancel();
  first.following.cancel();
  expect(clock.running).toBe(0);
});

test("a first composition that fails ends only those who waited for it", async () => {
  const { first, join, client, clock, lacking } = await sharing();
  first.news();
  client.answer = (sent) => sent.fault(Code.UNAVAILABLE);
  const second = join();
  await idle();
  expect([second.news()[1], first.news()]).toEqual([expect.stringMatching(/^failed 14 /), []]);
  client.answer = (sent) => client.reply(sent);
  client.change("plain");
  await clock.advance(5_000);
  expect([first.news(), lacking]).toEqual([["item a 0, plain 1 reset"], ["* test.v1.Upstream"]]);
  first.following.cancel();
  expect(clock.running).toBe(0);
});
