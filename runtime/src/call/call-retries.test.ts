// Holds docs/runtime.md#one-call-layer-by-layer
// Holds docs/runtime.md#retries
import { describe, expect, test } from "vitest";
import { Code, Reason } from "../failure.ts";
import { byId } from "../testing/fake-client.ts";
import { RETRY, singleCall } from "../testing/front.ts";

describe("retries", () => {
  test("retries back off with full jitter, and carry their number to the upstream", async () => {
    const { get, client, clock, calls } = singleCall({ call: { retry: RETRY } });
    const { answer } = get("a");
    client.of("a").fault(Code.UNAVAILABLE);
    await clock.advance(9);
    expect(client.sent.length).toBe(1);
    await clock.advance(1);
    client.of("a").fault(Code.UNAVAILABLE);
    await clock.advance(19);
    expect(client.sent.length).toBe(2);
    await clock.advance(1);
    client.of("a").thing();
    expect((await answer).page?.title).toBe("a");
    expect(client.sent.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    expect(calls).toMatchObject([{ attempts: 3, outcome: { ok: true } }]);
    expect(clock.running).toBe(0);
  });
  test("retries end after the last attempt, and are limited to the listed codes", async () => {
    const { get, client, clock } = singleCall({ call: { retry: RETRY } });
    client.answer = byId({ a: "UNAVAILABLE", b: "INTERNAL" });
    const { answer } = get("a");
    await clock.advance(200);
    expect((await answer).failure).toMatchObject({ clientCode: Code.UNAVAILABLE });
    expect(client.sent.length).toBe(3);
    await get("b").answer;
    expect(client.sent.length).toBe(4);
  });
  test.each([
    ["status", 3],
    ["invalid", 1],
    ["unsendable", 1],
  ] as const)("INTERNAL in the list of codes repeats a %s: %i attempts", async (kind, attempts) => {
    const { get, client, clock } = singleCall({ call: { retry: { ...RETRY, on: [Code.INTERNAL] } } });
    const { answer } = get("a");
    for (let sent = 1; sent <= attempts; sent++) {
      client.of("a").fault(Code.INTERNAL, { kind });
      await clock.advance(200);
    }
    expect((await answer).failure).toMatchObject({ code: Code.INTERNAL });
    expect(client.sent.length).toBe(attempts);
  });
  test("only the outermost caller retries", async () => {
    const { get, client } = singleCall({ call: { retry: RETRY } });
    client.answer = byId({ a: "UNAVAILABLE" });
    await get("a", { headers: { "grpc-previous-rpc-attempts": "1" } }).answer;
    expect(client.sent.length).toBe(1);
  });
  test("retries evaluate `when`; an exception counts as false", async () => {
    const { get, client, clock } = singleCall();
    client.answer = byId({ a: "UNAVAILABLE", b: "UNAVAILABLE" });
    const yes = get("a", {}, { retry: { ...RETRY, when: (error, cx) => error.code === 14 && cx.header("x") === "" } });
    await clock.advance(200);
    await yes.answer;
    expect(client.sent.length).toBe(3);
    const thrower = (): boolean => {
      throw new Error("x");
    };
    await get("b", {}, { retry: { ...RETRY, when: thrower } }).answer;
    expect(client.sent.length).toBe(4);
  });
  test("retries need more time than their backoff; otherwise the earlier failure is reported", async () => {
    const { get, client, clock } = singleCall({ call: { retry: RETRY, timeoutMs: 30 } });
    clock.chance = 0.99;
    const { answer } = get("a");
    await clock.advance(15);
    client.of("a").fault(Code.UNAVAILABLE);
    expect((await answer).failure).toMatchObject({ reason: Reason.UNAVAILABLE });
    expect(clock.running).toBe(0);
  });
  test("a process that overslept its backoff reports the earlier failure, too", async () => {
    const { get, client, clock } = singleCall({ call: { retry: RETRY, timeoutMs: 30 } });
    const { answer } = get("a");
    await clock.advance(15);
    client.of("a").fault(Code.UNAVAILABLE);
    clock.skip(40);
    await clock.advance(0);
    expect((await answer).failure).toMatchObject({ reason: Reason.UNAVAILABLE });
    expect(client.sent.length).toBe(1);
  });
  test("retries respect pushback", async () => {
    const { get, client, clock } = singleCall({ call: { retry: RETRY } });
    const first = get("a");
    client.of("a").fault(Code.UNAVAILABLE, { pushbackMs: 300 });
    await clock.advance(299);
    expect(client.sent.length).toBe(1);
    await clock.advance(1);
    client.of("a").thing();
    await first.answer;
    const second = get("b");
    client.of("b").fault(Code.UNAVAILABLE, { pushbackMs: -1 });
    expect((await second.answer).failure).toMatchObject({ clientCode: Code.UNAVAILABLE });
    expect(client.sent.length).toBe(3);
  });
  test("retries stop at half of the upstream's tokens, and resume after successes", async () => {
    const { get, client, clock } = singleCall({ call: { retry: RETRY } });
    client.answer = byId({ bad: "UNAVAILABLE" });
    for (let i = 0; i < 3; i++) {
      const { answer } = get("bad");
      await clock.advance(300);
      await answer;
    }
    expect(client.sent.length).toBe(3 + 2 + 1); // tokens: 9 8 7, 6 5, 4
    for (let i = 0; i < 21; i++) await get("good").answer; // 6.1 tokens
    const before = client.sent.length;
    const { answer } = get("bad");
    await clock.advance(300);
    await answer;
    expect(client.sent.length).toBe(before + 2);
  });
  test("retries hold no place of a limit during their backoff", async () => {
    const { get, client, clock } = singleCall({
      call: { retry: RETRY },
      policy: { limit: { concurrent: 1, queued: 0 } },
    });
    const first = get("a");
    client.of("a").fault(Code.UNAVAILABLE);
    const second = get("b");
    client.of("b").thing();
    expect((await second.answer).page?.title).toBe("b");
    await clock.advance(20);
    client.of("a").thing();
    expect((await first.answer).page?.title).toBe("a");
  });
  test("retries end with the request, without a leftover timer", async () => {
    const { get, client, clock } = singleCall({ call: { retry: RETRY } });
    const { cancel } = get("a");
    client.of("a").fault(Code.UNAVAILABLE);
    cancel();
    await clock.advance(500);
    expect(client.sent.length).toBe(1);
    expect(clock.running).toBe(0);
  });
  test("an unprocessed stream is sent again at once, and does not count as a retry", async () => {
    const { get, client, calls } = singleCall();
    const { answer } = get("a");
    client.of("a").fault(Code.UNAVAILABLE, { kind: "unprocessed" });
    expect(client.sent.map(({ attempt }) => attempt)).toEqual([1, 1]);
    client.of("a").fault(Code.UNAVAILABLE, { kind: "unprocessed" });
    expect((await answer).failure).toMatchObject({ clientCode: Code.UNAVAILABLE });
    expect(calls).toMatchObject([{ attempts: 1 }]);
  });
});
