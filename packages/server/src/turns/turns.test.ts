// Holds docs/runtime.md#server
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { AT_ONCE } from "./request-line.ts";
import { ahead, beginInTurn, goOnInTurn } from "./turns.ts";
import { ADAPTER_WEIGHT } from "./weight.ts";

// After a turn that takes long others go by: here none does, however busy the machine is.
beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => void vi.useRealTimers());

function connection(name: string, begun: string[]) {
  const session = {};
  let requestCount = 0;
  return (count = 1) => {
    for (let i = 0; i < count; i++) {
      const request = `${name}${requestCount++}`;
      beginInTurn(session, { begin: () => void begun.push(request) });
    }
  };
}
const named = (name: string, from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `${name}${from + i}`);

test("a request starts in the next turn of the event loop", async () => {
  const begun: string[] = [];
  connection("a", begun)();
  await Promise.resolve();
  expect(begun).toEqual([]);
  await turn();
  expect(begun).toEqual(["a0"]);
});

test("a connection with many requests is started in parts, interleaved with others", async () => {
  const begun: string[] = [];
  const many = connection("m", begun);
  const other = connection("o", begun);
  many(7); // it is known to be quick then
  for (let i = 0; i < 3; i++) await turn();
  begun.length = 0;
  many(2 * AT_ONCE + 1);
  other();
  await turn();
  expect(begun).toEqual([...named("m", 7, 7 + AT_ONCE), "o0"]);
  other();
  many();
  await turn();
  // It asked for nothing meanwhile, and does not wait for what the others wait for.
  expect(begun.slice(AT_ONCE + 1)).toEqual(["o1", ...named("m", 7 + AT_ONCE, 7 + 2 * AT_ONCE)]);
  await turn();
  expect(begun.slice(2 * AT_ONCE + 2)).toEqual(named("m", 7 + 2 * AT_ONCE, 7 + 2 * AT_ONCE + 2));
  many();
  await turn();
  expect(begun.at(-1)).toBe(`m${7 + 2 * AT_ONCE + 2}`);
});

test("a connection starts requests per turn by their duration: at least one, and soon more if they are fast", async () => {
  const session = {};
  let begun = 0;
  const send = (count: number, ms: number, more: { readonly weight?: number } = {}) => {
    const begin = () => {
      begun++;
      vi.advanceTimersByTime(ms);
    };
    for (let i = 0; i < count; i++) beginInTurn(session, { ...more, begin });
  };
  const parts = async (count: number): Promise<readonly number[]> => {
    const all: number[] = [];
    for (let i = 0; i < count; i++) {
      const before = begun;
      await turn();
      all.push(begun - before);
    }
    return all;
  };
  send(4, 2.5);
  expect(await parts(4)).toEqual([1, 1, 1, 1]);
  send(1 + 1 + 2 + 4 + 7 + AT_ONCE, 0);
  expect(await parts(6)).toEqual([1, 1, 2, 4, 7, AT_ONCE]);
  send(3, 4, { weight: 4 }); // a millisecond for each part of its weight
  expect(await parts(4)).toEqual([2, 0, 0, 1]); // with the rests after what took long
});

test("in the two turns after a long one, only new connections and light requests start", async () => {
  const begun: string[] = [];
  const send = (connection: object, name: string, ms = 0, weight = 1) =>
    beginInTurn(connection, {
      weight,
      begin: () => {
        begun.push(name);
        vi.advanceTimersByTime(ms);
      },
    });
  const after = async (turns: number): Promise<readonly string[]> => {
    for (let i = 0; i < turns; i++) await turn();
    return begun.splice(0);
  };
  const [first, second] = [{}, {}];
  send(first, "long", 4);
  send(first, "next", 0, ADAPTER_WEIGHT);
  expect(await after(1)).toEqual(["long"]);
  send(second, "another");
  send({}, "heavy", 0, 5);
  expect(await after(1)).toEqual(["another"]);
  send({}, "a third");
  expect(await after(1)).toEqual(["a third"]);
  expect((await after(1)).toSorted()).toEqual(["heavy", "next"]);
  send(first, "later", 0, 5);
  vi.advanceTimersByTime(4); // something else, in the same turn
  expect(await after(2)).toEqual([]);
  expect(await after(1)).toEqual(["later"]);
});

test("a connection that lags behind with light requests waits for one heavy request at a time, not for all", async () => {
  const begun: string[] = [];
  const heavy = () => ({
    weight: ADAPTER_WEIGHT + 1,
    begin: () => {
      begun.push("heavy");
      vi.advanceTimersByTime(10);
    },
  });
  const [slow, ...others] = Array.from({ length: 6 }, () => ({}));
  for (const other of others) for (let i = 0; i < 3; i++) beginInTurn(other, heavy());
  for (let i = 0; i < 6; i++)
    beginInTurn(slow ?? {}, {
      begin: () => {
        begun.push("light");
        vi.advanceTimersByTime(1); // one in a turn
      },
    });
  while (begun.length < 21) await turn();
  const last = begun.lastIndexOf("light");
  expect(begun.slice(0, last).filter((what) => what === "heavy").length).toBeLessThanOrEqual(6);
});

test("a connection with answers in compression starts no more requests until fewer wait", async () => {
  const begun: string[] = [];
  const many = {};
  const send = (connection: object, name: string) => beginInTurn(connection, { begin: () => void begun.push(name) });
  const ends: (() => void)[] = [];
  const works = Array.from({ length: 9 }, () => ahead(many, () => new Promise<void>((end) => void ends.push(end))));
  send(many, "first");
  send(many, "second");
  send({}, "of another");
  for (let i = 0; i < 5; i++) await turn();
  expect(begun).toEqual(["of another"]);
  ends[0]?.();
  await works[0];
  for (let i = 0; i < 5; i++) await turn();
  expect(begun).toEqual(["of another"]);
  ends[1]?.();
  await works[1];
  for (let i = 0; i < 5; i++) await turn();
  expect(begun).toEqual(["of another", "first", "second"]);
  for (const end of ends) end();
  await Promise.all(works);
  send(many, "third");
  await turn();
  expect(begun.at(-1)).toBe("third");
});

test("at most as many requests start at once as may still run ahead", async () => {
  const connection = {};
  let begun = 0;
  for (let i = 0; i < 40; i++) beginInTurn(connection, { begin: () => void begun++ });
  while (begun < 40) await turn();
  begun = 0; // several begin at once by now
  const { promise, resolve } = Promise.withResolvers<void>();
  const works = Array.from({ length: 7 }, () => ahead(connection, () => promise));
  const begin = () => {
    begun++;
    works.push(ahead(connection, () => promise));
  };
  for (let i = 0; i < 9; i++) beginInTurn(connection, { begin });
  for (let i = 0; i < 5; i++) await turn();
  expect(begun).toBe(1);
  resolve();
  while (begun < 9) await turn();
  await Promise.all(works);
});

test("started requests continue before new ones, even if no new ones may start", async () => {
  const begun: string[] = [];
  const connection = {};
  const whole = (name: string) => ({ begin: () => void begun.push(name) });
  beginInTurn(connection, whole("first"));
  beginInTurn(connection, whole("second"));
  goOnInTurn(connection, whole("goes on"));
  for (let i = 0; i < 3; i++) await turn();
  expect(begun.splice(0)).toEqual(["goes on", "first", "second"]);
  const { promise, resolve } = Promise.withResolvers<void>();
  const works = Array.from({ length: 8 }, () => ahead(connection, () => promise));
  beginInTurn(connection, whole("third"));
  for (const name of ["a", "b"]) goOnInTurn(connection, whole(name));
  for (let i = 0; i < 3; i++) await turn();
  expect(begun.splice(0)).toEqual(["a", "b"]);
  resolve();
  await Promise.all(works);
  for (let i = 0; i < 2; i++) await turn();
  expect(begun).toEqual(["third"]);
});

test("a failure ahead blocks nothing", async () => {
  const begun: string[] = [];
  const connection = {};
  const failures = Array.from({ length: 8 }, () => ahead(connection, () => Promise.reject(new Error("no"))));
  beginInTurn(connection, { begin: () => void begun.push("next") });
  await Promise.allSettled(failures);
  for (let i = 0; i < 3; i++) await turn();
  expect(begun).toEqual(["next"]);
});

test("a connection that gets too much ahead while it waits for its turn is skipped", async () => {
  const begun: string[] = [];
  const connection = {};
  const { promise, resolve } = Promise.withResolvers<void>();
  beginInTurn(connection, { begin: () => void begun.push("late") });
  const works = Array.from({ length: 8 }, () => ahead(connection, () => promise));
  await turn();
  expect(begun).toEqual([]);
  resolve();
  await Promise.all(works);
  await turn();
  await turn();
  expect(begun).toEqual(["late"]);
});
