// Fields and messages that functions of a user supply; expected answers written by hand from language.md.
import { describe, expect, it } from "vitest";
import { A, a, B, b, bffOf, by, D, dead, message, up } from "./small-protos.ts";

const { get } = bffOf(
  {
    Supplied: message(
      "Supplied",
      [`name: "x" ${a}`, `name: "y" supplementary: true ${b}`, `guard: { if: "x.n == 1" fail: { code: ABORTED } }`],
      `string s = 1 [(bff.v1.field).resolver = true]; optional string maybe = 2 [(bff.v1.field).resolver = true];
     repeated string list = 3 [(bff.v1.field).resolver = true]; string by_x = 4 ${by("x.s")};
     oneof pick { string left = 5 [(bff.v1.field) = { if: "args.flag" resolver: true }]; string right = 6 ${by("'right'")}; }`,
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
  it("supply fields; each is given all steps, so it is touched with them", () => {
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
  it("fail like calls: the response, or a field that may be absent", () => {
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
