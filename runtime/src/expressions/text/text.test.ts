import { describe, expect, it } from "vitest";
import { format } from "../conversion/format.ts";
import { ExpressionError } from "../value/error.ts";
import { matches } from "./pattern.ts";
import {
  charAt,
  indexOf,
  join,
  lastIndexOf,
  lower,
  lowerAscii,
  quote,
  repeat,
  replace,
  reverseText,
  size,
  split,
  substring,
  textSize,
  trim,
  trimPrefix,
  trimSuffix,
  upper,
  upperAscii,
} from "./text.ts";

const ROCKET = "a🚀b🚀";

it.each<[string, unknown, unknown]>([
  ["size", textSize(ROCKET), 4],
  ["size of anything", [ROCKET, Uint8Array.of(1), [1, 2], new Map(), { a: 1 }].map(size), [4n, 1n, 2n, 0n, 1n]],
  ["charAt", charAt(ROCKET, 1n), "🚀"],
  ["charAt at the end", charAt(ROCKET, 4), ""],
  ["indexOf", indexOf(ROCKET, "b"), 2],
  ["indexOf from", indexOf(ROCKET, "🚀", 2), 3],
  ["indexOf nothing", indexOf(ROCKET, "", 1), 1],
  ["indexOf what is not there", indexOf(ROCKET, "c"), -1],
  ["replace between all code points", replace(ROCKET, "", "-"), "-a-🚀-b-🚀-"],
  ["lastIndexOf", lastIndexOf(ROCKET, "🚀"), 3],
  ["lastIndexOf from", lastIndexOf(ROCKET, "🚀", 2), 1],
  ["substring", substring(ROCKET, 1), "🚀b🚀"],
  ["substring to", substring(ROCKET, 1, 2n), "🚀"],
  ["lowerAscii", lowerAscii("AÉ"), "aÉ"],
  ["upper", upper("Straße é"), "STRASSE É"],
  ["lower", lower("ΑΣ É"), "ας é"],
  ["repeat", repeat("ab", 3n), "ababab"],
  ["repeat never", repeat("ab", 0), ""],
  ["repeat nothing", repeat("", 2n ** 62n), ""],
  ["trimPrefix", trimPrefix("abab", "ab"), "ab"],
  ["trimPrefix that is not there", trimPrefix("abab", "b"), "abab"],
  ["trimSuffix", trimSuffix("abab", "ab"), "ab"],
  ["trimSuffix of nothing", trimSuffix("abab", ""), "abab"],
  ["upperAscii", upperAscii("aé"), "Aé"],
  ["replace", replace("aaa", "a", "$&"), "$&$&$&"],
  ["replace some", replace("aaa", "a", "b", 2), "bba"],
  ["replace none", replace("aaa", "a", "b", 0), "aaa"],
  ["replace nothing", replace("ab", "", "-"), "-a-b-"],
  ["reverse", reverseText(ROCKET), "🚀b🚀a"],
  ["split", split("a,b,c", ","), ["a", "b", "c"]],
  ["split into two", split("a,b,c", ",", 2), ["a", "b,c"]],
  ["split into none", split("a,b", ",", 0n), []],
  ["split into characters", split(ROCKET, ""), ["a", "🚀", "b", "🚀"]],
  ["join", [join(["a", "b"]), join(["a", "b"], "-")], ["ab", "a-b"]],
  ["trim", trim("\u0085 \ta b\u3000\n"), "a b"],
  ["quote", quote('a"\n\\🚀'), '"a\\"\\n\\\\🚀"'],
  ["matches anywhere", matches("xaby", "a."), true],
  ["matches with flags", matches("ABC", "(?i)b"), true],
  ["matches with a group", matches("ab", "(?P<x>a)b$"), true],
  ["matches not", matches("ab", "^b"), false],
])("%s", (_, value, expected) => {
  expect(value).toEqual(expected);
});

describe("positions outside of a text", () => {
  it.each([
    ["charAt", () => charAt("ab", 3)],
    ["charAt below", () => charAt("ab", -1n)],
    ["indexOf", () => indexOf("ab", "a", 3)],
    ["lastIndexOf", () => lastIndexOf("ab", "a", -1)],
    ["substring", () => substring("ab", 0, 3)],
    ["substring backwards", () => substring("ab", 2, 1)],
  ])("%s fails", (_, run) => {
    expect(run).toThrow(ExpressionError);
  });
});

it("patterns outside of RE2 fail", () => {
  for (const pattern of ["(?=a)", "(?<!a)", "(a)\\1", "["]) {
    expect(() => matches("a", pattern)).toThrow(ExpressionError);
  }
});

describe("format", () => {
  it.each<[string, readonly unknown[], string]>([
    ["%s and %s", ["a", 1n], "a and 1"],
    ["100%%", [], "100%"],
    ["%d", [-5n], "-5"],
    ["%.2f", [2.345678], "2.35"],
    ["%.0f %.0f", [2.5, 3.5], "2 4"],
    ["%.1f", [0.25], "0.2"],
    ["%e", [1234.5], "1.234500e+03"],
    ["%b %o %x %X", [5n, 8n, 255n, 255n], "101 10 ff FF"],
    ["%b", [true], "1"],
    ["%x", ["hi"], "6869"],
    ["%s", [[1n, "a", null]], "[1, a, null]"],
    [
      "%s",
      [
        new Map<unknown, unknown>([
          ["b", 1n],
          ["a", true],
        ]),
      ],
      "{a: true, b: 1}",
    ],
    ["%s %f", [Number.NaN, -Infinity], "NaN -Infinity"],
  ])("%s", (text, args, expected) => {
    expect(format(text, args)).toBe(expected);
  });

  it.each<[string, readonly unknown[]]>([
    ["%s", []],
    ["%d", ["a"]],
    ["%f", ["a"]],
    ["%x", [1.5]],
    ["%q", [1n]],
    ["%", [1n]],
    ["none", [1n]],
  ])("format %s fails for unsuitable arguments", (text, args) => {
    expect(() => format(text, args)).toThrow(ExpressionError);
  });
});

describe("a growing text", () => {
  const long = "a".repeat(1024 * 1024);
  it.each<[string, () => unknown]>([
    ["by repeat", () => repeat("ab", 524_289)],
    ["by repeat, without end", () => repeat("a", 2n ** 62n)],
    ["by replace", () => replace(long, "a", "bb")],
    ["by replace between all code points", () => replace(long, "", "b")],
    ["by one replace", () => replace(long, "a", "bb", 1)],
  ])("%s fails beyond 1 MiB", (_, run) => {
    expect(run).toThrow(ExpressionError);
  });
  it("a result may have exactly 1 MiB", () => {
    expect(repeat("ab", 524_288)).toHaveLength(long.length);
    expect(replace(long.slice(1), "a", "bb", 1)).toHaveLength(long.length);
    expect(replace(long + long, "x", "yy")).toHaveLength(2 * long.length);
  });
});

it("a negative count of repetitions fails", () => {
  expect(() => repeat("a", -1)).toThrow(ExpressionError);
});
