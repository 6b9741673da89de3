import { expect, test } from "vitest";
import { ExpressionError } from "../cel/error.ts";
import { placeOf } from "./expression-place.ts";

/** As V8 writes it. */
function thrown(message: string, frames: readonly string[]): ExpressionError {
  const error = new ExpressionError(message);
  error.stack = [`Error: ${message}`, ...frames.map((frame) => `    at ${frame}`)].join("\n");
  return error;
}
const FRAMES = ["seconds (file:///app/cel/time.js:58:9)", "compose (file:///app/gen/shop_bff.ts:86:3)"];

test("a place is what the frames say, and nothing that the message does", () => {
  for (const text of ["no", "x_bff.ts:1:1", "no\n    at a (file:///x_bff.ts:1:1)"]) {
    expect(placeOf(thrown(`not a timestamp: ${text}`, FRAMES))).toBe("shop_bff.ts:86");
    expect(placeOf(thrown(`not a timestamp: ${text}`, FRAMES.slice(0, 1)))).toBeUndefined();
  }
});

test.each([
  "compose (/app/shop_bff.js:7:3)",
  "async compose (file:///app/shop_bff.js:7:3)",
  "file:///app/shop_bff.js:7:3",
  "async /app/shop_bff.js:7:3",
])("a frame may be written as %s", (frame) => {
  expect(placeOf(thrown("no", [frame]))).toBe("shop_bff.js:7");
});

test("a long text in a message is not searched for one", () => {
  expect(placeOf(thrown(`not a timestamp: ${"a".repeat(1 << 20)}`, FRAMES))).toBe("shop_bff.ts:86");
});

test("what is not an expression's has none, nor has what says nothing of its frames", () => {
  expect(placeOf(new Error("no"))).toBeUndefined();
  const silent = new ExpressionError("no");
  silent.stack = "";
  expect(placeOf(silent)).toBeUndefined();
});
