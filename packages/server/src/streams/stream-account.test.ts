// Holds docs/runtime.md#streams
import { Code, ConnectError } from "@connectrpc/connect";
import { AuthenticatedRequest } from "@protobff/runtime/internal/identity/authenticated-request";
import type { Incoming } from "@protobff/runtime/internal/identity/incoming-request";
import { expect, test } from "vitest";
import { StreamAccount, type StreamBounds } from "./stream-account.ts";

const stream = () => {
  const drained = Promise.withResolvers<void>();
  return { drain: drained.resolve, drained: drained.promise };
};
const from = (address: string): Incoming => ({
  get: () => null,
  all: () => [],
  peer: { address, direct: address, names: [] },
});
const subject = (name: string, key = name) =>
  new AuthenticatedRequest(from("192.0.2.9"), new Set(), {
    caller: { credential: { source: "user", issuer: "i", subject: name }, key } as never,
    peer: from("192.0.2.9").peer,
    answer: [],
  });
const BOUNDS: StreamBounds = { process: 100, caller: 100, connection: 100 };
const account = (bounds: Partial<StreamBounds>, now?: () => number) =>
  new StreamAccount({ ...BOUNDS, ...bounds }, now && { now });
const HOST = from("192.0.2.1");
const WHY = {
  process: "[resource_exhausted] too many streams are open",
  caller: "[resource_exhausted] this caller has too many streams open",
  connection: "[resource_exhausted] a connection may have 2 such streams",
};

test("the streams of a process are limited, and an ended stream frees its place", () => {
  const streams = account({ process: 2 });
  const [first, second, third] = [stream(), stream(), stream()];
  const enter = (item: typeof first) => streams.enter(item, HOST, {})?.message;
  expect([first, second, third].map(enter)).toEqual([undefined, undefined, WHY.process]);
  streams.leave(first);
  streams.leave(first);
  expect([streams.count, enter(third), enter(first)]).toEqual([1, undefined, WHY.process]);
});

test("the streams of a connection are limited", () => {
  const streams = account({ connection: 2 });
  const [connection, other] = [{}, {}];
  const first = stream();
  const enter = (on: object, item = stream()) => streams.enter(item, HOST, on)?.message;
  expect([enter(connection, first), enter(connection), enter(connection)]).toEqual([
    undefined,
    undefined,
    WHY.connection,
  ]);
  expect(enter(other)).toBeUndefined();
  streams.leave(first);
  expect([enter(connection), enter(connection)]).toEqual([undefined, WHY.connection]);
});

test.each([
  ["an address", from("192.0.2.1"), from("192.0.2.1"), from("192.0.2.2")],
  ["a network of IPv6", from("2001:db8:0:1::1"), from("2001:db8:0:1:2:3:4:5"), from("2001:db8:0:2::1")],
  ["a short address of IPv6", from("::1"), from("::2"), from("1::")],
  ["a principal", subject("ann"), subject("ann", "another session"), subject("bob")],
  ["a principal without a subject", subject("", "key 1"), subject("", "key 1"), subject("", "key 2")],
  ["a principal beside its address", subject("ann"), subject("ann"), from("192.0.2.9")],
])("the streams of %s are limited", (_, caller, same, other) => {
  const streams = account({ caller: 2 });
  const first = stream();
  expect(streams.enter(first, caller, {})).toBeUndefined();
  expect(streams.enter(stream(), same, {})).toBeUndefined();
  expect(streams.enter(stream(), same, {})?.message).toBe(WHY.caller);
  expect(streams.enter(stream(), other, {})).toBeUndefined();
  streams.leave(first);
  expect(streams.enter(stream(), same, {})).toBeUndefined();
});

test("a caller that constantly opens and closes waits, and others do not", () => {
  let now = 0;
  const streams = account({ caller: 1, connection: 1 }, () => now);
  const open = (caller = HOST) => {
    const item = stream();
    const refusal = streams.enter(item, caller, {});
    streams.leave(item);
    return refusal;
  };
  let opened = 0;
  while (open() === undefined) opened++;
  expect(opened).toBe(100);
  const refusal = open();
  expect(refusal).toBeInstanceOf(ConnectError);
  expect(refusal?.code).toBe(Code.ResourceExhausted);
  const waitMs = Number(refusal?.metadata.get("grpc-retry-pushback-ms"));
  expect(waitMs).toBe(200);
  expect(open(from("192.0.2.2"))).toBeUndefined();
  now += waitMs;
  expect([open()?.code, open()?.code]).toEqual([undefined, Code.ResourceExhausted]);
});

test("a caller may open all of its streams at once, and again after they have ended", () => {
  let now = 0;
  const streams = account({ process: 1000, caller: 500 }, () => now);
  for (let round = 0; round < 3; round++, now += 20_000) {
    const all = Array.from({ length: 500 }, stream);
    expect(all.map((item) => streams.enter(item, HOST, {})).filter((refusal) => refusal !== undefined)).toEqual([]);
    for (const item of all) streams.leave(item);
  }
});

test("the log names the variable, once", () => {
  const lines: string[] = [];
  const streams = new StreamAccount(
    { process: 10, caller: 1, connection: 10 },
    { callerVariable: "BFF_X", fault: (line) => void lines.push(line) },
  );
  for (let i = 0; i < 5; i++) streams.enter(stream(), HOST, {});
  expect(lines).toEqual(["refused a stream: one caller has 1 open (BFF_X)"]);
});

test("draining ends the first stream at once, and the others spread over the time, except ended ones", async () => {
  const streams = account({});
  const all = Array.from({ length: 50 }, stream);
  let count = 0;
  for (const item of all) {
    streams.enter(item, HOST, {});
    item.drained.then(() => count++);
  }
  const left = all.pop();
  if (left !== undefined) streams.leave(left);
  streams.drain(200);
  expect(streams.draining).toBe(true);
  await all[0]?.drained;
  expect(count).toBeLessThan(40);
  await Promise.all(all.map(({ drained }) => drained));
  expect(count).toBe(49);
});

test("draining without time ends all streams at once", async () => {
  const streams = account({});
  let count = 0;
  for (let i = 0; i < 50; i++) streams.enter({ drain: () => count++ }, HOST, {});
  streams.drain(0);
  expect(count).toBe(50);
});
