// Holds docs/runtime.md#server
import { expect, test } from "vitest";
import { short, shortened } from "./short-text.ts";

test("values in a template are shortened, its literal text is not", () => {
  const long = "x".repeat(300);
  expect(short`no ${7n} of ${long}, or ${true}${""}\n`).toBe(`no 7 of ${"x".repeat(200)}…, or true\n`);
  expect(shortened(long)).toBe(`${"x".repeat(200)}…`);
  expect(shortened("x".repeat(200))).toBe("x".repeat(200));
});

test("no character is split, and lone surrogates become a valid character", () => {
  const text = `${"x".repeat(199)}🚀`;
  expect(shortened(text)).toBe(`${"x".repeat(199)}…`);
  expect(short`${"\ud83d!"}`).toBe("\ufffd!");
  expect(encodeURIComponent(short`${text}${"\ude80"}`)).toContain("%EF%BF%BD");
});
