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

function world(composition: Composition, random: number) {
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
  const follower = new TestFollower();
  const following = endpoint.follow(create(ShowRequestSchema), new Headers(), undefined, undefined, follower);
  const titles = (): string[] => follower.events.flatMap((event) => /^item (.*) @/.exec(event)?.[1] ?? []);
  const change = (root: number): void => {
    versions[root] = (versions[root] ?? 0) + 1;
    purges.purge([`step:${root}`]);
  };
  const roots = composition.flatMap((reads, i) => (reads.length === 0 ? [i] : []));
  return { clock, client, answer, model, follower, following, titles, change, roots, stepOf };
}

/** The versions of all roots in an answer. */
const versionsIn = (title: string): number[] =>
  [...title.matchAll(/(?:^|, )\d+v(\d+)/g)].map(([, version]) => Number(version));

test("the calls after a purge are those of its steps and of all that read them", { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(COMPOSITION, fc.array(fc.nat(20), { maxLength: 6 }), async (composition, changes) => {
      const { clock, client, answer, model, following, titles, change, roots, stepOf } = world(composition, 0.5);
      client.answer = answer;
      await clock.advance(1);
      const all = composition.map((_, i) => i);
      expect(
        client.sent
          .splice(0)
          .map(({ id }) => stepOf(id))
          .sort(),
      ).toEqual(all.sort());
      for (const pick of changes) {
        const root = roots[pick % roots.length] ?? 0;
        change(root);
        await clock.advance(500);
        expect(
          client.sent
            .splice(0)
            .map(({ id }) => stepOf(id))
            .sort(),
        ).toEqual([...after(composition, root)].sort());
        expect(titles().at(-1)).toBe(model());
      }
      following.cancel();
      expect(clock.running).toBe(0);
    }),
    { numRuns: 300 },
  );
});

const ACTS = fc.oneof(
  { weight: 6, arbitrary: fc.record({ act: fc.constant("change" as const), pick: fc.nat(20) }) },
  { weight: 12, arbitrary: fc.record({ act: fc.constant("answer" as const), pick: fc.nat(20) }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant("fault" as const), pick: fc.nat(20) }) },
  { weight: 6, arbitrary: fc.record({ act: fc.constant("pass" as const), pick: fc.integer({ min: 1, max: 700 }) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constantFrom("stall" as const, "read" as const), pick: fc.nat(1) }) },
);

test("the last message is the model's answer, and no older message follows a newer one", {
  timeout: 60_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(
      COMPOSITION,
      fc.boolean(),
      fc.array(ACTS, { maxLength: 40 }),
      async (composition, isOpen, acts) => {
        const { clock, client, answer, model, follower, following, titles, change, roots } = world(composition, 0.3);
        for (let i = 0; isOpen && i < composition.length; i++) {
          await idle();
          for (const sent of client.underWay) answer(sent);
        }
        for (const { act, pick } of acts) {
          const open = client.underWay;
          if (act === "change") change(roots[pick % roots.length] ?? 0);
          else if (act === "answer" && open.length > 0) answer(open[pick % open.length] as Sent);
          else if (act === "fault") open[pick % open.length]?.fault(Code.UNAVAILABLE);
          else if (act === "pass") await clock.advance(pick);
          else if (act === "stall") follower.reads = false;
          else if (act === "read") {
            follower.reads = true;
            following.ready();
          }
          await idle();
          if (follower.over) break; // it did not read for 10 s, or its first answer has failed
        }
        if (!follower.over) {
          client.answer = answer;
          for (const sent of client.underWay) answer(sent);
          follower.reads = true;
          following.ready();
          await clock.advance(120_000);
          expect(titles().at(-1)).toBe(model());
        }
        let before: number[] = [];
        for (const title of titles()) {
          const versions = versionsIn(title);
          for (const [i, version] of versions.entries()) expect(version).toBeGreaterThanOrEqual(before[i] ?? 0);
          before = versions;
        }
        following.cancel();
        await idle();
        expect(clock.running).toBe(0);
        expect(client.underWay).toEqual([]);
      },
    ),
    { numRuns: 500 },
  );
});
