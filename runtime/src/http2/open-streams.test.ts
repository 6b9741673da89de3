import { expect, test } from "vitest";
import { type Listed, OpenStreams } from "./open-streams.ts";

interface Numbered extends Listed<Numbered> {}
const stream = (id: number): Numbered => ({ id, next: undefined });

test("streams are found by their number, even with equal slots", () => {
  const open = new OpenStreams<Numbered>();
  const streams = [1, 513, 1025, 3, 2 ** 31 - 1].map(stream);
  for (const stream of streams) open.add(stream);
  expect(open.size).toBe(5);
  for (const stream of streams) expect(open.get(stream.id)).toBe(stream);
  expect(open.get(5)).toBeUndefined();
  expect(open.get(1537)).toBeUndefined();
  expect(open.all().map(({ id }) => id)).toEqual([1, 3, 513, 1025, 2 ** 31 - 1]);
});
test.each([
  ["first", 1],
  ["in the middle", 513],
  ["last", 1025],
])("a stream that is %s in its slot is removed once", (_, gone) => {
  const open = new OpenStreams<Numbered>();
  const streams = [1, 513, 1025].map(stream);
  for (const stream of streams) open.add(stream);
  const [it] = streams.filter(({ id }) => id === gone) as [Numbered];
  expect(open.delete(it)).toBe(true);
  expect(it.next).toBeUndefined(); // or it would keep others
  expect(open.delete(it)).toBe(false);
  expect(open.get(gone)).toBeUndefined();
  expect(open.all()).toEqual(streams.filter((stream) => stream !== it));
  expect(open.size).toBe(2);
});
