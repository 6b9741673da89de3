import { expect, it } from "vitest";
import { isReservedName } from "../../index.ts";

it("names of the expression language are reserved", () => {
  const taken =
    "if in true var map exists has ok size int string matches contains take args headers env now error principal";
  expect(taken.split(" ").filter((name) => !isReservedName(name))).toEqual([]);
  expect("usage class await value or user".split(" ").filter(isReservedName)).toEqual([]);
});
