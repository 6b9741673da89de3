import { expect, onTestFinished, test, vi } from "vitest";
import { ErrorCode } from "./error-code.ts";
import { FloodGuard } from "./flood-guard.ts";

const calm = expect.objectContaining({ code: ErrorCode.ENHANCE_YOUR_CALM });
function times(count: number, act: () => void): void {
  for (let i = 0; i < count; i++) act();
}

test("a number of frames without progress ends the connection", () => {
  const guard = new FloodGuard(true);
  times(10_000, () => guard.idle(0));
  expect(() => guard.idle(0)).toThrow(calm);
});
test("one-byte pieces of bodies count as idle frames; larger pieces compensate some", () => {
  const guard = new FloodGuard(true);
  times(10_000, () => guard.moved(1, 0));
  guard.moved(640, 0);
  times(10, () => guard.moved(1, 0));
  expect(() => guard.moved(1, 0)).toThrow(calm);
});
test("a client does not count the sizes of its server's frames", () => {
  const guard = new FloodGuard();
  times(100_000, () => guard.moved(1, 0));
});
test("a request compensates a thousand frames, a sent frame a few", () => {
  const guard = new FloodGuard(true);
  times(10_000, () => guard.idle(0));
  guard.progress();
  times(1_000, () => guard.idle(0));
  guard.sent(0);
  times(4, () => guard.idle(0));
  expect(() => guard.idle(0)).toThrow(calm);
});
test("occasional PINGs over days are accepted; many at once are a flood", () => {
  let at = 0;
  const now = vi.spyOn(performance, "now").mockImplementation(() => at);
  onTestFinished(() => now.mockRestore());
  const guard = new FloodGuard(true);
  for (; at < 1e9; at += 10_000) guard.idle(0);
  expect(() => times(20_001, () => guard.idle(0))).toThrow(calm);
});
test("growing unread answers end the connection", () => {
  const guard = new FloodGuard(true);
  guard.idle(2 << 20);
  expect(() => guard.idle((2 << 20) + 1)).toThrow(calm);
});
