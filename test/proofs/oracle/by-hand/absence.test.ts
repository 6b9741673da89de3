// Steps that are absent, and what reads them; expected answers written by hand from language.md.
import { describe, expect, it } from "vitest";
import { type Call, fails } from "../scenario.ts";
import { A, a, B, b, bffOf, by, dead, message, up } from "./small-protos.ts";

const { get } = bffOf({
  Ok: message(
    "Ok",
    [`name: "rich" supplementary: true ${a}`, `name: "plain" ${b}`],
    `string text = 1 ${by("ok(rich) ? rich.s : plain.s")}; optional string unsafe = 2 ${by("rich.s + plain.s")}; bool has_rich = 3 ${by("ok(rich)")};
     optional string also = 4 ${by("!ok(rich) || rich.s == '' ? 'none' : rich.s")};`,
  ),
  Compared: message(
    "Compared",
    [`name: "rich" supplementary: true ${a}`],
    `optional string a = 1 ${by("(!ok(rich) == true) ? 'none' : rich.s")}; optional string b = 2 ${by("false != ok(rich) ? rich.s : 'none'")};
     optional string c = 3 ${by("ok(rich) == args.flag ? rich.s : 'none'")};`,
  ),
  Order: message(
    "Order",
    [
      `name: "late" supplementary: true by: "second.s + first.s"`,
      `name: "second" supplementary: true ${b}`,
      `name: "first" supplementary: true ${a}`,
    ],
    `optional string text = 1 ${by("late")}; optional string other = 2 ${by("first.s + second.s")};`,
  ),
  Fallback: message(
    "Fallback",
    [
      `name: "x" supplementary: true fallback: "up.v1.Res{s: 'instead'}" ${a}`,
      `name: "y" if: "args.flag" fallback: "up.v1.Res{s: 'off'}" ${b}`,
    ],
    `string x = 1 ${by("x.s")}; string y = 2 ${by("y.s")};`,
  ),
  Conditional: message(
    "Conditional",
    [
      `name: "x" supplementary: true ${a}`,
      `name: "y" supplementary: true if: "ok(x) && x.n > 0" ${b}`,
      `name: "z" if: "args.flag" by: "'z'"`,
    ],
    `optional string y = 1 ${by("y.s")}; optional string z = 2 ${by("z")};`,
  ),
  Chosen: message(
    "Chosen",
    [
      `name: "x" ${a}`,
      `name: "y" ${b}`,
      `name: "r" switch: { case: [{ if: "args.n == 1" by: "x.s" }, { if: "args.n == 2" by: "y.s" }] default: "'none'" }`,
    ],
    `string r = 1 ${by("r")};`,
  ),
  SwitchTaint: message(
    "SwitchTaint",
    [
      `name: "x" supplementary: true ${a}`,
      `name: "y" supplementary: true ${b}`,
      `name: "r" switch: { case: [{ if: "args.flag" by: "'flag'" }, { if: "ok(x)" by: "x.s" }, { if: "ok(y)" by: "y.s" }] default: "'none'" }`,
    ],
    `string r = 1 ${by("r")};`,
  ),
});

describe("absence", () => {
  it("a comparison with true or false tests the compared value for absence", () => {
    const { answer, degraded } = get("Compared", { calls: [A(dead)] });
    expect(answer).toEqual({ a: "none", b: "none" });
    expect(degraded).toEqual([up("a", "REPLACED"), up("b", "REPLACED"), up("c")]);
  });

  it("safe reads replace, unsafe reads are not evaluated, and ok is a read", () => {
    expect(get("Ok", { calls: [A({ s: "a" }), B({ s: "b" })] }).answer).toEqual({
      text: "a",
      unsafe: "ab",
      hasRich: true,
      also: "a",
    });
    const { answer, degraded } = get("Ok", { calls: [A(dead), B({ s: "b" })] });
    expect(answer).toEqual({ text: "b", also: "none" });
    expect(degraded).toEqual([
      up("text", "REPLACED"),
      up("unsafe"),
      up("has_rich", "REPLACED"),
      up("also", "REPLACED"),
    ]);
  });

  it("the first declared failed step is the cause among several", () => {
    const { degraded } = get("Order", { calls: [A(fails("NOT_FOUND")), B(fails("DEADLINE_EXCEEDED"))] });
    expect(degraded).toEqual([up("text", "MISSING", "TIMEOUT"), up("other", "MISSING", "TIMEOUT")]);
  });

  it("a fallback replaces any absent value and is recorded only after a failure", () => {
    const { answer, degraded } = get("Fallback", { calls: [A(dead)] });
    expect(answer).toEqual({ x: "instead", y: "off" });
    expect(degraded).toEqual([up("x", "REPLACED")]);
    expect(get("Fallback", { request: { flag: true }, calls: [A({}), B(dead)] }).statuses).toEqual([[14]]);
  });

  it("an `if` passes on the failure that it reads", () => {
    expect(get("Conditional", { calls: [A({ n: 0 })] })).toEqual({ answer: {} });
    expect(get("Conditional", { calls: [A(dead)] })).toMatchObject({ answer: {}, degraded: [up("y")] });
    expect(get("Conditional", { request: { flag: true }, calls: [A({ n: 1 }), B({ s: "y" })] })).toEqual({
      answer: { y: "y", z: "z" },
    });
  });

  it("a step that only one case reads runs only when that case is selected", () => {
    expect(get("Chosen", { request: { n: 1 }, calls: [A({ s: "x" })] })).toEqual({ answer: { r: "x" } });
    expect(get("Chosen", { request: { n: 2 }, calls: [B({ s: "y" })] })).toEqual({ answer: { r: "y" } });
    expect(get("Chosen", { calls: [] })).toEqual({ answer: { r: "none" } });
    expect(get("Chosen", { calls: [A({})] }).unasked).toEqual(["up.v1.Up/A"]);
    expect(get("Chosen", { request: { n: 1 }, calls: [A(dead)] }).statuses).toEqual([[14]]);
  });

  it("a switch is degraded by its ifs up to the selected case, and by that case", () => {
    const degraded = (flag: boolean, calls: Call[]) => get("SwitchTaint", { request: { flag }, calls }).degraded;
    expect(degraded(true, [A(dead), B(dead)])).toBeUndefined();
    expect(degraded(false, [A({ s: "x" }), B(dead)])).toBeUndefined();
    expect(degraded(false, [A(dead), B({ s: "y" })])).toEqual([up("r", "REPLACED")]);
    expect(degraded(false, [A(dead), B(fails("NOT_FOUND"))])).toEqual([up("r", "REPLACED")]);
  });
});
