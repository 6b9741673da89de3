import { expect, test } from "vitest";
import { freeNumbers } from "../../../scripts/codes.ts";
import { CODE_TABLES, CODES, GROUPS, RETIRED } from "./codes.ts";

const declared = CODE_TABLES.flatMap((table) => Object.keys(table));

test("a code is declared once", () => {
  expect(declared.length).toBeGreaterThan(300);
  expect(declared.filter((code, i) => declared.indexOf(code) !== i)).toEqual([]);
});

test("a retired code is not used again", () => {
  expect(RETIRED.filter((code) => CODES.has(code))).toEqual([]);
});

test("each code has a group", () => {
  expect(declared.filter((code) => !/^BFF\d{3}$/.test(code) || GROUPS[code.charAt(3)] === undefined)).toEqual([]);
});

test("free numbers are unused, now and before", () => {
  const free = Object.keys(GROUPS).flatMap(freeNumbers);
  expect(free).toContain("263");
  expect(free.join()).not.toContain("190-");
  expect(free.filter((range) => CODES.has(`BFF${range.slice(0, 3)}`))).toEqual([]);
});
