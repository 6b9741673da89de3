// Against eventsource-parser, of another maker.
import { createParser } from "eventsource-parser";
import fc from "fast-check";
import { expect, test } from "vitest";
import { EventStreamParser } from "./event-stream.ts";

interface TestEvent {
  readonly event: string;
  readonly data: string;
  readonly id: string | undefined;
}

/** Of all pieces in turn; both forget a last one that has no empty line behind it. */
function ours(pieces: readonly string[]): TestEvent[] {
  const events: TestEvent[] = [];
  const parser = new EventStreamParser(
    (event) => events.push(event),
    () => {},
  );
  for (const piece of pieces) parser.text(piece);
  return events;
}
/** It leaves to its users what the last id was. */
function theirs(pieces: readonly string[]): TestEvent[] {
  const events: TestEvent[] = [];
  let last: string | undefined;
  const parser = createParser({
    onEvent: ({ event, data, id }) => {
      last = id ?? last;
      events.push({ event: event || "message", data, id: last });
    },
  });
  for (const piece of pieces) parser.feed(piece);
  return events;
}

const line = fc.oneof(
  fc.constantFrom(
    "",
    "data",
    "data:",
    "data: ",
    "data:  a",
    ":",
    ": beat",
    "event",
    "event:",
    "event: end",
    "other: x",
  ),
  fc
    .tuple(fc.constantFrom("data", "event"), fc.constantFrom(":", ": "), fc.string({ unit: "binary" }))
    .map((all) => all.join("")),
);
const end = fc.constantFrom("\n", "\r", "\r\n");
const text = fc.array(fc.tuple(line, end), { maxLength: 20 }).map((all) => all.map((parts) => parts.join("")).join(""));

test("events equal those of eventsource-parser, for every division of the text", () => {
  fc.assert(
    fc.property(text, fc.array(fc.nat(200), { maxLength: 5 }), fc.boolean(), (all, cuts, mark) => {
      const whole = `${mark ? "\ufeff" : ""}${all}data: last\n\n`;
      const at = [0, ...cuts.map((cut) => Math.min(cut, whole.length)).sort((a, b) => a - b), whole.length];
      const pieces = at.slice(1).map((to, i) => whole.slice(at[i], to));
      expect(ours(pieces)).toEqual(theirs([whole]));
    }),
    { numRuns: 2000 },
  );
});

test.each([
  // The examples of the specification, section 9.2.6.
  [
    "data: This is the first message.\n\ndata: This is the second message, it\ndata: has two lines.\n\n",
    ["This is the first message.", "This is the second message, it\nhas two lines."],
    [undefined, undefined],
  ],
  [
    ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
    ["first event", "second event", " third event"],
    ["1", "", ""],
  ],
  ["data\n\ndata\ndata\n\ndata:", ["", "\n"], [undefined, undefined]],
  ["data:test\n\ndata: test\n\n", ["test", "test"], [undefined, undefined]],
  ["id: a\0b\ndata: x\n\n", ["x"], [undefined]],
])("the text is parsed as specified: %j", (whole, data, ids) => {
  for (const pieces of [[whole], [...whole]]) {
    const events = ours(pieces);
    expect(events.map((event) => event.data)).toEqual(data);
    expect(events.map((event) => event.id)).toEqual(ids);
  }
});

test("an endless line is refused", () => {
  const parser = new EventStreamParser(
    () => {},
    () => {},
  );
  const piece = "x".repeat(1 << 20);
  expect(() => {
    for (let i = 0; i < 70; i++) parser.text(piece);
  }).toThrow("a line without end");
});
