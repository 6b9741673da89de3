import { describe, expect, it } from "vitest";
import { all, and, exists, or } from "./logic.ts";
import { ExpressionError } from "./value/error.ts";

const yes = () => true;
const no = () => false;
const fails = (text: string) => () => {
  throw new ExpressionError(text);
};

describe("an error counts only if no operand decides", () => {
  it("the operator and absorbs errors", () => {
    expect(and(yes, yes)).toBe(true);
    expect(and(fails("a"), no)).toBe(false);
    expect(and(no, fails("a"))).toBe(false);
    expect(() => and(yes, fails("a"), fails("b"))).toThrow("a");
  });

  it("the operator or absorbs errors", () => {
    expect(or(no, no)).toBe(false);
    expect(or(fails("a"), yes)).toBe(true);
    expect(() => or(fails("a"), no)).toThrow("a");
  });

  it("the macros all and exists absorb errors", () => {
    const test = (item: number) => (item === 0 ? fails("zero")() : item > 1);
    expect(all([0, 1], test)).toBe(false);
    expect(all([], test)).toBe(true);
    expect(() => all([2, 0], test)).toThrow("zero");
    expect(exists([0, 2], test)).toBe(true);
    expect(exists([], test)).toBe(false);
    expect(() => exists([0, 1], test)).toThrow("zero");
  });

  it("exists stops at the deciding item", () => {
    const seen: number[] = [];
    exists([1, 2, 3], (item) => {
      seen.push(item);
      return item === 2;
    });
    expect(seen).toEqual([1, 2]);
  });
});
