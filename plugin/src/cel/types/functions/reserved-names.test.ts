import { expect, it } from "vitest";
import { isReservedName } from "../../index.ts";

it("keeps names that expressions have for themselves", () => {
  const taken =
    "if in true var map exists has ok size int string matches contains take args headers env now error principal";
  expect(taken.split(" ").filter((name) => !isReservedName(name))).toEqual([]);
  expect("usage class await value or user".split(" ").filter(isReservedName)).toEqual([]);
});
