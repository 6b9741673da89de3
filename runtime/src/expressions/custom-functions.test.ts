import { create } from "@bufbuild/protobuf";
import { TimestampSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { type CustomFunction, customFunctions } from "./custom-functions.ts";
import { or } from "./logic.ts";
import { isMessage } from "./value/shape.ts";

const made = (value: unknown, result: string) => customFunctions({ of: () => value }, { of: ["a.b", result] }).of;

describe("a custom function", () => {
  it("a custom function is called as a method, with its arguments", () => {
    class Mine {
      readonly #end = "!";
      of(a: string, b: bigint): string {
        return a + b + this.#end;
      }
    }
    expect(customFunctions(new Mine(), { of: ["a.b", "string"] }).of("x", 2n)).toBe("x2!");
  });
  it.each([
    ["s", "string"],
    [true, "bool"],
    [1.5, "double"],
    [-(2n ** 63n), "int"],
    [2n ** 64n - 1n, "uint"],
    [new Uint8Array(), "bytes"],
    [[1n], "list"],
    [new Map([["a", 1n]]), "map"],
    [create(TimestampSchema), "google.protobuf.Timestamp"],
  ])("a custom function returns %s as %s", (value, result) => expect(made(value, result)()).toBe(value));
  it.each([
    [1, "int", "a.b gave double, not int"],
    [2n ** 63n, "int", "a.b gave a number that is out of the range of int"],
    [-1n, "uint", "a.b gave a number that is out of the range of uint"],
    [undefined, "string", "a.b gave nothing, not string"],
    [null, "string", "a.b gave null_type, not string"],
    [create(TimestampSchema), "google.protobuf.Duration", "a.b gave google.protobuf.Timestamp, not"],
    [Promise.resolve("a"), "string", "a.b gave a promise, and expressions do not wait"],
  ])("a custom function cannot return %s as %s", (value, result, text) => expect(made(value, result)).toThrow(text));
  it("a copy of JSON with a key $typeName is no message", () => {
    for (const name of ["google.protobuf.Timestamp", "x", 5]) {
      const json = { $typeName: name, seconds: 1n };
      const results: readonly (readonly [unknown, string])[] = [
        [{ ...json }, "map(dyn)"],
        [{ inside: { ...json } }, "map(dyn)"],
        [[{ ...json }], "list(dyn)"],
        [{ ...json }, "map(string)"],
        [[{ ...json }], "list(map(string))"],
        [{ a: [{ ...json }] }, "map(list(map(int)))"],
        [new Map([["a", { ...json }]]), "map(dyn)"],
      ];
      for (const [value, result] of results) {
        const returned = made(value, result)();
        expect(returned).toEqual(value);
        const all: unknown[] = [returned];
        for (const each of all) {
          expect(isMessage(each)).toBe(false);
          if (typeof each === "object" && each !== null)
            all.push(...(each instanceof Map ? each.values() : Object.values(each)));
        }
      }
    }
  });
  it("a list and a map hold values of the declared type", () => {
    const time = create(TimestampSchema);
    expect(made([time], "list(google.protobuf.Timestamp)")()).toEqual([time]);
    expect(made([{ $typeName: "x.v1.Card" }], "list(google.protobuf.Timestamp)")).toThrow("a.b gave x.v1.Card, not");
    expect(made({ a: { $typeName: 5 } }, "map(google.protobuf.Timestamp)")).toThrow("a.b gave map, not");
  });
  it("a custom function that returns a promise fails, and a later rejection is ignored", async () => {
    const { of } = customFunctions({ of: () => Promise.reject(new Error("unheard")) }, { of: ["a.b", "string"] });
    expect(of).toThrow("a.b gave a promise");
    await Promise.resolve();
  });
  it("an exception of a custom function keeps its cause, and another operand may decide", () => {
    const cause = new Error("no");
    const names: { of: CustomFunction } = { of: ["a.b", "bool"] };
    const { of } = customFunctions(
      {
        of: (): boolean => {
          throw cause;
        },
      },
      names,
    );
    expect(of).toThrow(expect.objectContaining({ name: "ExpressionError", message: "a.b threw: Error: no", cause }));
    expect(or(of, () => true)).toBe(true);
    const functions: { of: () => boolean } = {
      of: () => {
        throw cause;
      },
    };
    expect(customFunctions(functions, names, true).of).toThrow(expect.objectContaining({ message: "a.b threw" }));
  });
});
