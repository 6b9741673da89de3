import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { drained } from "./drained.ts";

test.each(["drain", "close"])("a wait ends at %s, and leaves no listener", async (event) => {
  const stream = new PassThrough();
  const before = stream.eventNames().map((name) => [name, stream.listenerCount(name)]);
  const wait = drained(stream);
  stream.emit(event);
  await wait;
  expect(stream.eventNames().map((name) => [name, stream.listenerCount(name)])).toEqual(before);
});
