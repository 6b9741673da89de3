import { EventEmitter } from "node:events";
import { expect, it, vi } from "vitest";
import { drainOnSignal } from "./drain.ts";

function draining() {
  const source = new EventEmitter();
  const closed = Promise.withResolvers<void>();
  const close = vi.fn(() => closed.promise);
  const exited = Promise.withResolvers<number>();
  const exit = vi.fn(exited.resolve);
  drainOnSignal(source, close, exit);
  return { source, closed, close, exit, exited: exited.promise };
}

it.each(["SIGTERM", "SIGINT"])("the process exits with 0 when everything is closed after %s", async (signal) => {
  const { source, closed, close, exit, exited } = draining();
  source.emit(signal);
  expect(close).toHaveBeenCalledOnce();
  expect(exit).not.toHaveBeenCalled();
  closed.resolve();
  expect(await exited).toBe(0);
});

it("the process exits at once at a second signal", () => {
  const { source, close, exit } = draining();
  source.emit("SIGTERM");
  source.emit("SIGINT");
  expect(close).toHaveBeenCalledOnce();
  expect(exit.mock.calls).toEqual([[130]]);
});

it("the process exits with 1 if closing fails", async () => {
  const { source, closed, exited } = draining();
  source.emit("SIGTERM");
  closed.reject(new Error("no"));
  expect(await exited).toBe(1);
});
