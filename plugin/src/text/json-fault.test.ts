import { expect, test } from "vitest";
import { jsonFaultAt } from "./json-fault.ts";

test.each([
  ['{"a": nope}', 7],
  ['{"a": 1,}', 8],
  ['{"a": 1 "b": 2}', 8],
  ['{"a": 1', 7],
  ['{"a": "b', 8],
  ['{"a', 3],
  ['{"a": tru', 9],
  ["[1, 2}", 5],
  ["", 0],
  ["<html>", 0],
  ["{a: 1}", 1],
  ['{"a": 1}}', 8],
  ['["a\\x"]', 4],
  ['["a\nb"]', 3],
  ["[-]", 2],
  [`{"files": {\n${'"x": 1,\n'.repeat(50)}"y": ?}}`, 417],
])("%j has its fault at %i", (text, offset) => {
  expect(() => JSON.parse(text)).toThrow();
  expect(jsonFaultAt(text)).toBe(offset);
});
