// Live answers of random compositions, under random changes, waits and faults, compared with a model that composes
// everything at every change.
// Holds docs/streams.md#live-answers
import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Cache } from "../cache/cache.ts";
import { Purges } from "../cache/purges.ts";
import { Upstream } from "../call/upstream.ts";
import { Code } from "../failure.ts";
import type { Following } from "../stream/stream-endpoint.ts";
import { FakeClient, type Sent } from "../testing/fake-client.ts";
import { FakeClock, idle } from "../testing/fake-clock.ts";
import { SHOW, TestFollower } from "../testing/follow-rig.ts";
import { page } from "../testing/front.ts";
import { ShowRequestSchema, type Thing, Upstream as UpstreamService } from "../testing/gen/test_pb.ts";
import { noUnhandledRejections } from "../testing/no-unhandled.ts";
import { liveEndpoint } from "./live-endpoint.ts";

noUnhandledRejections();

/** For each step the earlier steps that it reads. A step that reads none has a tag and a version. */
type Composition = readonly (readonly number[])[];

const COMPOSITION: fc.Arbitrary<Composition> = fc
  .array(fc.array(fc.nat(20), { maxLength: 3 }), { minLength: 1, maxLength: 8 })
  .map((all) =>
    all.map((reads, i) => [...new Set(reads.map((read) => (i === 0 ? -1 : read % i)))].filter((r) => r >= 0)),
  );

/** The steps that depend on a step, with that step. */
function after(composition: Composition, changed: number): readonly number[] {
  const found = new Set([changed]);
  composition.forEach((reads, i) => {
    if (reads.some((read) => found.has(read))) found.add(i);
  });
  return [...found];
}

function world(composition: Composition, random: number, isShared: boolean) {
  const clock = new FakeClock();
  clock.chance = random;
  const versions = composition.map(() => 0);
  /** The versions at the time of a request: an upstream may answer later with an old value. */
  const read = new WeakMap<Sent, readonly number[]>();
  const client = new (class extends FakeClient {
    override send(...call: Parameters<FakeClient["send"]>): ReturnType<FakeClient["send"]> {
      const sent = super.send(...call);
      read.set(sent as Sent, [...versions]);
      return sent;
    }
  })();
  const purges = new Purges();
  const options = { clock, cache: new Cache({ clock, purges }) };
  const upstream = new Upstream("test.v1.Upstream", client, {}, options);
  const stepOf = (id: string): number => Number(id.split(" ")[0]);
  const answer = (sent: Sent): void => {
    const step = stepOf(sent.id);
    const isRoot = composition[step]?.length === 0;
    sent.thing({
      tags: [isRoot ? `${step}v${read.get(sent)?.[step]}` : `${step}(${sent.id.split(" ").slice(1).join(" ")})`],
    });
  };
  const calls = composition.map((reads, i) =>
    upstream.unary(
      UpstreamService.method.get,
      reads.length > 0 ? {} : { cache: { ttlMs: 3_600_000, tags: () => [["step:", i]] } },
    ),
  );
  const textOf = (thing: Thing): string => thing.tags[0] ?? "";
  const model = (): string => {
    const values: string[] = [];
    composition.forEach((reads, i) => {
      values.push(reads.length === 0 ? `${i}v${versions[i]}` : `${i}(${reads.map((read) => values[read]).join(" ")})`);
    });
    return values.join(", ");
  };
  const endpoint = liveEndpoint(
    SHOW,
    {},
    {
      timeoutMs: 2_000,
      clock,
      live: {
        calls,
        ...(isShared ? { shared: {} } : {}),
        on: composition.flatMap((reads, i) =>
          reads.length > 0
            ? []
            : [{ tag: () => ["step:", i], runs: after(composition, i).flatMap((step) => calls[step] ?? []) }],
        ),
        minIntervalMs: 100,
        jitter: 0.1,
      },
      compose: async (cx) => {
        const steps: Promise<Thing>[] = [];
        composition.forEach((reads, i) => {
          const rpc = calls[i];
          if (rpc === undefined) throw new Error("no call");
          const read = reads.flatMap((step) => steps[step] ?? []);
          steps.push(
            cx.step(async () => cx.send(rpc, { id: [i, ...(await Promise.all(read)).map(textOf)].join(" ") })),
          );
        });
        return page({ title: (await Promise.all(steps)).map(textOf).join(", ") });
      },
    },
  );
  const follow = (): Followed => {
    const follower = new TestFollower();
    const following = endpoint.follow(create(ShowRequestSchema), new Headers(), undefined, undefined, follower);
    return { follower, following };
  };
  const change = (root: number): void => {
    versions[root] = (versions[root] ?? 0) + 1;
    purges.purge([`step:${root}`]);
  };
  const roots = composition.flatMap((reads, i) => (reads.length === 0 ? [i] : []));
  return { clock, client, answer, model, follow, change, roots, stepOf };
}

interface Followed {
  readonly follower: TestFollower;
  readonly following: Following;
}
const titlesOf = ({ follower }: Followed): string[] =>
  follower.events.flatMap((event) => /^item (.*) @/.exec(event)?.[1] ?? []);

/** The versions of all roots in an answer. */
const versionsIn = (title: string): number[] =>
  [...title.matchAll(/(?:^|, )\d+v(\d+)/g)].map(([, version]) => Number(version));

/** Steps of the calls since the last reading, in order. */
const stepsOf = ({ client, stepOf }: ReturnType<typeof world>): number[] =>
  client.sent
    .splice(0)
    .map(({ id }) => stepOf(id))
    .sort();

test("the calls after a purge are those of its steps and of all that read them, once for all followers", {
  timeout: 60_000,
}, async () => {
  const followers = fc.integer({ min: 1, max: 3 });
  await fc.assert(
    fc.asyncProperty(
      COMPOSITION,
      followers,
      fc.array(fc.nat(20), { maxLength: 6 }),
      async (composition, count, changes) => {
        const tested = world(composition, 0.5, true);
        const { clock, client, answer, model, follow, change, roots } = tested;
        client.answer = answer;
        const all: Followed[] = [];
        for (let i = 0; i < count; i++) {
          all.push(follow());
          await clock.advance(500);
          const untagged = composition.flatMap((reads, step) => (i === 0 || reads.length > 0 ? [step] : []));
          // A later follower gets a new answer. Its calls with a cache are answered there.
          expect(stepsOf(tested)).toEqual(untagged);
        }
        for (const pick of changes) {
          const root = roots[pick % roots.length] ?? 0;
          change(root);
          await clock.advance(500);
          expect(stepsOf(tested)).toEqual([...after(composition, root)].sort());
          for (const followed of all) expect(titlesOf(followed).at(-1)).toBe(model());
        }
        for (const { following } of all) following.cancel();
        expect(clock.running).toBe(0);
      },
    ),
    { numRuns: 300 },
  );
});

/** Worlds of the last test. */
const WORLDS = Number(process.env.PROTOBFF_LIVE_WORLDS ?? 500);

const MOST_FOLLOWERS = 4;
const numbers = (max: number) => fc.record({ pick: fc.nat(20), of: fc.nat(max) });
const act = <K extends string>(name: K, weight: number) => ({
  weight,
  arbitrary: numbers(MOST_FOLLOWERS - 1).map((picks) => ({ act: name, ...picks })),
});
const ACTS = fc.oneof(
  act("change", 6),
  act("answer", 12),
  act("fault", 2),
  {
    weight: 6,
    arbitrary: fc.record({ act: fc.constant("pass"), pick: fc.integer({ min: 1, max: 700 }), of: fc.nat() }),
  },
  act("stall", 1),
  act("read", 1),
  act("join", 2),
  act("leave", 1),
);

test("the last message is the model's answer, and no older message follows a newer one", {
  timeout: Math.max(60_000, WORLDS * 20),
}, async () => {
  await fc.assert(
    fc.asyncProperty(
      COMPOSITION,
      fc.boolean(),
      fc.boolean(),
      fc.array(ACTS, { maxLength: 40 }),
      async (composition, isShared, isOpen, acts) => {
        const { clock, client, answer, model, follow, change, roots } = world(composition, 0.3, isShared);
        const all = [follow()];
        const open = () => all.filter(({ follower }) => !follower.over);
        for (let i = 0; isOpen && i < composition.length; i++) {
          await idle();
          for (const sent of client.underWay) answer(sent);
        }
        for (const { act, pick, of } of acts) {
          const calls = client.underWay;
          const followed = open()[of % Math.max(1, open().length)];
          if (act === "change") change(roots[pick % roots.length] ?? 0);
          else if (act === "answer" && calls.length > 0) answer(calls[pick % calls.length] as Sent);
          else if (act === "fault") calls[pick % calls.length]?.fault(Code.UNAVAILABLE);
          else if (act === "pass") await clock.advance(pick);
          else if (act === "join" && all.length < MOST_FOLLOWERS) all.push(follow());
          else if (followed === undefined)
            break; // none has read for 10 s, or the first answers have failed
          else if (act === "stall") followed.follower.reads = false;
          else if (act === "read") {
            followed.follower.reads = true;
            followed.following.ready();
          } else if (act === "leave") {
            followed.following.cancel();
            followed.follower.over = true;
          }
          await idle();
        }
        client.answer = answer;
        for (const sent of client.underWay) answer(sent);
        for (const { follower, following } of open()) {
          follower.reads = true;
          following.ready();
        }
        await clock.advance(120_000);
        for (const followed of open()) expect(titlesOf(followed).at(-1)).toBe(model());
        for (const followed of all) {
          let before: number[] = [];
          for (const title of titlesOf(followed)) {
            const versions = versionsIn(title);
            for (const [i, version] of versions.entries()) expect(version).toBeGreaterThanOrEqual(before[i] ?? 0);
            before = versions;
          }
        }
        for (const { following } of open()) following.cancel();
        await idle();
        expect(clock.running).toBe(0);
        expect(client.underWay).toEqual([]);
      },
    ),
    { numRuns: WORLDS },
  );
});
