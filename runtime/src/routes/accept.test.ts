import { expect, test } from "vitest";
import { acceptedWeight, namedWeight } from "./accept.ts";

// The example of RFC 9110, 12.5.1, and others.
const EXAMPLE = "text/*;q=0.3, text/plain;q=0.7, text/plain;format=flowed, text/plain;format=fixed;q=0.4, */*;q=0.5";
test.each([
  [EXAMPLE, "text/html", 0.3],
  [EXAMPLE, "image/jpeg", 0.5],
  ["text/event-stream", "text/event-stream", 1],
  ["Text/Event-Stream ; Q=0", "text/event-stream", 0],
  ["text/event-stream;q=0.000, */*", "text/event-stream", 0],
  ["text/*;q=0, */*", "text/event-stream", 0],
  ["*/*;q=0", "text/event-stream", 0],
  ["*/*", "text/event-stream", 1],
  ["application/json", "text/event-stream", 0],
  ["", "text/event-stream", 0],
])("%j accepts %j by %d", (accept, type, weight) => {
  expect(acceptedWeight(accept, type)).toBe(weight);
});

test.each([
  ["*/*", 0],
  ["text/*, */*", 0],
  ["text/event-stream;q=0.1", 0.1],
  ["text/event-stream;q=0", 0],
  [`${"a,".repeat(490)}text/event-stream`, 1],
  [`${"a,".repeat(500)}text/event-stream`, 0],
])("%j names events by %d", (accept, weight) => {
  expect(namedWeight(accept, "text/event-stream")).toBe(weight);
});
