// Deferred parts of an answer that is given at once.
import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { endpoint } from "../endpoint/endpoint.ts";
import { Code, Reason } from "../failure.ts";
import { byId } from "../testing/fake-client.ts";
import { front, page } from "../testing/front.ts";
import { type Card, CardSchema, Front, type Page, ShowRequestSchema } from "../testing/gen/test_pb.ts";
import { noUnhandledRejections } from "../testing/no-unhandled.ts";
import { defined } from "./emitted-functions.ts";
import type { Request } from "./request.ts";

noUnhandledRejections();

type App = ReturnType<typeof front>["app"];
const card = (init: Partial<Card> = {}): Card => ({ ...create(CardSchema), ...init });

/** An answer, or its code, with the names of its parts and its degradations. */
function send(
  { app, clock }: ReturnType<typeof front>,
  compose: (cx: Request<App>) => Promise<Page>,
): Promise<{ page?: Page; parts: string[]; degraded: string[]; code?: Code }> {
  const parts: string[] = [];
  const degraded: string[] = [];
  return new Promise((resolve) => {
    endpoint(Front.method.show, app, {
      timeoutMs: 2_000,
      compose,
      parts: (_, arrived) => parts.push(...arrived.map(({ name }) => name)),
      degraded: (_, entries) =>
        degraded.push(...entries.map(({ path, effect, reason }) => `${path} ${effect} ${reason}`)),
      clock,
    }).run(
      create(ShowRequestSchema),
      new Headers(),
      undefined,
      (page) => resolve({ page: page as Page, parts, degraded }),
      ({ clientCode: code }) => resolve({ parts, degraded, code }),
    );
  });
}

/** `facts` of the page, by a step of this id. */
function facts(cx: Request<App>, owner: Page, id: string): void {
  const step = cx.late.tryCall(cx.app.get, { id });
  cx.part(owner, ["facts"], async () => {
    const thing = await step;
    if (cx.degraded) cx.touched(owner, "facts", thing !== undefined, step);
    return { facts: thing?.tags ?? [] };
  });
}

test("the answer waits for all parts, including those announced meanwhile", async () => {
  const rig = front();
  rig.client.answer = byId({});
  const answer = await send(rig, async (cx) => {
    const whole = page({ title: "t" });
    expect(cx.late).toBe(cx);
    const step = cx.late.tryStep(async () => {
      const made = card({ id: (await cx.late.send(cx.app.get, { id: "main" })).id });
      const inner = cx.late.tryCall(cx.app.get, { id: "inner" });
      cx.part(made, ["inner"], async () => ({ inner: card({ id: (await inner)?.id ?? "" }) }));
      return made;
    });
    cx.part(whole, ["main"], async () => ({ main: (await step) as Card }));
    return whole;
  });
  expect(answer.page).toMatchObject({ title: "t", main: { id: "main", inner: { id: "inner" } } });
  expect(answer).toMatchObject({ parts: ["main", "main.inner"], degraded: [] });
});

test("a failed part is delivered with its cause", async () => {
  const rig = front();
  rig.client.answer = byId({ f: "UNAVAILABLE" });
  const answer = await send(rig, async (cx) => {
    const whole = page({ title: "t" });
    facts(cx, whole, "f");
    cx.part(whole, ["main"], async () => {
      throw new TypeError("a fault of the code");
    });
    return whole;
  });
  expect(answer.page).toMatchObject({ title: "t", facts: [] });
  expect(answer.page?.main).toBe(undefined);
  expect(answer.parts.toSorted()).toEqual(["facts", "main"]);
  expect(answer.degraded).toEqual([`facts 1 ${Reason.UNAVAILABLE}`, `main 1 ${Reason.INVALID}`]);
});

test("a part outside the answer is dropped, and each list item has a separate part", async () => {
  const rig = front();
  const answer = await send(rig, async (cx) => {
    const [first, second] = [card({ id: "1" }), card({ id: "2" })];
    for (const owner of [first, second, card({ id: "nowhere" })])
      cx.part(owner, ["owner_name"], async () => ({ ownerName: `of ${owner.id}` }));
    return page({ cards: [first, second] });
  });
  expect(answer.page?.cards.map(({ ownerName }) => ownerName)).toEqual(["of 1", "of 2"]);
  expect(answer.parts).toEqual(["cards[0].owner_name", "cards[1].owner_name"]);
});

test("fields that a part leaves undefined stay as they were composed", async () => {
  const answer = await send(front(), async (cx) => {
    const whole = page();
    cx.part(whole, ["title", "facts"], async () => defined({ title: "t", facts: undefined }));
    return whole;
  });
  expect(answer.page).toMatchObject({ title: "t", facts: [] });
});

test("a refusal before the end fails the answer", async () => {
  const rig = front();
  const answer = await send(rig, async (cx) => {
    const whole = page();
    facts(cx, whole, "f");
    cx.guard(async () => {
      throw cx.refuse(Code.NOT_FOUND);
    });
    return whole;
  });
  expect(answer).toMatchObject({ code: Code.NOT_FOUND, parts: [] });
  expect(rig.client.of("f").cancelled).toBe(true);
});
