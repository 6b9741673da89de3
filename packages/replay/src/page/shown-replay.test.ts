import { expect, test } from "vitest";
import type { LoggedEvent } from "../tape/logged-event.ts";
import type { SentAttempt, Stage } from "../tape/stage.ts";
import { shownReplay } from "./shown-replay.ts";

const attempt = (number: number, checksum: number, client = "a"): SentAttempt =>
  ({ client, path: "/a.A/Get", checksum, number, message: Uint8Array.of(checksum), at: 0 }) as unknown as SentAttempt;
const send = (attempt: number): LoggedEvent => ({ at: 0, kind: "send", attempt });
const reply = (attempt: number): LoggedEvent => ({ at: 2_000, kind: "reply", attempt, bytes: Uint8Array.of(9) });
const fault = { kind: "status", code: 14, message: "down" } as const;

/** Returns what the page shows of these attempts and events. */
function shown(attempts: readonly SentAttempt[], log: readonly LoggedEvent[]) {
  const stage = { attempts, log } as unknown as Stage;
  const request = { method: "b.B/Get", startedAt: 0 } as Parameters<typeof shownReplay>[0]["request"];
  const run = { request, outcome: { answer: "AA==", degraded: "x" }, stage, tookUs: 3_000, difference: undefined };
  return shownReplay(run, [], (method, direction, bytes) => `${method} ${direction} ${bytes[0]}`);
}

test("attempts with other numbers belong to the call with the same message", () => {
  const { calls, events, answer, degraded } = shown(
    [attempt(1, 5), attempt(1, 6), attempt(2, 5), attempt(2, 6), attempt(1, 5, "a.canary")],
    [send(0), send(1), { at: 1_000, kind: "fault", attempt: 0, fault }, send(2), send(3), reply(2), reply(3), send(4)],
  );
  expect(calls.map(({ request, branch, attempts }) => [request, branch, attempts.map(({ nth }) => nth)])).toEqual([
    ["a.A/Get input 5", undefined, [1, 3]],
    ["a.A/Get input 6", undefined, [2, 4]],
    ["a.A/Get input 5", "canary", [5]],
  ]);
  expect(calls[0]).toMatchObject({ failure: "down", response: "a.A/Get output 9" });
  expect(calls[0]?.attempts).toEqual([
    { number: 1, hedge: false, nth: 1, from: 0, to: 2, outcome: "status UNAVAILABLE", status: "UNAVAILABLE" },
    { number: 2, hedge: false, nth: 3, from: 3, to: 5, outcome: "ok", status: "OK" },
  ]);
  // The first attempt of this call was under way when the second was sent.
  expect(calls[1]?.attempts.map(({ hedge, to }) => [hedge, to])).toEqual([
    [false, undefined],
    [true, 6],
  ]);
  expect(events.at(-1)).toEqual({ ms: 3, text: "= OK" });
  expect([answer, degraded]).toEqual(["b.B/Get output 0", "x"]);
});

test("the page receives 2,000 events at most, and the number of the others", () => {
  const log = Array.from({ length: 2_001 }, (): LoggedEvent => ({ at: 0, kind: "timer" }));
  const { events, calls } = shown([attempt(1, 5)], [send(0), ...log, reply(0)]);
  expect(events).toHaveLength(2_001);
  expect(events.at(-1)?.text).toBe("3 more events, = OK");
  expect(calls[0]?.attempts[0]).toMatchObject({ from: 0, to: 2_000, outcome: "ok" });
});

test("a stream is shown with all its messages", () => {
  const messages = [Uint8Array.of(1), Uint8Array.of(2)];
  const stage = { attempts: [], log: [{ at: 0, kind: "message", bytes: messages[0] }], messages } as unknown as Stage;
  const request = { method: "b.B/Get", startedAt: 0 } as Parameters<typeof shownReplay>[0]["request"];
  const run = { request, outcome: { stream: "ended" } as const, stage, tookUs: 3_000, difference: undefined };
  const { status, answer, events } = shownReplay(run, [], (_method, _direction, bytes) => `{"n":${bytes[0]}}`);
  expect([status, JSON.parse(answer)]).toEqual(["OK", [{ n: 1 }, { n: 2 }]]);
  expect(events[0]?.text).toBe("⇒ message 1 bytes");
});
