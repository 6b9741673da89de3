import { create } from "@bufbuild/protobuf";
import { DurationSchema, TimestampSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { ExpressionError } from "../value/error.ts";
import { optionalOf } from "../value/optional.ts";
import { uint } from "../value/value.ts";
import { cast, castMap, castMessage } from "./cast.ts";

const timestamp = create(TimestampSchema, { seconds: 1n });

describe("the cast of a dyn", () => {
  it("a cast returns a value of the expected type", () => {
    expect(cast(5n, "int")).toBe(5n);
    expect(cast(uint(5), "uint")).toBe(5n);
    expect(cast(timestamp, "google.protobuf.Timestamp")).toBe(timestamp);
    expect(cast(optionalOf(1n), "optional_type").inner).toBe(1n);
    expect(castMessage(timestamp, TimestampSchema)).toBe(timestamp);
  });

  it.each<[string, () => unknown]>([
    ["a uint", () => cast(5n, "uint")],
    ["an int", () => cast(5, "int")],
    ["a double", () => cast("5", "double")],
    ["an optional", () => cast(1, "optional_type")],
    ["a list", () => cast("abc", "list")],
    ["a message", () => castMessage(timestamp, DurationSchema)],
    ["a message of null", () => castMessage(null, DurationSchema)],
    ["a map", () => castMap([1n], "dyn")],
    ["a map of null", () => castMap(null, "dyn")],
    [
      "a map with such keys",
      () =>
        castMap(
          new Map<unknown, unknown>([
            ["a", 1n],
            [2n, 3n],
          ]),
          "string",
        ),
    ],
    ["a map with such values", () => castMap({ a: "x" }, "string", (item) => cast(item, "int"))],
  ])("a cast to another type fails: %s", (_, make) => {
    expect(make).toThrow(ExpressionError);
  });

  it("a cast to a map returns a Map, whatever the form", () => {
    expect(castMap({ a: "x" }, "string", (item) => cast(item, "string"))).toEqual(new Map([["a", "x"]]));
    expect(castMap(new Map([[1n, true]]), "int")).toEqual(new Map([[1n, true]]));
    expect(castMap(new Map([[true, 1]]), "bool")).toEqual(new Map([[true, 1]]));
  });
});
