// on_error, guards, side effects, errors in expressions, requests; expected answers written by hand from language.md.
import { describe, expect, it } from "vitest";
import { fails } from "../scenario.ts";
import { A, a, B, b, bffOf, by, C, DO, dead, message, up } from "./small-protos.ts";

const { get } = bffOf(
  {
    Rules: message(
      "Rules",
      [
        `name: "ignored" call: { method: "up.v1.Up/A" set: { name: "id" by: "args.id" } on_error: { on: [NOT_FOUND] ignore: true } }`,
        `name: "replaced" call: { method: "up.v1.Up/B" set: { name: "id" by: "args.id" } on_error: { if: "error.code == 14" fallback: "up.v1.Res{s: 'fb'}" } }`,
        `name: "fatal" supplementary: true call: { method: "up.v1.Up/C" set: { name: "id" by: "args.id" } on_error: [{ on: [NOT_FOUND] fail: { message: "no {args.id}: {{{error.message}}" } }, { on: [PERMISSION_DENIED] fail: { code: UNAUTHENTICATED } }] }`,
      ],
      `optional string ignored = 1 ${by("ignored.s")}; string replaced = 2 ${by("replaced.s")}; optional string fatal = 3 ${by("fatal.s")};`,
    ),
    Early: message(
      "Early",
      [
        `name: "x" supplementary: true call: { method: "up.v1.Up/A" set: { name: "id" by: "args.id" } on_error: { on: [NOT_FOUND] fail: { code: ABORTED message: "no" } } }`,
        `name: "y" supplementary: true ${b}`,
        `name: "z" supplementary: true compose: { message: "Part" args: { name: "seen" by: "ok(x) ? 'yes' : 'no'" if: "args.flag" } }`,
        `guard: { if: "ok(x) && ok(y)" fail: { code: NOT_FOUND } }`,
        `guard: { if: "!ok(z)" fail: { code: NOT_FOUND } }`,
      ],
      `Part z = 1 ${by("z")};`,
    ),
    Guarded: message(
      "Guarded",
      [
        `name: "x" ${a}`,
        `name: "y" ${b}`,
        `guard: { if: "x.n == 1" fail: { code: PERMISSION_DENIED message: "first" } }`,
        `guard: { if: "x.n == 1 || y.n == 1" fail: { code: NOT_FOUND message: "second {x.s}" } }`,
      ],
      `string s = 1 ${by("x.s + y.s")};`,
    ),
    Said: message(
      "Said",
      [`name: "x" ${a}`, `guard: { if: "args.id == 'i'" fail: { code: NOT_FOUND message: "no {x.s}" } }`],
      `string s = 1 ${by("x.s")};`,
    ),
    Effects: message(
      "Effects",
      [
        `name: "x" ${a}`,
        `name: "done" call: { method: "up.v1.Up/Do" set: { name: "id" by: "args.id" } }`,
        `after: ["done"] call: { method: "up.v1.Up/Do" set: { name: "id" by: "'2'" } }`,
        `guard: { if: "x.n == 1" fail: { code: ABORTED } }`,
      ],
      `string s = 1 ${by("done.s")};`,
    ),
    Unordered: message(
      "Unordered",
      [
        `name: "x" ${a}`,
        `name: "one" unordered: true call: { method: "up.v1.Up/Do" set: { name: "id" by: "args.id" } }`,
        `name: "two" unordered: true call: { method: "up.v1.Up/Do" set: { name: "id" by: "'2'" } }`,
        `name: "both" by: "one.s + x.s"`,
        `after: ["two", "one"] call: { method: "up.v1.Up/Do" set: { name: "id" by: "'3'" } }`,
      ],
      `string s = 1 ${by("both + two.s")};`,
    ),
    UnorderedItems: message(
      "UnorderedItems",
      [
        `name: "sent" unordered: true supplementary: true
       each: { var: "n" in: "[1, 2, 3]" concurrent: 2 call: { method: "up.v1.Up/Do" set: { name: "n" by: "n" } } }`,
      ],
      `repeated string s = 1 ${by("sent.map(one, one.s)")};`,
    ),
    Vouched: message(
      "Vouched",
      [
        `name: "x" ${a}`,
        `name: "read" call: { method: "up.v1.Up/Do" set: { name: "id" by: "args.id" } read_only: true }`,
        `name: "done" call: { method: "up.v1.Up/Do" set: { name: "id" by: "'2'" } idempotent: true }`,
      ],
      `string s = 1 ${by("read.s + done.s")};`,
    ),
    Broken: message(
      "Broken",
      [
        `name: "x" ${a}`,
        `name: "bad" supplementary: true by: "x.list[args.n]"`,
        `name: "y" supplementary: true call: { method: "up.v1.Up/B" set: { name: "n" by: "int(x.big) + 1" } }`,
      ],
      `optional string bad = 1 ${by("bad")}; optional string y = 2 ${by("y.s")};`,
    ),
    BrokenField: message("BrokenField", [`name: "x" ${a}`], `string bad = 1 ${by("x.list[args.n]")};`),
    Requests: message(
      "Requests",
      [
        `name: "x" call: { method: "up.v1.Up/A" request: "up.v1.Req{id: 'base', n: 7}" set: [{ spread: "args" }, { name: "inner.tag" by: "'t'" }, { name: "inner.big" by: "args.n" if: "args.flag" }] }`,
        `name: "y" call: { method: "up.v1.Up/B" set: { name: "note" by: "args.note" } }`,
      ],
      `string s = 1 ${by("x.s + y.s")};`,
    ),
  },
  [
    `message Part { option (bff.v1.message).let = { name: "c" call: { method: "up.v1.Up/C" } }; string s = 1 ${by("ok(args.seen) ? args.seen : 'none'")}; }`,
  ],
);

describe("failures", () => {
  it("on_error ignores a failure without a cause, replaces it, or fails the response from a supplementary step", () => {
    const fine = [A({}), B({}), C({})];
    expect(get("Rules", { calls: [A(fails("NOT_FOUND")), B(dead), C({ s: "c" })] })).toMatchObject({
      answer: { replaced: "fb", fatal: "c" },
      degraded: [up("replaced", "REPLACED")],
    });
    expect(get("Rules", { calls: [A(dead), ...fine.slice(1)] }).statuses).toEqual([[14]]);
    expect(get("Rules", { calls: [...fine.slice(0, 2), C(fails("NOT_FOUND", "gone"))] }).statuses).toEqual([
      [5, "no i: {gone}"],
    ]);
    expect(get("Rules", { calls: [...fine.slice(0, 2), C(fails("PERMISSION_DENIED"))] }).statuses).toEqual([[16]]);
    expect(get("Rules", { calls: [...fine.slice(0, 2), C(dead)] }).degraded).toEqual([up("fatal")]);
  });

  it("guards that hold take precedence over critical failures, in declared order", () => {
    expect(get("Guarded", { calls: [A({ n: 1 }), B({})] }).statuses).toEqual([[7, "first"]]);
    expect(get("Guarded", { calls: [A({ s: "s" }), B({ n: 1 })] }).statuses).toEqual([[5, "second s"]]);
    expect(get("Guarded", { calls: [A({ n: 1 }), B(dead)] }).statuses).toEqual([[7, "first"]]);
    expect(get("Guarded", { calls: [A(dead), B(fails("NOT_FOUND"))] }).statuses).toEqual([[14], [13]]);
    expect(get("Guarded", { calls: [A({}), B({})] })).toEqual({ answer: {} });
  });

  it("a guard waits for the steps of its message, and is undecided if one has failed", () => {
    expect(get("Said", { calls: [A({ s: "s" })] }).statuses).toEqual([[5, "no s"]]);
    expect(get("Said", { calls: [A(dead)] }).statuses).toEqual([[14]]);
    expect(get("Said", { calls: [] }).missing).toEqual(['up.v1.Up/A {"id":"i"}']);
  });

  it("calls of guards continue after a critical failure", () => {
    expect(get("Guarded", { calls: [B(dead)] }).statuses).toEqual([[14]]);
    expect(get("Guarded", { calls: [A({ n: 0 })] }).missing).toEqual(['up.v1.Up/B {"id":"i"}']);
  });

  it("a guard that depends on a failed step waits for no other call, nor do messages composed with it", () => {
    expect(get("Early", { calls: [A(fails("NOT_FOUND"))] })).toEqual({ statuses: [[10, "no"]] });
    expect(get("Early", { calls: [A({})] }).missing).toEqual(["up.v1.Up/C {}", 'up.v1.Up/B {"id":"i"}']);
  });

  it("side effects run in order, after guards and critical steps", () => {
    const done = [DO({ s: "done" }), DO({}, { id: "2" })];
    expect(get("Effects", { calls: [A({}), ...done] })).toEqual({ answer: { s: "done" } });
    expect(get("Effects", { calls: [A({ n: 1 })] }).statuses).toEqual([[10]]);
    expect(get("Effects", { calls: [A({ n: 1 }), ...done] }).unasked).toEqual(["up.v1.Up/Do", "up.v1.Up/Do"]);
    expect(get("Effects", { calls: [A(dead), ...done] })).toEqual({
      statuses: [[14]],
      unasked: ["up.v1.Up/Do", "up.v1.Up/Do"],
    });
    expect(get("Effects", { calls: [A({}), DO(dead), DO({}, { id: "2" })] })).toEqual({
      statuses: [[14]],
      unasked: ["up.v1.Up/Do"],
    });
    expect(get("Effects", { calls: [A({}), DO({})] }).missing).toEqual(['up.v1.Up/Do {"id":"2"}']);
  });

  it("unordered side effects wait for all steps but each other and steps that depend on them", () => {
    const [two, three] = [DO({ s: "2" }, { id: "2" }), DO({}, { id: "3" })];
    expect(get("Unordered", { calls: [A({ s: "x" }), DO({ s: "1" }), two, three] })).toEqual({ answer: { s: "1x2" } });
    // The other one was sent, or was not; what comes after both was not.
    expect(get("Unordered", { calls: [A({}), DO(dead), two] })).toEqual({ statuses: [[14]] });
    expect(get("Unordered", { calls: [A({}), DO(dead), two, three] })).toEqual({
      statuses: [[14]],
      unasked: ["up.v1.Up/Do"],
    });
    expect(get("Unordered", { calls: [A(dead), DO({}), two] })).toEqual({
      statuses: [[14]],
      unasked: ["up.v1.Up/Do", "up.v1.Up/Do"],
    });
  });

  it("unordered items may be sent after a failed item", () => {
    const item = (n: number, outcome: Parameters<typeof DO>[0]) => DO(outcome, { n });
    const result = get("UnorderedItems", { calls: [item(1, dead), item(2, { s: "2" })] });
    expect(result).toMatchObject({ answer: {}, degraded: [up("s")] });
    expect(result.unasked).toBeUndefined();
  });

  it("a read-only call waits for nothing, and side effects wait for it", () => {
    const done = DO({ s: "done" }, { id: "2" });
    expect(get("Vouched", { calls: [A({}), DO({ s: "read" }), done] })).toEqual({ answer: { s: "readdone" } });
    expect(get("Vouched", { calls: [A(dead), DO({}), done] })).toEqual({ statuses: [[14]], unasked: ["up.v1.Up/Do"] });
    expect(get("Vouched", { calls: [A({}), DO(dead)] })).toEqual({ statuses: [[14]] });
  });

  it("an error in an expression fails its step, and an error in a field fails the response", () => {
    const { answer, degraded } = get("Broken", { request: { n: 1 }, calls: [A({ list: ["l"], big: "2147483647" })] });
    expect(answer).toEqual({});
    expect(degraded).toEqual(["bad MISSING INVALID", "y MISSING INVALID"]);
    expect(get("BrokenField", { request: { n: 1 }, calls: [A({ list: ["l"] })] }).statuses).toEqual([[13]]);
  });

  it("requests combine a base, spreads, dotted paths, ifs and unset fields", () => {
    const base = { id: "i", n: 5, inner: { tag: "t" } };
    const calls = [A({ s: "x" }, base), B({ s: "y" }, {})];
    expect(get("Requests", { request: { n: 5 }, calls })).toEqual({ answer: { s: "xy" } });
    const more = [A({ s: "x" }, { ...base, note: "", inner: { tag: "t", big: "5" } }), B({ s: "y" }, { note: "" })];
    expect(get("Requests", { request: { n: 5, flag: true, note: "" }, calls: more })).toEqual({ answer: { s: "xy" } });
  });
});
