// Random messages of random steps, deferred or not, whose calls end in random order: what a stream of parts comes to is the unary answer.
import { create, equals, merge, mergeFromBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { merged } from "../../../client/src/merge-parts.ts";
import { Code } from "../failure.ts";
import type { Sent } from "../testing/fake-client.ts";
import { idle } from "../testing/fake-clock.ts";
import { type Inner, type Whole, WholeSchema } from "../testing/gen/parts_pb.ts";
import type { Thing } from "../testing/gen/test_pb.ts";
import { noUnhandledRejections } from "../testing/no-unhandled.ts";
import { type Cx, inner, PartsFollower, partsRig, whole } from "../testing/parts-rig.ts";

noUnhandledRejections();

interface StepSpec {
  readonly kind: "deferred" | "critical" | "supplementary";
  /** Of an earlier step that it reads, counted back. */
  readonly after: number;
  readonly batched: boolean;
  readonly outcome: "ok" | "ok2" | "fault" | "hang";
}
interface InnerSpec {
  readonly tags: readonly number[];
  readonly flag: readonly number[];
  /** The step of which the message itself is made; or in a scope of its own; or neither. */
  readonly by: number | "sub" | undefined;
  readonly inner: InnerSpec | undefined;
}
interface Spec {
  readonly steps: readonly StepSpec[];
  readonly facts: readonly number[];
  readonly cents: readonly number[];
  readonly notes: readonly number[];
  readonly inner: InnerSpec | undefined;
  readonly text: readonly number[] | undefined;
  readonly picked: InnerSpec | undefined;
  readonly list: readonly InnerSpec[];
}

const READS = fc.array(fc.nat(7), { maxLength: 3 });
const { message: INNER } = fc.letrec<{ message: InnerSpec }>((tie) => ({
  message: fc.record({
    tags: READS,
    flag: READS,
    by: fc.option(fc.oneof(fc.nat(7), fc.constant("sub" as const)), { nil: undefined }),
    inner: fc.option(tie("message"), { nil: undefined, maxDepth: 2, depthSize: "small" }),
  }),
}));
const SPEC: fc.Arbitrary<Spec> = fc.record({
  steps: fc.array(
    fc.record({
      kind: fc.constantFrom<StepSpec["kind"][]>("deferred", "deferred", "deferred", "supplementary", "critical"),
      after: fc.nat(4),
      batched: fc.boolean(),
      outcome: fc.constantFrom<StepSpec["outcome"][]>("ok", "ok2", "ok", "ok2", "fault", "hang"),
    }),
    { minLength: 1, maxLength: 8 },
  ),
  facts: READS,
  cents: READS,
  notes: READS,
  inner: fc.option(INNER, { nil: undefined }),
  text: fc.option(READS, { nil: undefined }),
  picked: fc.option(INNER, { nil: undefined }),
  list: fc.array(INNER, { maxLength: 2 }),
});
const ACTS = fc.array(
  fc.oneof(
    { weight: 10, arbitrary: fc.record({ act: fc.constant("answer" as const), which: fc.nat(7) }) },
    { weight: 2, arbitrary: fc.record({ act: fc.constantFrom("stall" as const, "read" as const, "both" as const) }) },
    {
      weight: 1,
      arbitrary: fc.record({ act: fc.constantFrom("drain" as const, "drain" as const, "cancel" as const) }),
    },
  ),
  { maxLength: 30 },
);

type Step = Promise<Thing | undefined>;
interface Started {
  readonly steps: readonly Step[];
  readonly late: readonly boolean[];
}

/** What the compiler makes of such a message. */
function composer(spec: Spec): (cx: Cx) => Promise<Whole> {
  return async (cx) => {
    const { steps, late } = start(cx, spec.steps);
    const all: Started = { steps, late };
    const page = whole({ title: "t" });
    const innerStep = spec.inner && made(cx, spec.inner, all);
    const pickedStep = spec.picked && made(cx, spec.picked, all);
    const list = await Promise.all(spec.list.map((innerSpec) => madeOf(cx, { ...innerSpec, by: undefined }, all)));
    page.list = list;
    await field(cx, page, "facts", spec.facts, all, (things) => ({ facts: things.map(({ id }) => id) }));
    await field(cx, page, "cents", spec.cents, all, (things) =>
      things.length === 0 ? {} : { cents: things.length - 1 },
    );
    await field(cx, page, "notes", spec.notes, all, (things) => ({
      notes: Object.fromEntries(things.map(({ id }) => [id, `note ${id}`])),
    }));
    if (innerStep !== undefined) await placed(cx, page, ["inner"], innerStep, (value) => ({ inner: value }));
    if (pickedStep !== undefined)
      await placed(cx, page, ["text", "picked"], pickedStep, (value) => ({
        choice: { case: "picked" as const, value },
      }));
    else if (spec.text !== undefined)
      await field(cx, page, "text", spec.text, all, (things) =>
        things.length === 0 ? {} : { choice: { case: "text" as const, value: things.map(({ id }) => id).join() } },
      );
    return page;
  };
}
function start(cx: Cx, specs: readonly StepSpec[]): Started {
  const steps: Step[] = [];
  const late: boolean[] = [];
  for (const [i, { kind, after, batched, outcome }] of specs.entries()) {
    const before = after === 0 ? undefined : steps[i - after];
    const isLate = kind === "deferred" || (before !== undefined && late[i - after] === true);
    const of = isLate ? cx.late : cx;
    const id = `${i}${outcome}`;
    const send = (): Step => (batched && outcome === "ok" ? of.load(of.app.byId, id) : of.send(of.app.get, { id }));
    const critical = !isLate && kind === "critical";
    const run = async (mark: never): Promise<Thing | undefined> => {
      if (before !== undefined && (await before) === undefined) return of.without(mark, before);
      return send();
    };
    const step = critical
      ? of.step(async (mark: unknown) => run(mark as never))
      : of.tryStep(async (mark: unknown) => run(mark as never));
    if (!isLate) cx.holds(step);
    steps.push(step);
    late.push(isLate);
  }
  return { steps, late };
}
async function field<Owner extends object>(
  cx: Cx,
  owner: Owner,
  name: string,
  reads: readonly number[],
  { steps, late }: Started,
  value: (things: Thing[]) => Partial<Owner>,
): Promise<void> {
  const read = [...new Set(reads)].filter((i) => i < steps.length);
  const origins = read.flatMap((i) => steps[i] ?? []);
  const compose = async (): Promise<Partial<Owner>> => {
    const things = (await Promise.all(origins)).filter((thing) => thing !== undefined);
    if (cx.degraded) cx.touched(owner, name, things.length > 0, ...origins);
    return value(things);
  };
  if (read.some((i) => late[i])) cx.part(owner, [name], compose);
  else Object.assign(owner, await compose());
}
/** A composed message, and whether it is deferred as a whole. */
interface Made {
  readonly step: Promise<Inner | undefined>;
  readonly late: boolean;
}
function made(cx: Cx, spec: InnerSpec, all: Started): Made {
  if (spec.by === "sub") return { step: cx.tryStep(() => cx.sub((cx) => madeOf(cx, spec, all))), late: false };
  const by = spec.by === undefined ? undefined : all.steps[spec.by];
  const late = by !== undefined && all.late[spec.by as number] === true;
  const of = late ? cx.late : cx;
  const step = of.tryStep(async (mark) => {
    if (by !== undefined && (await by) === undefined) return of.without(mark, by);
    return madeOf(of, spec, all);
  });
  return { step, late };
}
async function madeOf(cx: Cx, spec: InnerSpec, all: Started): Promise<Inner> {
  const message = inner({ name: "n" });
  await field(cx, message, "tags", spec.tags, all, (things) => ({ tags: things.map(({ id }) => id) }));
  await field(cx, message, "flag", spec.flag, all, (things) =>
    things.length === 0 ? {} : { flag: things.length > 1 },
  );
  if (spec.inner !== undefined) await placed(cx, message, ["inner"], made(cx, spec.inner, all), (inner) => ({ inner }));
  return message;
}
async function placed<Owner extends object>(
  cx: Cx,
  owner: Owner,
  names: readonly string[],
  { step, late }: Made,
  value: (inner: Inner) => Partial<Owner>,
): Promise<void> {
  const compose = async (): Promise<Partial<Owner>> => {
    const inner = await step;
    if (cx.degraded) cx.touched(owner, names.at(-1) ?? "", inner !== undefined, step);
    return inner === undefined ? {} : value(inner);
  };
  if (late) cx.part(owner, names, compose);
  else Object.assign(owner, await compose());
}

function answerTo(sent: Sent): void {
  if (sent.path.endsWith("BatchGet")) sent.things({ things: sent.ids.map((id) => ({ id })) });
  else if (sent.id.endsWith("fault")) sent.fault(Code.UNAVAILABLE);
  else if (!sent.id.endsWith("hang")) sent.thing();
}
const hangs = (sent: Sent): boolean => !sent.path.endsWith("BatchGet") && sent.id.endsWith("hang");

/** Its parts and degradations in one order. */
function sorted(message: Whole): Whole {
  const parts = message.parts.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const degraded = message.degraded.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  return { ...message, parts, degraded };
}
async function summed(follower: PartsFollower): Promise<Whole> {
  const { messages, bytes } = follower;
  const byBytes = create(WholeSchema);
  for (const chunk of bytes) mergeFromBinary(WholeSchema, byBytes, chunk);
  let byClient = create(WholeSchema);
  const stream = (async function* () {
    yield* messages;
  })();
  for await (const whole of merged(WholeSchema, stream)) byClient = whole;
  expect(equals(WholeSchema, byClient, byBytes)).toBe(true);
  // Last, since it changes what it merges.
  const byMerge = create(WholeSchema);
  for (const message of messages) merge(WholeSchema, byMerge, message);
  expect(equals(WholeSchema, byMerge, byBytes)).toBe(true);
  return sorted(byBytes);
}

test("the merged messages of a stream of parts equal the unary answer", { timeout: 120_000 }, async () => {
  let several = 0;
  await fc.assert(
    fc.asyncProperty(SPEC, ACTS, async (spec, acts) => {
      const compose = composer(spec);
      const unary = partsRig();
      unary.client.answer = answerTo;
      const request = unary.send(compose);
      await unary.clock.advance(2_000);
      const { answer, failure } = await request;

      const { follow, client, clock } = partsRig();
      const { follower, following } = follow(compose);
      const live = (): Sent[] => client.underWay.filter((sent) => !hangs(sent));
      for (const step of acts) {
        const all = live();
        if (step.act === "answer" || step.act === "both") {
          const which = step.act === "answer" ? step.which : 0;
          if (all.length > 0) answerTo(all[which % all.length] as Sent);
          if (step.act === "both" && all.length > 1) answerTo(all[1] as Sent);
        } else if (step.act === "stall") follower.reads = false;
        else if (step.act === "read") follower.read(following);
        else if (step.act === "drain") following.drain();
        else following.cancel();
        await idle();
        if (step.act !== "cancel" || ["ended", "failed"].includes(follower.events.at(-1)?.split(" ")[0] ?? ""))
          continue;
        const { length } = follower.events;
        expect([client.underWay.length, clock.running]).toEqual([0, 0]);
        follower.read(following);
        await clock.advance(20_000);
        expect(follower.events).toHaveLength(length);
        return;
      }
      follower.read(following);
      client.answer = answerTo;
      for (const sent of live()) answerTo(sent);
      await clock.advance(10_000);
      await follower.over;
      expect(client.underWay).toEqual([]);
      expect(clock.running).toBe(0);
      for (const [i, message] of follower.messages.entries()) {
        const then = create(WholeSchema);
        mergeFromBinary(WholeSchema, then, follower.bytes[i] as Uint8Array);
        expect(equals(WholeSchema, message, then)).toBe(true); // none is changed once it was given
      }
      if (failure !== undefined) {
        expect(follower.events).toEqual([`failed ${failure.clientCode}`]);
        return;
      }
      expect(follower.events.at(-1)).toBe("ended");
      if (follower.messages.length > 2) several++;
      expect(await summed(follower)).toEqual(await summed(wholeFollower(answer as Whole)));
    }),
    { numRuns: 400 },
  );
  expect(several).toBeGreaterThan(5);
});

function wholeFollower(answer: Whole): PartsFollower {
  const follower = new PartsFollower();
  follower.item(answer, undefined);
  return follower;
}
