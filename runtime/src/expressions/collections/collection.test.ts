import { create, fromJson } from "@bufbuild/protobuf";
import { ListValueSchema, ValueSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { fromJsonValue, fromListValue } from "../conversion/json.ts";
import { ExpressionError } from "../value/error.ts";
import { isMap } from "../value/shape.ts";
import { uint } from "../value/value.ts";
import {
  at,
  convertMap,
  entry,
  hasField,
  hasKey,
  index,
  items,
  mapOf,
  mapValues,
  position,
  select,
  sum,
  sumInt,
  sumUint,
  take,
  toMap,
  toRecord,
  withoutNulls,
} from "./collection.ts";

describe("elements", () => {
  it("elements have integer positions of any numeric type", () => {
    expect([2n, uint(2), 2].map(position)).toEqual([2n, 2n, 2n]);
    for (const key of [uint(2n ** 63n), 2 ** 63, -(2 ** 63), 0.5, "1", null])
      expect(() => position(key)).toThrow(ExpressionError);
  });

  it("elements are found in lists", () => {
    expect(at(["a", "b"], 1n)).toBe("b");
    expect(at([0, 1], 0)).toBe(0);
    expect(() => at(["a"], 1)).toThrow(ExpressionError);
    expect(() => at(["a"], -1)).toThrow(ExpressionError);
  });

  it("elements are found in maps of both forms", () => {
    expect(entry({ a: 0 }, "a")).toBe(0);
    expect(entry({ 3: "c" }, 3n)).toBe("c");
    expect(entry(new Map([[1n, "a"]]), 1n)).toBe("a");
    expect(entry(new Map([[1n, "a"]]), 1)).toBe("a");
    expect(hasKey({ true: 1 }, true)).toBe(true);
    expect(hasKey(new Map([[2n, 1]]), 2.5)).toBe(false);
    expect(() => entry({ a: 1 }, "b")).toThrow(ExpressionError);
  });

  it("elements exclude inherited object properties", () => {
    expect(hasKey({}, "constructor")).toBe(false);
    expect(() => entry({}, "toString")).toThrow(ExpressionError);
    expect(() => select({}, "__proto__")).toThrow(ExpressionError);
  });

  it("a map with a key of messages is a map", () => {
    const map = mapValues(
      toRecord(
        new Map([
          ["$typeName", "x"],
          ["a", "b"],
        ]),
      ),
      String,
    );
    expect(hasField(map, "a")).toBe(true);
    expect(index(map, "a")).toBe("b");
    expect(index(map, "$typeName")).toBe("x");
    expect(withoutNulls(map)).toSatisfy(isMap);
  });

  it("elements are found in values of type dyn", () => {
    expect(index([1, 2], 1n)).toBe(2);
    expect(index({ a: [true] }, "a")).toEqual([true]);
    expect(select({ a: 1 }, "a")).toBe(1);
    expect(hasField({ a: 1 }, "b")).toBe(false);
    expect(items(new Map([[1n, "a"]]))).toEqual([1n]);
    for (const run of [() => index("abc", 0n), () => index([1], "0"), () => select(5, "a"), () => items(5n)]) {
      expect(run).toThrow(ExpressionError);
    }
  });
});

it("the functions take and sum work", () => {
  expect(take([1, 2, 3], 2n)).toEqual([1, 2]);
  expect(take([1], 5)).toEqual([1]);
  expect(() => take([1], -1)).toThrow(ExpressionError);
  expect([sum([]), sum([1.5, 2])]).toEqual([0, 3.5]);
  expect(sumInt([1, 2n])).toBe(3n);
  expect(() => sumInt([2n ** 63n - 1n, 1])).toThrow(ExpressionError);
  expect(() => sumUint([2n ** 64n - 1n, 1n])).toThrow(ExpressionError);
});

it("the map functions convert maps", () => {
  expect(mapOf(["a", 1n])).toEqual(new Map([["a", 1n]]));
  expect(() => mapOf(["a", 1n], ["a", 2n])).toThrow(ExpressionError);
  expect(toMap({ 3: 4 }, BigInt, BigInt)).toEqual(new Map([[3n, 4n]]));
  expect(toRecord(new Map([[3n, 4n]]), Number)).toEqual({ 3: 4 });
  expect(mapValues({ a: 1 }, String)).toEqual({ a: "1" });
  expect(convertMap(new Map([[1n, 2]]), String, BigInt)).toEqual(new Map([["1", 2n]]));
});

it("JSON is read from its messages", () => {
  expect(fromJsonValue(undefined)).toBeNull();
  expect(fromJsonValue(create(ValueSchema))).toBeNull();
  expect(fromJsonValue(fromJson(ValueSchema, { a: [1, null] }))).toEqual({ a: [1, null] });
  expect(fromListValue(undefined)).toEqual([]);
  expect(fromListValue(fromJson(ListValueSchema, [1, "a"]))).toEqual([1, "a"]);
});
