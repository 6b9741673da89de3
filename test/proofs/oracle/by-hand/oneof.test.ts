// Steps that only members of a oneof read; expected answers written by hand from language.md.
import { describe, expect, it } from "vitest";
import { A, a, B, b, bffOf, by, C, dead, message, up } from "./small-protos.ts";

const c = `call: { method: "up.v1.Up/C" set: { name: "id" by: "args.id" } }`;
const when = (test: string, text: string) => `[(bff.v1.field) = { if: "${test}" by: "${text}" }]`;
const standard = (text: string) => `[(bff.v1.field) = { default: true by: "${text}" }]`;
const { get } = bffOf({
  Own: message(
    "Own",
    [`name: "x" ${a}`, `name: "y" ${b}`, `name: "z" ${c}`],
    `oneof one { string y = 1 ${when("x.n == 1", "y.s")}; string z = 2 ${standard("z.s")}; }`,
  ),
  Through: message(
    "Through",
    [`name: "x" ${a}`, `name: "y" ${b}`, `name: "z" call: { method: "up.v1.Up/C" set: { name: "id" by: "y.s" } }`],
    `oneof one { string z = 1 ${when("x.n == 1", "z.s")}; string x = 2 ${standard("x.s")}; }`,
  ),
  Perhaps: message(
    "Perhaps",
    [`name: "x" ${a}`, `name: "y" ${b}`, `name: "z" supplementary: true ${c}`],
    `oneof one { string x = 1 ${when("x.n == 1", "x.s")}; string y = 2 ${by("y.maybe")}; string z = 3 ${standard("z.s")}; }`,
  ),
  Asked: message(
    "Asked",
    [`name: "x" ${a}`, `name: "y" supplementary: true ${b}`],
    `oneof one { string x = 1 ${when("x.n == 1", "x.s")}; string y = 2 ${when("ok(y)", "y.s")}; }`,
  ),
});

describe("steps that only members of a oneof read", () => {
  it("run for the member that may be selected, and for no other", () => {
    expect(get("Own", { calls: [A({ n: 1 }), B({ s: "y" })] })).toEqual({ answer: { y: "y" } });
    expect(get("Own", { calls: [A({}), C({ s: "z" })] })).toEqual({ answer: { z: "z" } });
    expect(get("Own", { calls: [A({ n: 1 }), B({ s: "y" }), C({})] }).unasked).toEqual(["up.v1.Up/C"]);
    expect(get("Own", { calls: [A({}), B({}), C({ s: "z" })] }).unasked).toEqual(["up.v1.Up/B"]);
    expect(get("Own", { calls: [A({})] }).missing).toEqual(['up.v1.Up/C {"id":"i"}']);
  });

  it("count like other steps if they run, and not at all otherwise", () => {
    expect(get("Own", { calls: [A({ n: 1 }), B(dead)] })).toEqual({ statuses: [[14]] });
    expect(get("Own", { calls: [A(dead)] })).toEqual({ statuses: [[14]] });
  });

  it("are found through each other", () => {
    expect(get("Through", { calls: [A({ s: "x" })] })).toEqual({ answer: { x: "x" } });
    expect(get("Through", { calls: [A({ n: 1 }), B({ s: "k" }), C({ s: "z" }, { id: "k" })] })).toEqual({
      answer: { z: "z" },
    });
  });

  it("do not wait for the value of an earlier member, which may be unset", () => {
    const y = B({ maybe: "y" });
    expect(get("Perhaps", { calls: [A({ s: "x", n: 1 })] })).toEqual({ answer: { x: "x" } });
    expect(get("Perhaps", { calls: [A({}), y, C({ s: "z" })] })).toEqual({ answer: { y: "y" } });
    expect(get("Perhaps", { calls: [A({}), B({}), C({ s: "z" })] })).toEqual({ answer: { z: "z" } });
    expect(get("Perhaps", { calls: [A({}), B({}), C(dead)] })).toEqual({
      answer: {},
      degraded: [up("z")],
      header: "z",
    });
  });

  it("may run without an effect if an `if` reads them", () => {
    expect(get("Asked", { calls: [A({ n: 1, s: "x" })] }).missing).toBeUndefined();
    expect(get("Asked", { calls: [A({ n: 1, s: "x" }), B({ s: "y" })] })).toEqual({ answer: { x: "x" } });
    expect(get("Asked", { calls: [A({}), B({ s: "y" })] })).toEqual({ answer: { y: "y" } });
  });
});
