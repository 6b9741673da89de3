import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { AT_ONCE, beginInTurn } from "./turns.ts";

function connection(name: string, begun: string[]) {
  const session = {};
  let asked = 0;
  return (count = 1) => {
    for (let i = 0; i < count; i++) {
      const request = `${name}${asked++}`;
      beginInTurn(session, { begin: () => void begun.push(request) });
    }
  };
}
const named = (name: string, from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `${name}${from + i}`);

test("a request begins in the next turn of the event loop", async () => {
  const begun: string[] = [];
  connection("a", begun)();
  await Promise.resolve();
  expect(begun).toEqual([]);
  await turn();
  expect(begun).toEqual(["a0"]);
});

test("a connection that asks for much at once is begun in parts, and others between them", async () => {
  const begun: string[] = [];
  const many = connection("m", begun);
  const other = connection("o", begun);
  many(2 * AT_ONCE + 1);
  other();
  await turn();
  expect(begun).toEqual([...named("m", 0, AT_ONCE), "o0"]);
  other();
  many();
  await turn();
  // It asked for nothing meanwhile, and does not wait for what the others wait for.
  expect(begun.slice(AT_ONCE + 1)).toEqual(["o1", ...named("m", AT_ONCE, 2 * AT_ONCE)]);
  await turn();
  expect(begun.slice(2 * AT_ONCE + 2)).toEqual(named("m", 2 * AT_ONCE, 2 * AT_ONCE + 2));
  many();
  await turn();
  expect(begun.at(-1)).toBe(`m${2 * AT_ONCE + 2}`);
});
