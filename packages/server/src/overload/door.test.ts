// Holds docs/runtime.md#server
import { create, type Message } from "@bufbuild/protobuf";
import { StringValueSchema } from "@bufbuild/protobuf/wkt";
import type { Request } from "@protobff/runtime/internal/compose/request";
import { endpoint } from "@protobff/runtime/internal/endpoint/endpoint";
import { ERROR_INFO } from "@protobff/runtime/internal/error-info";
import { Code, type Failure } from "@protobff/runtime/internal/failure";
import { FairShare } from "@protobff/runtime/internal/guard/fair-share";
import type { Fairness } from "@protobff/runtime/internal/guard/limit";
import { FakeClock, idle } from "@protobff/runtime/internal/testing/fake-clock";
import { streamRig, TestFollower } from "@protobff/runtime/internal/testing/follow-rig";
import { Parts } from "@protobff/runtime/internal/testing/gen/parts_pb";
import { Front } from "@protobff/runtime/internal/testing/gen/test_pb";
import { compose, PartsFollower, partsRig } from "@protobff/runtime/internal/testing/parts-rig";
import { describe, expect, test } from "vitest";
import { EchoService } from "../testing/test-echo.ts";
import { placeDoor } from "./door.ts";

/** An RPC behind a door with two places. Requests of tenants answer in any order. */
function behindDoor({ fair, most = 2 }: { fair?: Fairness & FairShare; most?: number } = {}) {
  const clock = new FakeClock();
  const composing = new Map<string, () => void>();
  const order: string[] = [];
  const refused: string[] = [];
  const echo = endpoint(EchoService.method.echo, undefined, {
    timeoutMs: 1_000,
    clock,
    share: fair?.rule((cx: Request<undefined>) => cx.header("tenant")),
    compose: (_cx, { value }) => {
      order.push(value);
      return new Promise<Message>((resolve, reject) => {
        const end = () => resolve(create(StringValueSchema, { value }));
        composing.set(value, value === "fails" ? () => reject(new Error("fails")) : end);
      }) as never;
    },
  });
  const shed: string[] = [];
  placeDoor([{ ...echo, priority: "low" }], most, {
    shareRefused: ({ place, key }) => void refused.push(`${place} ${key}`),
    shed: ({ method, priority }) => void shed.push(`${method} ${priority}`),
  });
  const failures = new Map<string, Failure>();
  const answered: string[] = [];
  const send = (tenant: string, value: string, clientMs?: number) =>
    echo.run(
      create(StringValueSchema, { value }),
      new Headers({ tenant }),
      clientMs,
      () => void answered.push(value),
      (failure) => void failures.set(value, failure),
    );
  const answer = async (value: string): Promise<void> => {
    composing.get(value)?.();
    await idle();
  };
  return { clock, send, order, answered, failures, refused, shed, answer };
}
const reasonOf = (failure: Failure | undefined): string => {
  const info = failure?.details.find((detail) => "type" in detail && detail.type === ERROR_INFO);
  return info !== undefined && "value" in info ? Buffer.from(info.value as Uint8Array).toString("latin1") : "";
};

describe("the door", () => {
  test("at most the declared number is composed, and others follow in the order of their arrival", async () => {
    const { send, order, answer, answered } = behindDoor();
    for (const value of ["a", "b", "c", "d"]) send("x", value);
    await idle();
    expect(order).toEqual(["a", "b"]);
    await answer("b");
    expect(order).toEqual(["a", "b", "c"]);
    await answer("a");
    await answer("c");
    await answer("d");
    expect(answered).toEqual(["b", "a", "c", "d"]);
  });
  test("a request waits for a tenth of its budget, the client's included", async () => {
    const { send, clock, failures, order, shed } = behindDoor({ most: 1 });
    send("x", "a");
    send("x", "waits");
    send("x", "short", 500);
    await clock.advance(44);
    expect([...failures.keys()]).toEqual([]);
    await clock.advance(6);
    expect([...failures.keys()]).toEqual(["short"]);
    await clock.advance(39);
    expect([...failures.keys()]).toEqual(["short"]);
    await clock.advance(11);
    expect(failures.get("waits")).toMatchObject({ clientCode: Code.UNAVAILABLE });
    expect(reasonOf(failures.get("waits"))).toContain("OVERLOADED");
    expect(shed).toEqual(Array(2).fill(`${EchoService.typeName}/Echo low`));
    expect(order).toEqual(["a"]);
  });
  test("a pause of the process does not count as waiting", async () => {
    const { send, clock, failures, order, answer } = behindDoor({ most: 1 });
    send("x", "a");
    send("x", "waits");
    await clock.advance(10);
    // All timers of the pause fire at its end, before the answer that frees the place is read.
    clock.skip(300);
    await clock.advance(0);
    expect([...failures.keys()]).toEqual([]);
    await answer("a");
    expect(order).toEqual(["a", "waits"]);
    send("x", "late");
    await clock.advance(100);
    expect([...failures.keys()]).toEqual(["late"]);
  });
  test("a full queue refuses at once", async () => {
    const { send, failures, shed } = behindDoor({ most: 1 });
    for (let i = 0; i < 12; i++) send("x", `${i}`);
    await idle();
    expect([[...failures.keys()], shed.length]).toEqual([["11"], 1]);
    expect(reasonOf(failures.get("11"))).toContain("OVERLOADED");
  });
  test("places of requests that fail or are left are free at once, and so are those in the queue", async () => {
    const { send, order, answer, failures } = behindDoor({ most: 1 });
    const first = send("x", "a");
    const second = send("x", "b");
    send("x", "fails");
    await idle();
    second.cancel();
    first.cancel();
    await idle();
    expect(order).toEqual(["a", "fails"]);
    await answer("fails");
    expect([...failures.keys()]).toEqual(["fails"]);
    send("x", "d");
    await idle();
    expect(order).toEqual(["a", "fails", "d"]);
  });
});

test("a stream counts until it is open", async () => {
  const { endpoint, sources } = streamRig();
  const opening = Promise.withResolvers<void>();
  let openings = 0;
  const stream = endpoint({
    open: () => {
      openings++;
      return opening.promise as never;
    },
  });
  placeDoor([stream], 1);
  const followers = [new TestFollower(), new TestFollower()];
  for (const follower of followers)
    stream.follow(create(Front.method.show.input), new Headers(), undefined, undefined, follower);
  await idle();
  expect([openings, sources.length]).toEqual([1, 0]);
  opening.resolve();
  await idle();
  expect([openings, sources.length]).toEqual([2, 2]);
  expect(followers.map(({ events }) => events)).toEqual([["opened"], ["opened"]]);
});

test("a response in parts counts until its first message", async () => {
  const { client, stream } = partsRig();
  const parts = stream(compose);
  placeDoor([parts], 1);
  const followers = [new PartsFollower(), new PartsFollower()];
  for (const follower of followers)
    parts.follow(create(Parts.method.watch.input), new Headers(), undefined, undefined, follower);
  await idle();
  expect(client.sent.map(({ id }) => id)).toEqual(["title", "facts", "cents"]);
  client.of("title").thing();
  await idle();
  expect(followers.map(({ events }) => events)).toEqual([["opened", "item"], []]);
  expect(client.sent).toHaveLength(6);
});

const TOOK_MS = 25;

describe("the fair door", () => {
  test("tenants take turns, and the noisy one is refused with SHARE_EXCEEDED", async () => {
    const { send, order, answer, failures, refused } = behindDoor({ fair: new FairShare(3), most: 1 });
    send("a", "a0");
    for (let i = 1; i <= 5; i++) send("a", `a${i}`);
    send("b", "b1");
    send("b", "b2");
    await idle();
    expect([...failures.keys()]).toEqual(["a4", "a5"]);
    expect(failures.get("a4")).toMatchObject({ clientCode: Code.RESOURCE_EXHAUSTED });
    expect(reasonOf(failures.get("a4"))).toContain("SHARE_EXCEEDED");
    expect(refused).toEqual(["door a", "door a"]);
    for (const value of ["a0", "a1", "b1", "a2", "b2"]) await answer(value);
    expect(order).toEqual(["a0", "a1", "b1", "a2", "b2", "a3"]);
  });
  test.each([
    ["of equal times, whose places become free together", () => TOOK_MS],
    ["of other times", (nth: number) => TOOK_MS * (0.5 + (nth % 11) / 10)],
  ])("beside 80 callers %s, a quiet one gets the next place and is not refused", async (_, noisyMs) => {
    const clock = new FakeClock();
    const fair = new FairShare(100);
    const refused: string[] = [];
    let [sent, overtaken] = [0, 0];
    let quietWaits = false;
    const echo = endpoint(EchoService.method.echo, undefined, {
      timeoutMs: 10_000,
      clock,
      share: fair.rule((cx: Request<undefined>) => cx.header("tenant")),
      compose: (cx, { value }) =>
        new Promise<Message>((resolve) => {
          const isQuiet = cx.header("tenant") === "quiet";
          if (isQuiet) quietWaits = false;
          else if (quietWaits) overtaken++;
          const took = isQuiet ? TOOK_MS : noisyMs(value.length);
          clock.setTimeout(() => resolve(create(StringValueSchema, { value })), took, undefined);
        }) as never,
    });
    placeDoor([echo], 4, { shareRefused: ({ key }) => void refused.push(key) });
    const noisy = (): void => {
      const again = (): void => void clock.setTimeout(noisy, 5, undefined);
      const value = "x".repeat(sent++ % 97);
      echo.run(create(StringValueSchema, { value }), new Headers({ tenant: "noisy" }), undefined, noisy, again);
    };
    const times: number[] = [];
    const quiet = (): void => {
      const at = clock.now();
      const ended = (): void => {
        times.push(clock.now() - at);
        clock.setTimeout(quiet, 7, undefined);
      };
      quietWaits = true;
      echo.run(create(StringValueSchema, {}), new Headers({ tenant: "quiet" }), undefined, ended, ended);
    };
    for (let i = 0; i < 80; i++) noisy();
    quiet();
    await clock.advance(2_000);
    // 1.5 × 25 ms is the longest wait for one of the four places.
    expect(Math.max(...times)).toBeLessThanOrEqual(2.5 * TOOK_MS);
    expect(times.length).toBeGreaterThan(30);
    // Once: a new queue begins with both keys at 0, and the noisy request came first.
    expect(overtaken).toBe(1);
    expect(new Set(refused)).toEqual(new Set(["noisy"]));
  });
  test("in a full queue the key with the most requests loses its newest one", async () => {
    const { send, failures } = behindDoor({ fair: new FairShare(100), most: 1 });
    for (let i = 0; i < 11; i++) send("a", `a${i}`);
    send("b", "b");
    await idle();
    expect([...failures].map(([value, failure]) => [value, failure.clientCode])).toEqual([
      ["a10", Code.RESOURCE_EXHAUSTED],
    ]);
  });
});
