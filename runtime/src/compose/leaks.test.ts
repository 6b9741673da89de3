// Holds docs/runtime.md#cancellation
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Code } from "../failure.ts";
import { byId, type Sent } from "../testing/fake-client.ts";
import { idle } from "../testing/fake-clock.ts";
import { front, page, RETRY } from "../testing/front.ts";
import type { Request } from "./request.ts";

// Random compositions over random faults: whatever happens, there is one answer, and nothing of the request is left after it.

const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);
beforeEach(() => void process.on("unhandledRejection", note));
afterEach(() => void process.off("unhandledRejection", note));

type Plan = { kind: string; mode: number; inner: Plan[] };
const leaf = (...kinds: string[]) =>
  fc.record({ kind: fc.constantFrom(...kinds), mode: fc.nat(8), inner: fc.constant<Plan[]>([]) });
const plan = fc.letrec<{ plan: Plan }>((tie) => ({
  plan: fc.oneof(
    { maxDepth: 3 },
    leaf("call", "tryCall", "effect", "tryEffect", "load", "tryLoad", "guard", "refuse", "orElse"),
    fc.record({
      kind: fc.constantFrom("sub", "trySub", "bounded", "partial"),
      mode: fc.constant(0),
      inner: fc.array(tie("plan"), { maxLength: 3 }),
    }),
  ),
})).plan;

type App = ReturnType<typeof front>["app"];

test("no timer, call or place of a request outlives it", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(plan, { minLength: 1, maxLength: 6 }),
      fc.record({
        cancelAt: fc.option(fc.nat(400)),
        concurrent: fc.integer({ min: 1, max: 3 }),
        queued: fc.nat(3),
        breaker: fc.boolean(),
      }),
      async (plans, { cancelAt, concurrent, queued, breaker }) => {
        const policy = {
          limit: { concurrent, queued },
          ...(breaker && { breaker: { errorRate: 0.5, windowMs: 1_000, minimum: 2, openMs: 100, probes: 1 } }),
        };
        const { send, client, clock, calls, responses } = front({
          policy,
          call: { timeoutMs: 300, retry: RETRY },
          timeoutMs: 1_000,
          concurrent: 2,
        });
        const modeOf = (sent: Sent): number => Number(/^\d+/.exec(sent.ids[0] ?? "0")?.[0]);
        client.answer = (sent) => {
          const mode = modeOf(sent);
          const later = (ms: number, answer: () => void): void =>
            void clock.setTimeout(() => !sent.ended && answer(), ms, undefined);
          const good = (): void =>
            sent.path.endsWith("BatchGet") ? sent.things({ things: sent.ids.map((id) => ({ id })) }) : sent.thing();
          if (mode < 3) later(mode * 50, good);
          else if (mode === 3) sent.fault(Code.UNAVAILABLE);
          else if (mode === 4) later(70, () => sent.fault(Code.INTERNAL));
          else if (mode === 5) sent.fault(Code.UNAVAILABLE, { kind: "unprocessed" });
          else if (mode === 6) sent.bytes(new Uint8Array([255]));
          else if (mode === 7) later(900, good);
        };
        let n = 0;
        const run = async (cx: Request<App>, { kind, mode, inner }: Plan): Promise<unknown> => {
          const { get, byId } = cx.app;
          const request = { id: `${mode}-${n++}` };
          const all = (in_: Request<App>) => Promise.all(inner.map((each) => run(in_, each)));
          switch (kind) {
            case "call":
              return cx.call(get, request, { rescue: (error) => (mode === 4 ? "instead" : error) });
            case "tryCall":
              return cx.tryCall(get, request);
            case "effect":
              return cx.step(() => cx.effect(get, request));
            case "tryEffect":
              return cx.tryStep(() => cx.effect(get, request));
            case "load":
              return cx.step(() => cx.load(byId, request.id));
            case "tryLoad":
              return cx.tryLoad(byId, request.id);
            case "guard": {
              const step = cx.tryCall(get, request);
              cx.guard(async () => {
                if ((await step) === undefined) throw cx.refuse(Code.PERMISSION_DENIED, "no", mode);
              });
              return undefined;
            }
            case "refuse":
              if (mode === 0) throw cx.refuse(Code.NOT_FOUND);
              return undefined;
            case "sub":
              return cx.step(() => cx.sub(all));
            case "trySub":
              return cx.tryStep(() => cx.sub(all));
            case "bounded":
              return all(cx.bounded(1));
            case "partial":
              return cx.tryStep((mark) =>
                cx.partial(
                  inner.map((each) => cx.sub((in_) => run(in_, each))),
                  mark,
                ),
              );
            default:
              return cx.orElse(cx.tryCall(get, request), () => 1);
          }
        };
        const { cancel, state } = send(async (cx) => {
          await Promise.all(plans.map((each) => run(cx, each)));
          return page();
        });
        if (cancelAt !== null) {
          await clock.advance(cancelAt);
          cancel();
          const open = client.underWay.length;
          await clock.advance(0);
          expect(client.underWay.length).toBeLessThanOrEqual(open);
        }
        await clock.advance(900); // the budget less the margin
        expect(responses.length).toBe(1);
        if (cancelAt === null) expect(state.answered).not.toBe(undefined);
        await clock.advance(1_000); // the test's own timers
        expect(clock.running).toBe(0);
        expect(client.underWay).toEqual([]);
        expect(calls.length).toBeGreaterThanOrEqual(new Set(client.sent.map(({ message }) => String(message))).size);
        // Every place in the limits is free again, and a breaker lets a probe out.
        client.answer = byId({});
        for (let i = 0; i < concurrent + 1; i++) {
          const { answer } = send(async (cx) => {
            const all = Array.from({ length: Math.min(2, concurrent) }, () => cx.call(cx.app.get, { id: "free" }));
            await Promise.all(breaker ? all.slice(0, 1) : all);
            return page();
          });
          await clock.advance(0);
          if (!breaker) expect((await answer).failure).toBe(undefined);
        }
        await idle();
        expect(unhandled.splice(0)).toEqual([]);
      },
    ),
    { numRuns: 400 },
  );
}, 60_000);
