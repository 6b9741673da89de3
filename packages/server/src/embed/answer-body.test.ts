import { transition } from "@protobff/runtime/internal/states";
import { expect, test } from "vitest";
import { illegalTransitions, untakenTransitions } from "../../../../test/support/setup/checked-states.ts";
import { AnswerBody, BODY_TRANSITIONS } from "./answer-body.ts";

const bytes = (length: number): Uint8Array<ArrayBuffer> => new Uint8Array(length).fill(7);
const body = (drained = (): void => {}, left = (): void => {}) => new AnswerBody(drained, left);

test("a body is open, then ended or failed", async () => {
  const untaken = await untakenTransitions(BODY_TRANSITIONS, async () => {
    body().end();
    body().leave();
    const failed = body();
    failed.fail(new Error("cut off"));
    failed.fail(new Error("again"));
  });
  expect(untaken).toEqual([]);
  for (const [from, to] of illegalTransitions(BODY_TRANSITIONS))
    expect(() => transition(BODY_TRANSITIONS, from, to)).toThrow(`illegal transition from ${from} to ${to}`);
});

test("a complete body is one piece, and a failed one throws behind its bytes", async () => {
  const whole = body();
  expect(whole.whole).toBeUndefined();
  whole.add(bytes(1));
  whole.add(bytes(2));
  whole.end();
  expect(whole.whole).toHaveLength(3);
  const failed = body();
  failed.add(bytes(1));
  failed.fail(new Error("cut off"));
  const chunks = failed[Symbol.asyncIterator]();
  expect((await chunks.next()).value).toHaveLength(1);
  await expect(chunks.next()).rejects.toThrow("cut off");
});

test("a writer waits beyond 64 KiB until the reader takes them", async () => {
  let drains = 0;
  const slow = body(() => drains++);
  expect(slow.add(bytes(60_000))).toBe(true);
  expect(slow.add(bytes(60_000))).toBe(false);
  expect(drains).toBe(0);
  const reader = slow.stream.getReader();
  expect((await reader.read()).value).toHaveLength(60_000);
  expect(drains).toBe(0);
  await reader.read();
  expect(drains).toBe(1);
});

test("a reader that leaves ends the writer's work", async () => {
  let left = 0;
  const reader = body(undefined, () => left++).stream.getReader();
  const reading = reader.read();
  await reader.cancel();
  expect(left).toBe(1);
  expect((await reading).done).toBe(true);
});

test("an error thrown into a body ends the writer's work", async () => {
  let left = 0;
  const chunks = body(undefined, () => left++)[Symbol.asyncIterator]();
  await expect(chunks.throw?.(new Error("too long"))).rejects.toThrow("too long");
  expect(left).toBe(1);
});
