import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ConfigFault, EnvReader } from "./env-reader.ts";

function reading<T>(
  source: Record<string, string>,
  read: (reader: EnvReader) => T,
): { value: T; faults: ConfigFault[] } {
  const faults: ConfigFault[] = [];
  return { value: read(new EnvReader(source, faults)), faults };
}

describe("EnvReader", () => {
  it("the reader does not treat inherited object properties as variables", () => {
    expect(reading({}, (r) => r.string("toString", "by default"))).toEqual({ value: "by default", faults: [] });
  });

  it.each([
    ["42", 42n],
    ["-7", -7n],
    ["+7", 7n],
    ["9223372036854775807", 9223372036854775807n],
    ["-9223372036854775808", -9223372036854775808n],
  ])("the reader accepts the int %s", (text, expected) => {
    expect(reading({ X: text }, (r) => r.int("X"))).toEqual({ value: expected, faults: [] });
  });

  it.each(["9223372036854775808", "1.0", "0x10", " 1", "1e3", "one"])("the reader refuses the int %s", (text) => {
    const { value, faults } = reading({ X: text }, (r) => r.int("X"));
    expect(value).toBe(0n);
    expect(faults).toEqual([
      { variable: "X", problem: `is ${JSON.stringify(text)}`, remedy: "a whole number of at most 64 bits" },
    ]);
  });

  it("the reader accepts booleans", () => {
    const source = { A: "true", B: "1", C: "false", D: "0" };
    expect(reading(source, (r) => [r.bool("A"), r.bool("B"), r.bool("C"), r.bool("D")])).toEqual({
      value: [true, true, false, false],
      faults: [],
    });
    expect(reading({ A: "yes" }, (r) => r.bool("A")).faults).toHaveLength(1);
  });

  it.each([
    ["0.5", 0.5],
    ["-1e-3", -0.001],
    [".5", 0.5],
    ["2.", 2],
  ])("the reader accepts the double %s", (text, expected) => {
    expect(reading({ X: text }, (r) => r.double("X"))).toEqual({ value: expected, faults: [] });
  });

  it.each(["NaN", "Infinity", "1e999", "0x1", "1,5"])("the reader refuses the double %s", (text) => {
    expect(reading({ X: text }, (r) => r.double("X")).faults).toHaveLength(1);
  });

  it.each([
    ["250ms", 0n, 250_000_000],
    ["10s", 10n, 0],
    ["1.5m", 90n, 0],
    ["1.5h", 5_400n, 0],
    ["400d", 34_560_000n, 0],
    ["0.25s", 0n, 250_000_000],
    ["1999.9999999ms", 2n, 0],
    ["0ms", 0n, 0],
  ])("the reader accepts the duration %s", (text, seconds, nanos) => {
    const { value, faults } = reading({ X: text }, (r) => r.duration("X"));
    expect(faults).toEqual([]);
    expect(value).toMatchObject({ $typeName: "google.protobuf.Duration", seconds, nanos });
  });

  it.each(["10", "10w", "-1s", "1s500ms", "s", "999999999999999m"])("the reader refuses the duration %s", (text) => {
    expect(reading({ X: text }, (r) => r.duration("X")).faults).toHaveLength(1);
  });

  it("the reader accepts lists, and drops empty items", () => {
    expect(reading({ X: "a, b,,c " }, (r) => r.strings("X")).value).toEqual(["a", "b", "c"]);
    expect(reading({ X: "" }, (r) => r.strings("X", "a"))).toEqual({ value: [], faults: [] });
  });

  it("the reader uses the default of an unset variable", () => {
    expect(
      reading({}, (r) => [r.string("A", "recent"), r.int("B", "3"), r.strings("C", "x,y"), r.double("D", "0.5")]),
    ).toEqual({ value: ["recent", 3n, ["x", "y"], 0.5], faults: [] });
  });

  it("the reader treats an empty text as a value for strings, and as unset for other types", () => {
    expect(reading({ X: "" }, (r) => r.string("X", "recent")).value).toBe("");
    expect(reading({ X: "" }, (r) => r.int("X", "3")).value).toBe(3n);
    expect(reading({ X: "" }, (r) => r.int("X")).faults).toMatchObject([{ variable: "X", problem: "is not set" }]);
  });

  it("the reader continues after a fault", () => {
    const { faults } = reading({ B: "x" }, (r) => [r.string("A"), r.bool("B"), r.strings("C"), r.duration("D")]);
    expect(faults.map(({ variable, problem }) => `${variable} ${problem}`)).toEqual([
      "A is not set",
      'B is "x"',
      "C is not set",
      "D is not set",
    ]);
  });

  it("the reader shortens long values in faults", () => {
    const { faults } = reading({ X: "y".repeat(500) }, (r) => r.int("X"));
    expect(faults[0]?.problem.length).toBeLessThan(80);
  });

  it.each([
    ["1, 2 ,,3", [1n, 2n, 3n]],
    ["", []],
    ["7", [7n]],
  ])("the reader accepts the list %s", (text, expected) => {
    expect(reading({ X: text }, (r) => r.list("X", "int"))).toEqual({ value: expected, faults: [] });
  });

  it("the reader removes backslashes before commas, `=` and backslashes only", () => {
    const source = { L: "a\\,b, c\\\\,d\\n", M: "k\\=1=v=w, \\,=x y" };
    expect(reading(source, (r) => [r.strings("L"), r.map("M", "string")])).toEqual({
      value: [["a,b", "c\\", "d\\n"], { "k=1": "v=w", ",": "x y" }],
      faults: [],
    });
  });

  it("the reader accepts maps of every scalar", () => {
    const source = { D: "a=1s", U: "__proto__=18446744073709551615", B: "a=true, b = false", E: "" };
    const { value, faults } = reading(source, (r) => [r.map("U", "uint"), r.map("B", "bool"), r.map("E", "int")]);
    expect(faults).toEqual([]);
    expect(Object.entries(value[0] ?? {})).toEqual([["__proto__", 2n ** 64n - 1n]]);
    expect(value.slice(1)).toEqual([{ a: true, b: false }, {}]);
    expect(reading(source, (r) => r.map("D", "duration")).value.a).toMatchObject({ seconds: 1n });
  });

  it.each([
    ["list", "1,two"],
    ["map", "a=1,b"],
    ["map", "a=1,a=2"],
    ["map", "=1"],
    ["map", "a=x"],
  ] as const)("the reader refuses the %s %s", (of, text) => {
    const { faults } = reading({ X: text }, (r) => (of === "list" ? r.list("X", "int") : r.map("X", "int")));
    expect(faults).toMatchObject([{ variable: "X", problem: `is ${JSON.stringify(text)}` }]);
  });

  it("the reader tries alternates in their order for an unset variable, and names the faulty one", () => {
    const read = (source: Record<string, string>) => reading(source, (r) => r.or("OLD", "OLDER").int("NEW", "9"));
    expect(read({ NEW: "1", OLD: "2" }).value).toBe(1n);
    expect(read({ NEW: "", OLD: "2", OLDER: "3" }).value).toBe(2n);
    expect(read({ OLDER: "3" }).value).toBe(3n);
    expect(read({}).value).toBe(9n);
    expect(read({ OLD: "x" }).faults).toMatchObject([{ variable: "OLD", problem: 'is "x"' }]);
    expect(reading({}, (r) => r.or("OLD", "OLDER").string("NEW")).faults).toMatchObject([
      { variable: "NEW", problem: "is not set, nor is OLD, nor is OLDER" },
    ]);
    expect(reading({ NEW: "", OLD: "a" }, (r) => r.or("OLD").string("NEW")).value).toBe("");
  });

  it("the reader reports the fault of a variable once, even if it is read twice", () => {
    const { faults } = reading({ X: "many" }, (r) => [
      r.int("X"),
      r.or("Y").int("X", "3"),
      r.bool("X"),
      r.int("Z"),
      r.int("Z"),
    ]);
    expect(faults).toEqual([
      { variable: "X", problem: 'is "many"', remedy: "a whole number of at most 64 bits" },
      { variable: "Z", problem: "is not set", remedy: "a whole number of at most 64 bits" },
    ]);
  });

  it("the bounds of a variable are values, and a value outside is a fault under the name that is set", () => {
    const bounded = (text: string, type: "int" | "uint" | "double" | "duration", min: string, max: string) =>
      reading({ Y: text }, (r) => r.or("Y").min(min).max(max)[type]("X")).faults;
    expect(bounded("1.1s", "duration", "0s", "1100ms")).toEqual([]);
    expect(bounded("0", "int", "0", "0")).toEqual([]);
    expect(bounded("-1", "int", "0", "5")).toEqual([
      { variable: "Y", problem: 'is "-1", below its minimum of 0', remedy: "at least 0" },
    ]);
    expect(bounded("2m", "duration", "0s", "60s")).toEqual([
      { variable: "Y", problem: 'is "2m", above its maximum of 60s', remedy: "at most 60s" },
    ]);
    expect(bounded("much", "double", "1", "2")).toEqual([{ variable: "Y", problem: 'is "much"', remedy: "a number" }]);
  });

  it("a value is accepted if and only if it is within the bounds", () => {
    const amount = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    fc.assert(
      fc.property(amount, amount, amount, (value, min, max) => {
        const read = (r: EnvReader) => r.max(String(max)).min(String(min)).int("X");
        const { faults } = reading({ X: String(value) }, read);
        expect(faults.length === 0).toBe(min <= value && value <= max);
      }),
    );
  });
});
