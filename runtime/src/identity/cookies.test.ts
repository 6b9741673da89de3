import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cookieValues } from "./cookies.ts";

describe("cookies (RFC 6265)", () => {
  test.each<[string, readonly string[], readonly string[]]>([
    ["one", ["sid=a"], ["a"]],
    ["among others", ["x=1; sid=a; y=2"], ["a"]],
    ["without spaces", ["x=1;sid=a;y=2"], ["a"]],
    ["with others", ["sid = a ;"], ["a"]],
    ["in quotes", ['sid="a"'], ["a"]],
    ["with half a quote", ['sid="a'], ['"a']],
    ["with more signs of equality", ["sid=a=b=="], ["a=b=="]],
    ["empty", ["sid="], [""]],
    ["without a value", ["sid; x=sid=a"], []],
    ["of a longer name", ["xsid=a; sidx=b"], []],
    ["of another case", ["SID=a"], []],
    ["behind what is no space in a header", ["\u00a0sid=a", "sid\u00a0=a", "\u0085sid=a", "\ufeffsid=a"], []],
    ["with tabs", ["\tsid\t=\ta\t"], ["a"]],
    ["twice", ["sid=a; sid=b"], ["a", "b"]],
    ["in two headers", ["x=1", "sid=a"], ["a"]],
    ["of nothing", ["", ";", ";;=;"], []],
    ["in quotes with a semicolon, which ends it", ['x="; sid=a"'], ['a"']],
  ])("%s", (_, headers, values) => expect(cookieValues(headers, "sid")).toEqual(values));

  test("headers beyond the size that browsers send have no cookie", () => {
    expect(cookieValues([`sid=a; x=${"y".repeat(64 << 10)}`], "sid")).toEqual([]);
    expect(cookieValues([`sid=a; x=${"y".repeat(16 << 10)}`], "sid")).toEqual(["a"]);
  });
  test("many cookies are read in linear time", () => {
    expect(cookieValues(["a;".repeat(30_000)], "sid")).toEqual([]);
  });
  test("a cookie is found among any other text", () => {
    const other = fc.string().map((text) => text.replaceAll(";", "").replace(/^\s*sid\s*=/, ""));
    fc.assert(
      fc.property(fc.array(other), fc.array(other), (before, after) => {
        expect(cookieValues([[...before, "sid=mine", ...after].join("; ")], "sid")).toEqual(["mine"]);
      }),
    );
  });
});
