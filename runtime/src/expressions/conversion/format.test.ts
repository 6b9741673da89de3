import { expect, test } from "vitest";
import { optionalOf } from "../value/optional.ts";
import { format } from "./format.ts";

test.each([
  // What Go's fmt prints.
  ["%.0f", 2.5, "2"],
  ["%.0f", 3.5, "4"],
  ["%.2f", 1.005, "1.00"],
  ["%.3f", 1e21, "1000000000000000000000.000"],
  ["%f", 2 ** 100, "1267650600228229401496703205376.000000"],
  ["%.3f", -0, "-0.000"],
  ["%.2f", -0.001, "-0.00"],
  ["%.0e", 2.5, "2e+00"],
  ["%.1e", 1.25, "1.2e+00"],
  ["%.1e", 1.35, "1.4e+00"],
  ["%.1e", 9.99, "1.0e+01"],
  ["%.20e", 1e23, "9.99999999999999916114e+22"],
  ["%e", 5e-324, "4.940656e-324"],
  ["%e", 0, "0.000000e+00"],
  ["%e", -0, "-0.000000e+00"],
  ["%.0e", 0, "0e+00"],
  ["%.100f", 0.5, `0.5${"0".repeat(99)}`],
  ["%s", -0, "-0"],
  ["%d", -0, "-0"],
  ["%s", 1e21, "1000000000000000000000"],
  ["%s", 1.5e-7, "0.00000015"],
  ["%d", -2.5e22, "-25000000000000000000000"],
])("%s of %d is %s", (text, value, expected) => {
  expect(format(text, [value])).toBe(expected);
});

test.each(["%.101f", "%.101e", "%.99999999999999999999f"])("%s fails, because doubles have fewer digits", (text) => {
  expect(() => format(text, [0.1])).toThrow("precision");
});

test("an optional cannot be formatted", () => {
  expect(() => format("%s", [optionalOf(1n)])).toThrow("cannot become string");
});
