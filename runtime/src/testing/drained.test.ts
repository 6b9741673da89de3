import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { drained } from "./drained.ts";

test.each(["drain", "close"])("a wait ends at %s, and leaves no listener", async (event) => {
  const stream = new PassThrough();
  const before = stream.eventNames().map((name) => [name, stream.listenerCount(name)]);
  const waits = Array.from({ length: 12 }, () => drained(stream));
  stream.emit(event);
  await Promise.all(waits);
  expect(stream.eventNames().map((name) => [name, stream.listenerCount(name)])).toEqual(before);
});
