import { expect, it } from "vitest";
import { holds, present } from "./strict.ts";
import { ExpressionError } from "./value/error.ts";

it("present returns a set field, and fails otherwise", () => {
  expect(present("")).toBe("");
  expect(present(false)).toBe(false);
  expect(() => present(undefined)).toThrow(ExpressionError);
});

it("holds is false for every exception", () => {
  expect(holds(() => true)).toBe(true);
  expect(holds(() => false)).toBe(false);
  expect(holds(() => present<boolean>(undefined))).toBe(false);
  expect(
    holds(() => {
      throw "anything";
    }),
  ).toBe(false);
});
