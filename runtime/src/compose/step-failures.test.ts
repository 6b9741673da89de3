// Holds docs/runtime.md#failures
import { describe, expect, test } from "vitest";
import { Code, type ErrorInfo, Reason } from "../failure.ts";
import { byId } from "../testing/fake-client.ts";
import { front, page } from "../testing/front.ts";
import { noUnhandledRejections } from "../testing/no-unhandled.ts";

noUnhandledRejections();

const textOf = (of: ErrorInfo | undefined): string =>
  of === undefined ? "none" : `${of.code} ${of.reason} ${of.upstream}`;
const UNAVAILABLE = `${Code.UNAVAILABLE} ${Reason.UNAVAILABLE} test.v1.Upstream`;

describe("the failure of a step", () => {
  test("the failure of a step is absent if the step has a value or is absent for another reason", async () => {
    const { send, client } = front();
    const single = byId({ bad: "UNAVAILABLE" });
    client.answer = (sent) => (sent.path.endsWith("BatchGet") ? sent.things({}) : single(sent));
    const { answer } = send(async (cx) => {
      const bad = cx.tryCall(cx.app.get, { id: "bad" });
      const good = cx.tryCall(cx.app.get, { id: "good" });
      const left = cx.tryStep(async () => undefined);
      const key = cx.tryLoad(cx.app.byId, "unknown");
      const invalid = cx.tryStep(async () => {
        throw new RangeError("index 7");
      });
      const steps = [bad, good, left, key, invalid];
      await Promise.all(steps);
      return page({ facts: steps.map((step) => textOf(cx.failure(step))) });
    });
    const { page: got } = await answer;
    expect(got?.facts).toEqual([UNAVAILABLE, "none", "none", "none", `${Code.INTERNAL} ${Reason.INVALID} `]);
  });

  test("the failure of a step is that of the first missing step, through any number of steps", async () => {
    const { send, client } = front();
    client.answer = byId({ first: "NOT_FOUND", second: "UNAVAILABLE" });
    const { answer } = send(async (cx) => {
      const first = cx.tryCall(cx.app.get, { id: "first" });
      const second = cx.tryCall(cx.app.get, { id: "second" });
      const behind = cx.tryStep(async (mark) => {
        const [a, b] = [await first, await second];
        if (a === undefined || b === undefined) return cx.without(mark, a === undefined && first, second);
        return a.id + b.id;
      });
      const last = cx.step(async (mark) => {
        await behind;
        return cx.without(
          mark,
          false,
          cx.tryStep(async () => undefined),
          behind,
        );
      });
      await last;
      return page({ facts: [textOf(cx.failure(behind)), textOf(cx.failure(last))] });
    });
    const { page: got } = await answer;
    const notFound = `${Code.NOT_FOUND} ${Reason.REJECTED} test.v1.Upstream`;
    expect(got?.facts).toEqual([notFound, notFound]);
  });

  test("the failure of a step includes ignored failures, which degrade nothing, and those behind a fallback", async () => {
    const { send, client } = front();
    client.answer = byId({ bad: "UNAVAILABLE" });
    const { answer } = send(async (cx) => {
      const ignored = cx.step(async (mark) =>
        cx.send(
          cx.app.get,
          { id: "bad" },
          {
            rescue: (error) => {
              mark.failed(error);
              return undefined;
            },
          },
        ),
      );
      await ignored;
      const degraded = cx.degraded;
      const replaced = cx.orElse(cx.tryCall(cx.app.get, { id: "bad" }), () => ({ id: "other" }));
      const resting = cx.resting(replaced, () => []);
      await resting;
      const steps = [ignored, replaced, resting];
      return page({ facts: [String(degraded), ...steps.map((step) => textOf(cx.failure(step)))] });
    });
    const { page: got } = await answer;
    expect(got?.facts).toEqual(["false", UNAVAILABLE, UNAVAILABLE, UNAVAILABLE]);
  });

  test("the failure of a step excludes failures of omitted list items", async () => {
    const { send, client } = front();
    client.answer = byId({ bad: "UNAVAILABLE" });
    const { answer } = send(async (cx) => {
      const items = cx.tryStep(async (mark) =>
        cx.partial(
          ["good", "bad"].map((id) => cx.send(cx.app.get, { id })),
          mark,
        ),
      );
      await items;
      return page({ facts: [textOf(cx.failure(items))] });
    });
    expect((await answer).page?.facts).toEqual(["none"]);
  });
});
