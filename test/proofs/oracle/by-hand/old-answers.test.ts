// Old answers out of the cache, and a message composed in place of the declared one; expected answers written by hand from language.md.
import { describe, expect, it } from "vitest";
import { fails, irOf, old, run } from "../scenario.ts";
import { A, a, B, b, bff, bffOf, by, D, message, UPSTREAM } from "./small-protos.ts";

const { get } = bffOf(
  {
    Old: message(
      "Old",
      [
        `name: "x" supplementary: true ${a}`,
        `name: "y" supplementary: true ${b}`,
        `name: "part" compose: { message: "Part" args: [{ name: "x" by: "x" }] }`,
      ],
      `string x = 1 ${by("x.s")}; optional string both = 2 ${by("y.s + x.s")}; repeated string list = 3 ${by("x.list")};
       bool there = 4 ${by("ok(x)")}; Part part = 5 ${by("part")}; string else = 6 ${by("ok(y) ? y.s : x.s")}; string args = 7 ${by("args.id")};`,
    ),
  },
  [message("Part", [], `string s = 1 ${by("args.x.s")}; optional string maybe = 2 ${by("args.x.maybe")};`)],
);
const X = { s: "x", list: ["1"] };
const answer = { x: "x", list: ["1"], there: true, part: { s: "x" }, args: "i" };

describe("an old answer", () => {
  it("is STALE in every field that reads it, with the reason of the failed renewal", () => {
    expect(get("Old", { calls: [A(old(X, fails("UNAVAILABLE"))), B({ s: "y" })] })).toEqual({
      answer: { ...answer, both: "yx", else: "y" },
      degraded: [
        "x STALE UNAVAILABLE up.v1.Up",
        "both STALE UNAVAILABLE up.v1.Up",
        "list STALE UNAVAILABLE up.v1.Up",
        "there STALE UNAVAILABLE up.v1.Up",
        "part.s STALE UNAVAILABLE up.v1.Up",
        "part.maybe STALE UNAVAILABLE up.v1.Up",
        "else STALE UNAVAILABLE up.v1.Up",
      ],
      header: "x,both,list,there,part.s,part.maybe,else",
    });
  });
  it("has lower priority than a failure, even one that is declared later", () => {
    const { degraded } = get("Old", { calls: [A(old(X, fails("UNAVAILABLE"))), B(fails("DEADLINE_EXCEEDED"))] });
    expect(degraded).toContain("both MISSING TIMEOUT up.v1.Up");
    expect(degraded).toContain("else REPLACED TIMEOUT up.v1.Up");
    expect(degraded).toContain("x STALE UNAVAILABLE up.v1.Up");
  });
});

describe("a message composed in place of the declared response", () => {
  const ir = irOf({
    "up/v1/up.proto": UPSTREAM,
    "b/v1/b.proto": bff(
      `message Shown { string b = 1; Inside inside = 2; repeated bff.v1.Degradation degraded = 3; optional string a = 4; }
       ${message(
         "Whole",
         [
           `name: "x" supplementary: true ${a}`,
           `name: "y" supplementary: true ${b}`,
           `name: "inside" compose: { message: "Inside" args: [{ name: "y" by: "y" }] }`,
         ],
         `optional string a = 1 ${by("x.s")}; string b = 2 ${by("ok(y) ? y.s : 'none'")}; optional string hidden = 3 ${by("x.maybe")};
          Inside inside = 4 ${by("inside")};`,
       ).replace(D, "")}
       ${message("Inside", [], `optional string s = 1 ${by("args.y.s")};`).replace(D, "")}`,
      [],
    ).replace(
      "option (bff.v1.service) = {};",
      `option (bff.v1.service) = {};
       rpc GetShown(In) returns (Shown) { option (bff.v1.method).response = "Whole"; }`,
    ),
  });
  const shown = (x: Parameters<typeof A>[0], y: Parameters<typeof B>[0]) =>
    run(ir, "b.v1.S/GetShown", { request: { id: "i" }, calls: [A(x), B(y)] });
  it("sets the response's fields by name; its other fields are not sent", () => {
    expect(shown({ s: "x", maybe: "m" }, { s: "y" })).toEqual({ answer: { a: "x", b: "y", inside: { s: "y" } } });
  });
  it("is degraded in the response's fields, in their order", () => {
    expect(shown(fails("NOT_FOUND"), fails("UNAVAILABLE"))).toEqual({
      answer: { b: "none", inside: {} },
      degraded: [
        "b REPLACED UNAVAILABLE up.v1.Up",
        "inside.s MISSING UNAVAILABLE up.v1.Up",
        "a MISSING REJECTED up.v1.Up",
      ],
      header: "b,inside.s,a",
    });
  });
});
