// Fields and messages that functions of a user supply; expected answers written by hand from language.md.
import { describe, expect, it } from "vitest";
import { Refused } from "../response.ts";
import { A, a, B, b, bffOf, by, C, D, dead, message, up } from "./small-protos.ts";

const { get } = bffOf(
  {
    Supplied: message(
      "Supplied",
      [`name: "x" ${a}`, `name: "y" supplementary: true ${b}`, `guard: { if: "x.n == 1" fail: { code: ABORTED } }`],
      `string s = 1 [(bff.v1.field).resolver = true]; optional string maybe = 2 [(bff.v1.field).resolver = true];
     repeated string list = 3 [(bff.v1.field).resolver = true]; string by_x = 4 ${by("x.s")};
     oneof pick { string left = 5 [(bff.v1.field) = { if: "args.flag" resolver: true }]; string right = 6 ${by("'right'")}; }`,
    ),
    Reading: message(
      "Reading",
      [
        `name: "x" ${a}`,
        `name: "y" supplementary: true ${b}`,
        `name: "z" call: { method: "up.v1.Up/C" set: { name: "id" by: "args.id" } }`,
        `name: "s" switch: { case: { if: "x.n == 1" by: "z.s" } default: "x.s" }`,
      ],
      `string none = 1 [(bff.v1.field) = { resolver: true reads: {} }];
     optional string one = 2 [(bff.v1.field) = { resolver: true reads: { step: ["y"] } }]; string by_x = 3 ${by("s")};`,
    ),
    Whole: `message Whole { option (bff.v1.message) = { resolver: true
    let: [{ name: "x" ${a} }, { name: "y" supplementary: true ${b} }] }; string s = 1; optional string note = 2; repeated string list = 3;
    oneof pick { string left = 4; int32 right = 5; } ${D} }`,
    Around: message(
      "Around",
      [
        `name: "y" supplementary: true ${b}`,
        `name: "part" supplementary: true compose: { message: "Part" args: [{ name: "id" by: "args.id" }, { name: "y" by: "y" }] }`,
      ],
      `Part part = 1 ${by("part")};`,
    ),
  },
  [`message Part { option (bff.v1.message).resolver = true; string s = 1; }`],
);

describe("resolvers", () => {
  const supplied = {
    "b.v1.Supplied.s": (args: Readonly<Record<string, unknown>>) => `hello ${args.id}`,
    "b.v1.Supplied.maybe": () => undefined,
    "b.v1.Supplied.list": (_: unknown, steps: object) => Object.keys(steps),
    "b.v1.Supplied.left": () => "left",
  };
  const throws = () => {
    throw new Error("no");
  };
  const refuses = () => {
    throw new Refused(5, "no such page");
  };
  it("supply fields; each receives all steps, so that every failed step degrades it", () => {
    const calls = [A({ s: "x" }), B({})];
    const fine = { s: "hello i", list: ["x", "y"], byX: "x", right: "right" };
    expect(get("Supplied", { calls, resolvers: supplied })).toEqual({ answer: fine });
    const request = { flag: true };
    const left = { s: "hello i", list: ["x", "y"], byX: "x", left: "left" };
    expect(get("Supplied", { request, calls, resolvers: supplied })).toEqual({ answer: left });
    expect(get("Supplied", { calls: [A({ s: "x" }), B(dead)], resolvers: supplied })).toMatchObject({
      answer: { ...fine, list: ["x"] },
      degraded: [up("s", "REPLACED"), up("maybe"), up("list", "REPLACED")],
    });
  });
  it("fail like calls: they fail the response, or leave an optional field out", () => {
    const calls = [A({ s: "x" }), B({})];
    expect(get("Supplied", { calls, resolvers: { ...supplied, "b.v1.Supplied.s": throws } }).statuses).toEqual([[13]]);
    const { answer, degraded } = get("Supplied", {
      calls,
      resolvers: { ...supplied, "b.v1.Supplied.maybe": throws, "b.v1.Supplied.list": throws },
    });
    expect(answer).toEqual({ s: "hello i", byX: "x", right: "right" });
    expect(degraded).toEqual(["maybe MISSING INVALID", "list MISSING INVALID"]);
    expect(get("Supplied", { calls: [A({ n: 1 }), B({})], resolvers: supplied }).statuses).toEqual([[10]]);
  });
  it("with declared reads receive and await only these steps, which alone degrade them; they may refuse", () => {
    const resolvers = {
      "b.v1.Reading.none": (_: unknown, steps: object) => `${Object.keys(steps).length}`,
      "b.v1.Reading.one": (_: unknown, steps: object) => Object.keys(steps).join(),
    };
    const calls = [A({ s: "x" }), B(dead)];
    expect(get("Reading", { calls, resolvers })).toEqual({
      answer: { none: "0", one: "", byX: "x" },
      degraded: [up("one", "REPLACED")],
      header: "one",
    });
    const refusing = { ...resolvers, "b.v1.Reading.one": refuses };
    expect(get("Reading", { calls: [A({}), B({})], resolvers: refusing }).statuses).toEqual([[5, "no such page"]]);
    // What only one case reads is not asked for otherwise.
    expect(get("Reading", { calls: [A({ n: 1 }), B({}), C({ s: "z" })], resolvers }).answer).toMatchObject({
      byX: "z",
    });
    expect(get("Reading", { calls: [A({ n: 1 }), B({})], resolvers }).missing).toEqual(['up.v1.Up/C {"id":"i"}']);
  });
  it("supply whole messages, alone and as parts of others", () => {
    const resolvers = { "b.v1.Whole": () => ({ s: "s", left: "l" }), "b.v1.Part": () => ({ s: "part" }) };
    expect(get("Whole", { calls: [A({}), B({})], resolvers })).toEqual({ answer: { s: "s", left: "l" } });
    expect(get("Whole", { calls: [A({}), B(dead)], resolvers }).degraded).toEqual([
      up("s", "REPLACED"),
      up("note"),
      up("list", "REPLACED"),
      up("left", "REPLACED"),
    ]);
    expect(get("Whole", { calls: [A(dead), B({})], resolvers }).statuses).toEqual([[14]]);
    expect(get("Around", { calls: [B({})], resolvers })).toEqual({ answer: { part: { s: "part" } } });
    expect(get("Around", { calls: [B({})], resolvers: { "b.v1.Part": throws } })).toMatchObject({
      answer: {},
      degraded: ["part MISSING INVALID"],
    });
    expect(get("Around", { calls: [B(dead)], resolvers }).degraded).toEqual([up("part.s", "REPLACED")]);
  });
});
