// Holds docs/runtime.md#headers
import { describe, expect, test } from "vitest";
import { Code } from "../failure.ts";
import { idle } from "../testing/fake-clock.ts";
import { front, page } from "../testing/front.ts";

// Which answer's headers and trailers expressions read. What servers send is in
// test/features/headers/upstream-headers.alone.test.ts.

describe("headers and trailers of an answer", () => {
  test("the headers and trailers are separate, have lower-case names, and are empty if absent", async () => {
    const { send, client } = front({ call: { received: true } });
    client.answer = (sent) =>
      sent
        .beside(
          {
            ":status": 200,
            "x-a": "1",
            "x-list": ["2", "3"],
            "x-empty": "",
            "x-undefined": undefined,
            "x-space": " \ta b ",
          },
          { "x-a": "4", "grpc-status": "0" },
        )
        .thing();
    const { answer } = send(async (cx) => {
      const thing = await cx.call(cx.app.get, { id: "a" });
      const headers = ["x-a", "x-list", "x-empty", "x-undefined", "x-space", "x-none", "constructor", "__proto__"];
      const trailers = ["x-a", "x-list"];
      return page({
        title: JSON.stringify([
          ...headers.map((name) => cx.answerHeader(thing, name)),
          ...trailers.map((name) => cx.answerTrailer(thing, name)),
        ]),
      });
    });
    expect(JSON.parse((await answer).page?.title ?? "")).toEqual(["1", "2, 3", "", "", "a b", "", "", "", "4", ""]);
  });

  test("the headers and trailers are exposed only if the policy requests them", async () => {
    const { send, client, app } = front();
    client.answer = (sent) => sent.beside({ "x-a": "1" }).thing();
    const withMetadata = app.getWith({ received: true });
    const { answer } = send(async (cx) => {
      const plain = await cx.call(cx.app.get, { id: "plain" });
      const full = await cx.call(withMetadata, { id: "asked" });
      return page({ title: `${cx.answerHeader(plain, "x-a")}|${cx.answerHeader(full, "x-a")}` });
    });
    expect((await answer).page?.title).toBe("|1");
    expect([client.of("plain").readsMetadata, client.of("asked").readsMetadata]).toEqual([false, true]);
  });

  test("the headers and trailers belong to their message, and coalesced calls share them", async () => {
    const { send, client } = front({ call: { received: true, coalesce: true } });
    client.answer = (sent) => sent.beside({ "x-a": sent.id }, { "x-b": `${sent.id}!` }).thing();
    const { answer } = send(async (cx) => {
      const { get } = cx.app;
      const things = await Promise.all([
        cx.call(get, { id: "a" }),
        cx.call(get, { id: "b" }),
        cx.sub((inner) => inner.call(inner.app.get, { id: "a" })),
        cx.step(() => cx.send(get, { id: "a" })),
        cx.effect(get, { id: "c" }),
      ]);
      const late = await cx.send(get, { id: "a" });
      return page({
        title: [...things, late].map((thing) => cx.answerHeader(thing, "x-a") + cx.answerTrailer(thing, "x-b")).join(),
      });
    });
    expect((await answer).page?.title).toBe("aa!,bb!,aa!,aa!,cc!,aa!");
    expect(client.sent.length).toBe(3);
  });

  test("the headers and trailers are those of the successful attempt", async () => {
    const { send, client, clock } = front({
      call: {
        received: true,
        retry: { attempts: 2, on: [Code.UNAVAILABLE], initialMs: 1, maxMs: 1, multiplier: 1 },
        hedge: { delayMs: 10, max: 1 },
      },
    });
    client.answer = ({ id }) => {
      const sent = client.of(id);
      if (id === "retried" && sent.attempt === 1)
        sent.beside({ "x-a": "bad" }, { "x-a": "bad" }).fault(Code.UNAVAILABLE);
      else if (id === "unprocessed" && client.sent.filter((attempt) => attempt.id === id).length === 1)
        sent.beside({ "x-a": "bad" }).fault(Code.UNAVAILABLE, { kind: "unprocessed" });
      else if (id !== "hedged" || sent.attempt === 2) sent.beside({ "x-a": `${id} ${sent.attempt}` }).thing();
    };
    const { answer } = send(async (cx) => {
      const { get } = cx.app;
      const things = await Promise.all(["retried", "unprocessed", "hedged"].map((id) => cx.call(get, { id })));
      return page({
        title: things.map((thing) => cx.answerHeader(thing, "x-a") + cx.answerTrailer(thing, "x-a")).join(),
      });
    });
    await idle();
    for (let i = 0; i < 3; i++) await clock.advance(10);
    expect((await answer).page?.title).toBe("retried 2,unprocessed 1,hedged 2");
  });

  test("the headers and trailers of a substitute for an answer are empty", async () => {
    const { send, client } = front({ call: { received: true } });
    client.answer = (sent) => sent.beside({ "x-a": "1" }, { "x-a": "2" }).fault(Code.NOT_FOUND);
    const { answer } = send(async (cx) => {
      const { get } = cx.app;
      const rescued = await cx.call(get, { id: "a" }, { rescue: () => ({ id: "x" }) });
      const filled = await cx.orElse(cx.tryCall(get, { id: "b" }), () => ({ id: "y" }));
      return page({
        title: [rescued, filled]
          .map((thing) => `${cx.answerHeader(thing, "x-a")}${cx.answerTrailer(thing, "x-a")}`)
          .join(),
      });
    });
    expect((await answer).page?.title).toBe(",");
  });
});
