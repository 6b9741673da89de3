import { expect, onTestFinished, test, vi } from "vitest";
import { ErrorCode } from "./error-code.ts";
import { FloodGuard } from "./flood-guard.ts";

const calm = expect.objectContaining({ code: ErrorCode.ENHANCE_YOUR_CALM });
function times(count: number, act: () => void): void {
  for (let i = 0; i < count; i++) act();
}

test("so many frames that bring nothing end the connection", () => {
  const guard = new FloodGuard(true);
  times(10_000, () => guard.idle(0));
  expect(() => guard.idle(0)).toThrow(calm);
});
test("one-byte pieces of bodies are such frames; larger ones outweigh some", () => {
  const guard = new FloodGuard(true);
  times(10_000, () => guard.moved(1, 0));
  guard.moved(640, 0);
  times(10, () => guard.moved(1, 0));
  expect(() => guard.moved(1, 0)).toThrow(calm);
});
test("those of whoever was chosen are not counted by size", () => {
  const guard = new FloodGuard();
  times(100_000, () => guard.moved(1, 0));
});
test("requests outweigh a thousand each, and what is sent a few", () => {
  const guard = new FloodGuard(true);
  times(10_000, () => guard.idle(0));
  guard.progress();
  times(1_000, () => guard.idle(0));
  guard.sent(0);
  times(4, () => guard.idle(0));
  expect(() => guard.idle(0)).toThrow(calm);
});
test("PING now and then, for days, is no flood; many at once are one", () => {
  let at = 0;
  const now = vi.spyOn(performance, "now").mockImplementation(() => at);
  onTestFinished(() => now.mockRestore());
  const guard = new FloodGuard(true);
  for (; at < 1e9; at += 10_000) guard.idle(0);
  expect(() => times(20_001, () => guard.idle(0))).toThrow(calm);
});
test("answers that nobody reads, and more is asked all the same", () => {
  const guard = new FloodGuard(true);
  guard.idle(2 << 20);
  expect(() => guard.idle((2 << 20) + 1)).toThrow(calm);
});
