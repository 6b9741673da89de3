import { expect, it } from "vitest";
import { holds, present } from "./strict.ts";
import { ExpressionError } from "./value/error.ts";

it("reads a field that is set, and no other", () => {
  expect(present("")).toBe("");
  expect(present(false)).toBe(false);
  expect(() => present(undefined)).toThrow(ExpressionError);
});

it("does not take for held what cannot be evaluated, whatever is thrown", () => {
  expect(holds(() => true)).toBe(true);
  expect(holds(() => false)).toBe(false);
  expect(holds(() => present<boolean>(undefined))).toBe(false);
  expect(
    holds(() => {
      throw "anything";
    }),
  ).toBe(false);
});
