// Holds the states of a cursor: every legal transition is taken, every other one throws.
import { expect, test } from "vitest";
import { illegalTransitions, untakenTransitions } from "../../../test/support/setup/checked-states.ts";
import { transition } from "../states.ts";
import type { Channel } from "./channel.ts";
import { CURSOR_TRANSITIONS, Cursor } from "./cursor.ts";

test("a cursor takes every transition of its table", async () => {
  const untaken = await untakenTransitions(CURSOR_TRANSITIONS, () => {
    const events: string[] = [];
    const record = (event: string) => () => void events.push(event);
    const channel = { leave: record("left") } as unknown as Channel<number>;
    const items = { opened: record("opened"), item: () => {}, ended: record("ended"), failed: () => {} };
    const options = { resume: undefined, latestOnly: false, comesAgainMs: 0 };
    const opened = new Cursor(channel, options, items);
    opened.accepted();
    opened.accepted();
    opened.cancel();
    const left = new Cursor(channel, options, items);
    left.cancel();
    left.cancel();
    left.accepted();
    left.ended();
    expect(events).toEqual(["opened", "left", "left"]);
  });
  expect(untaken).toEqual([]);
});
test.each(illegalTransitions(CURSOR_TRANSITIONS))("a cursor may not go from %s to %s", (from, to) => {
  expect(() => transition(CURSOR_TRANSITIONS, from, to)).toThrow(`illegal transition from ${from} to ${to}`);
});
