// What is loaded for all of a list, held against the same of one after the other: the same calls, values, causes and failures.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Code } from "../failure.ts";
import type { Sent } from "../testing/fake-client.ts";
import { idle } from "../testing/fake-clock.ts";
import { front, page } from "../testing/front.ts";
import type { Card, Thing } from "../testing/gen/test_pb.ts";
import type { Request } from "./request.ts";

const KEYS = ["a", "b", "c", "d", "e", "f", "g"] as const;

/** What becomes of a key: of a call that which its first key says. */
type Fate = "answered" | "missing" | "unavailable" | "not found" | "never";

interface List {
  readonly keys: readonly string[];
  readonly critical: boolean;
  readonly many: boolean;
  /** Whether keys are grouped by whether they come in an even place. */
  readonly grouped: boolean;
  /** In a scope of its own, or aside. */
  readonly within: "whole" | "sub" | "aside";
  /** Begins when so many milliseconds have passed. */
  readonly afterMs: number;
  /** Keys that are loaded alone before and behind it. */
  readonly alone: readonly string[];
}
interface Case {
  readonly lists: readonly List[];
  readonly fates: Readonly<Record<string, Fate>>;
  readonly delays: Readonly<Record<string, number>>;
  /** The client goes. */
  readonly cancelMs: number | undefined;
  /** A guard is pending until then. */
  readonly guardMs: number | undefined;
}

const key = fc.constantFrom(...KEYS);
const ms = fc.constantFrom(0, 0, 10, 20, 40);
const list = fc.record<List>({
  keys: fc.array(key, { maxLength: 9 }),
  critical: fc.boolean(),
  many: fc.boolean(),
  grouped: fc.boolean(),
  within: fc.constantFrom("whole", "whole", "sub", "aside"),
  afterMs: ms,
  alone: fc.array(key, { maxLength: 2 }),
});
const each = <T>(of: fc.Arbitrary<T>) => fc.record(Object.fromEntries(KEYS.map((name) => [name, of])));
const cases = fc.record<Case>({
  lists: fc.array(list, { minLength: 1, maxLength: 3 }),
  fates: each(
    fc.constantFrom<Fate>(
      "answered",
      "answered",
      "answered",
      "answered",
      "missing",
      "unavailable",
      "not found",
      "never",
    ),
  ),
  delays: each(ms),
  cancelMs: fc.option(fc.constantFrom(0, 5, 15, 30), { nil: undefined, freq: 6 }),
  guardMs: fc.option(ms, { nil: undefined, freq: 4 }),
});

type World = ReturnType<typeof front>;
type Cx = Request<World["app"]>;

/** @param together all of a list at once */
async function run(testCase: Case, together: boolean) {
  const world = front({ call: { timeoutMs: 90 }, timeoutMs: 400 });
  const { client, clock, send } = world;
  client.answer = (sent) =>
    void clock.setTimeout(() => reply(sent, testCase), testCase.delays[sent.ids[0] ?? ""] ?? 0, undefined);
  const wait = (after: number) => new Promise<void>((resolve) => clock.setTimeout(resolve, after, undefined));
  const { state, cancel } = send(async (cx) => {
    if (testCase.guardMs !== undefined) cx.guard(() => wait(testCase.guardMs ?? 0));
    const composed = testCase.lists.map((list, at) =>
      cx.step(async () => {
        if (list.afterMs > 0) await wait(list.afterMs);
        const alone = list.alone.map((id) => cx.tryLoad(cx.app.byId, id));
        const cards = await within(cx, list, (inner) => (together ? cardsOf : cardsByItem)(inner, list, at));
        return [...cards, ...(await Promise.all(alone)).map((thing): Card => card(`alone ${thing?.id}`))];
      }),
    );
    return page({ cards: (await Promise.all(composed)).flat() });
  });
  if (testCase.cancelMs !== undefined) clock.setTimeout(cancel, testCase.cancelMs, undefined);
  await clock.advance(500);
  await idle();
  const { page: got, entries, failure } = state.answered ?? {}; // none for a client that has gone
  return {
    cards: got?.cards.map(({ id, ownerName }) => `${id} ${ownerName}`),
    entries,
    failure: failure && `${failure.code} ${failure.message}`,
    sent: client.sent.map(({ ids, cancelled, timeoutMs }) => ({ ids, cancelled, timeoutMs })),
    // What ends in one moment does so in any order: then a call that is cancelled may be one whose time is over.
    calls: world.calls
      .map(({ items, endedAt, outcome }) => `${endedAt} ${items} ${outcome.ok || (got && outcome.failure.reason)}`)
      .sort(),
  };
}

function reply(sent: Sent, { fates }: Case): void {
  if (sent.ended) return;
  const fate = fates[sent.ids[0] ?? ""];
  if (fate === "never") return;
  if (fate === "unavailable") sent.fault(Code.UNAVAILABLE);
  else if (fate === "not found") sent.fault(Code.NOT_FOUND);
  else
    sent.things({ things: sent.ids.filter((id) => fates[id] !== "missing").map((id) => ({ id, tags: [`t-${id}`] })) });
}

const within = (cx: Cx, list: List, compose: (cx: Cx) => Promise<Card[]>): Promise<Card[]> =>
  list.within === "whole" ? compose(cx) : list.within === "sub" ? cx.sub(compose).catch(() => []) : compose(cx.aside);

const card = (id: string, ownerName?: string): Card => ({
  $typeName: "test.v1.Card",
  id,
  ...(ownerName && { ownerName }),
});
const batches = ({ byId }: World["app"]) => ({
  byId,
  many: { ...byId, many: true },
  grouped: { ...byId, request: (ids: string[], group: { even: boolean }) => ({ ids, tenant: String(group.even) }) },
  groupedMany: {
    ...byId,
    many: true,
    request: (ids: string[], group: { even: boolean }) => ({ ids: ids, tenant: String(group.even) }),
  },
});
/** One for each world, as an app object has them. */
const made = new WeakMap<object, ReturnType<typeof batches>>();
function batchOf(cx: Cx, { many, grouped }: List) {
  const known = made.get(cx.app) ?? batches(cx.app);
  made.set(cx.app, known);
  return grouped ? (many ? known.groupedMany : known.grouped) : many ? known.many : known.byId;
}
const nameOf = (found: unknown): string | undefined =>
  Array.isArray(found) ? found.map(({ tags }: Thing) => tags[0]).join() : (found as Thing | undefined)?.tags[0];

async function cardsOf(cx: Cx, list: List, at: number): Promise<Card[]> {
  const batch = batchOf(cx, list);
  const rows = list.keys.map((id, i) => ({ id, even: i % 2 === 0 }));
  const method = `${list.critical ? "load" : "tryLoad"}${list.many ? "Many" : ""}Each` as const;
  const group = list.grouped ? ({ even }: { even: boolean }) => ({ even }) : undefined;
  const loads = cx[method](batch, rows, ({ id }) => id, group as never);
  await loads.all;
  return rows.map(({ id }, i) => {
    const made = card(`${at} ${id}`, nameOf(loads.value(i)));
    if (cx.degraded) cx.touched(made, "owner_name", made.ownerName !== undefined, loads.step(i));
    return made;
  });
}
function cardsByItem(cx: Cx, list: List, at: number): Promise<Card[]> {
  const batch = batchOf(cx, list);
  const method = `load${list.many ? "Many" : ""}` as const;
  return Promise.all(
    list.keys.map(async (id, i) => {
      const group = (list.grouped ? { even: i % 2 === 0 } : undefined) as never;
      const step: Promise<unknown> = list.critical
        ? cx.step((): Promise<unknown> => cx[method](batch, id, group))
        : list.many
          ? cx.tryLoadMany(batch, id, group)
          : cx.tryLoad(batch, id, group);
      const made = card(`${at} ${id}`, nameOf(await step));
      if (cx.degraded) cx.touched(made, "owner_name", made.ownerName !== undefined, step);
      return made;
    }),
  );
}

const RUNS = Number(process.env.LOADS_RUNS ?? 150);

describe("a load for a whole list", () => {
  test("a load for a whole list equals one load per item", async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (testCase) => {
        expect(await run(testCase, true)).toEqual(await run(testCase, false));
      }),
      { numRuns: RUNS },
    );
  });

  test("each key is fetched once, in the order of the list", async () => {
    const { send, client } = front();
    client.answer = (sent) => sent.things({ things: sent.ids.map((id) => ({ id, tags: [id.toUpperCase()] })) });
    const { answer } = send(async (cx) => {
      const loads = cx.loadEach(cx.app.byId, ["b", "a", "b", "c", "d"], (id) => id);
      await loads.all;
      expect(loads.step(0)).toBe(loads.step(2));
      return page({ facts: [0, 1, 2, 3, 4].map((i) => loads.value(i)?.tags[0] ?? "") });
    });
    expect((await answer).page?.facts).toEqual(["B", "A", "B", "C", "D"]);
    expect(client.sent.map(({ ids }) => ids)).toEqual([["b", "a", "c"], ["d"]]);
  });

  test("an empty list sends no call", async () => {
    const { send, client } = front();
    const { answer } = send(async (cx) => {
      await cx.loadEach(cx.app.byId, [] as string[], (id) => id).all;
      await cx.tryLoadManyEach(cx.app.byId, [] as string[], (id) => id).all;
      return page({ title: "empty" });
    });
    expect((await answer).page?.title).toBe("empty");
    expect(client.sent).toEqual([]);
  });

  test("a failure fails the response, even if no step waits for the list", async () => {
    const { send, client } = front();
    client.answer = (sent) => sent.fault(Code.NOT_FOUND);
    const { answer } = send((cx) => {
      cx.loadEach(cx.app.byId, ["a"], (id) => id);
      return new Promise(() => {});
    });
    expect((await answer).failure?.code).toBe(Code.NOT_FOUND);
  });

  test("a failure is recorded for each item without a value", async () => {
    const { send, client } = front();
    client.answer = (sent) => sent.fault(Code.UNAVAILABLE);
    const { answer } = send(async (cx) => {
      const loads = cx.tryLoadEach(cx.app.byId, ["a", "b", "a"], (id) => id);
      await loads.all;
      const cards = [0, 1, 2].map((i) => card(String(i)));
      for (const [i, made] of cards.entries()) cx.touched(made, "owner_name", false, loads.step(i));
      return page({ cards });
    });
    expect((await answer).entries).toEqual([0, 1, 2].map((i) => `cards[${i}].owner_name 1 2 test.v1.Upstream`));
  });
});
