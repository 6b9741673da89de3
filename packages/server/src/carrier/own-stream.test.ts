// Holds the states of an answer over our own HTTP/2: every legal transition is taken, every other one throws.
import type { Socket } from "node:net";
import { transition } from "@protobff/runtime/internal/states";
import { expect, test } from "vitest";
import { illegalTransitions, untakenTransitions } from "../../../../test/support/setup/checked-states.ts";
import { ANSWER_TRANSITIONS, type OwnConnection, OwnStream } from "./own-stream.ts";

/** A stream whose connection records what it sends; bodies remain unsent. */
function recorded(): { readonly stream: OwnStream; readonly events: string[] } {
  const events: string[] = [];
  const connection: OwnConnection = {
    socket: {} as Socket,
    over: false,
    head: (_, status, __, endStream) => events.push(`${status ?? "trailers"}${endStream ? " end" : ""}`),
    send: (stream, body) => {
      stream.body = body;
      events.push(`${body.length} bytes${stream.ends ? " end" : ""}`);
    },
    answerSent: () => events.push("sent"),
    reset: (_, code) => events.push(`reset ${code}`),
    unread: () => {},
    allow: () => {},
  };
  return { stream: new OwnStream(connection, 1, 1 << 16, 0), events };
}
function sent(stream: OwnStream): void {
  stream.body = undefined;
  stream.bodySent();
}
const BODY = Buffer.alloc(3);

test("an answer takes every transition of its table", async () => {
  const untaken = await untakenTransitions(ANSWER_TRANSITIONS, () => {
    const empty = recorded();
    expect(empty.stream.answered).toBe(false);
    empty.stream.answer(204, [], undefined, undefined, false);
    expect(empty.stream.answered).toBe(true);
    empty.stream.answer(200, [], BODY, undefined, false);
    empty.stream.end(BODY, undefined);
    expect(empty.events).toEqual(["204 end", "sent"]);

    const whole = recorded();
    whole.stream.answer(200, [], BODY, undefined, false);
    sent(whole.stream);
    expect(whole.events).toEqual(["200", "3 bytes end", "sent"]);

    const trailing = recorded();
    trailing.stream.answer(200, [], BODY, { a: "b" }, false);
    sent(trailing.stream);
    expect(trailing.events).toEqual(["200", "3 bytes", "trailers end", "sent"]);
  });
  expect(untaken).toEqual([]);
});
test.each(illegalTransitions(ANSWER_TRANSITIONS))("an answer may not go from %s to %s", (from, to) => {
  expect(() => transition(ANSWER_TRANSITIONS, from, to)).toThrow(`illegal transition from ${from} to ${to}`);
});

test("the last part waits for the part before it", () => {
  const { stream, events } = recorded();
  stream.respond(200, []);
  stream.write(BODY, () => events.push("written"));
  expect(stream.ends).toBe(false);
  stream.end(Buffer.alloc(4), undefined);
  expect(stream.ends).toBe(false);
  sent(stream);
  expect(events).toEqual(["200", "3 bytes", "4 bytes end", "written"]);
  stream.write(BODY, () => events.push("dropped"));
  sent(stream);
  expect(events.slice(4)).toEqual(["dropped", "sent"]);
});
test("an end without a body ends the part that is being sent", () => {
  const { stream, events } = recorded();
  stream.respond(200, []);
  stream.write(BODY, () => {});
  stream.end(undefined, undefined);
  expect(stream.ends).toBe(true);
  sent(stream);
  expect(events).toEqual(["200", "3 bytes", "sent"]);
});
