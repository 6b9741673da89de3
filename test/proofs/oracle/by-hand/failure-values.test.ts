// failure(step): expected answers written by hand from language.md.
import { describe, expect, it } from "vitest";
import { fails } from "../scenario.ts";
import { A, a, B, b, bffOf, by, C, dead, message } from "./small-protos.ts";

const why = (step: string) => by(`string(failure(${step}).?code.orValue(0)) + failure(${step}).?upstream.orValue('')`);
const c = `call: { method: "up.v1.Up/C" set: { name: "id" by: "args.id" } on_error: { on: NOT_FOUND ignore: true } }`;
const { get } = bffOf({
  Why: message(
    "Why",
    [
      `name: "own" supplementary: true ${a}`,
      `name: "behind" supplementary: true by: "own.s"`,
      `name: "backed" supplementary: true fallback: "'none'" by: "own.s"`,
      `name: "choice" supplementary: true switch: { case: { if: "args.flag" by: "own.s" } default: "'plain'" }`,
      `name: "asked" if: "ok(own)" by: "own.s"`,
      `name: "other" ${c}`,
      `name: "both" supplementary: true by: "other.s + own.s"`,
      `name: "replaced" call: { method: "up.v1.Up/B" set: { name: "id" by: "args.id" } on_error: { fallback: "up.v1.Res{s: 'fb'}" } }`,
      `name: "invalid" supplementary: true by: "replaced.list[args.n]"`,
    ],
    `string own = 1 ${why("own")}; string behind = 2 ${why("behind")}; string backed = 3 ${why("backed")};
     string choice = 4 ${why("choice")}; optional string asked = 5 ${by("asked")}; string other = 6 ${why("other")};
     string both = 7 ${why("both")}; string replaced = 8 ${why("replaced")}; string invalid = 9 ${why("invalid")};
     string value = 10 ${by("replaced.s + backed")};`,
  ),
  Guarded: message(
    "Guarded",
    [
      `name: "own" supplementary: true ${b}`,
      `guard: { if: "failure(own).?code.orValue(0) == 7" fail: { code: PERMISSION_DENIED message: "{failure(own).?message.orValue('')}" } }`,
    ],
    `string s = 1 ${by("ok(own) ? own.s : 'none'")};`,
  ),
});

const UP = "14up.v1.Up";
describe("failure(step)", () => {
  it("is none if no step fails", () => {
    const calls = [A({ s: "a" }), B({ s: "b", list: ["x"] }), C({ s: "c" })];
    const none = {
      own: "0",
      behind: "0",
      backed: "0",
      choice: "0",
      other: "0",
      both: "0",
      replaced: "0",
      invalid: "0",
    };
    expect(get("Why", { calls })).toEqual({ answer: { ...none, asked: "a", value: "ba" } });
  });

  it("is that of the failed step, and of steps that are left out because of it; an unread `if` leaves none", () => {
    const calls = [A(dead), B({ list: ["x"] }), C({})];
    const { answer } = get("Why", { calls, request: { flag: true } });
    const of = { own: UP, behind: UP, backed: UP, choice: UP, both: UP };
    expect(answer).toEqual({ ...of, other: "0", replaced: "0", invalid: "0", value: "none" });
    expect(get("Why", { calls }).answer).toMatchObject({ choice: "0" });
  });

  it("is also an ignored or replaced failure, and the first declared of two", () => {
    const calls = [A(dead), B(dead), C(fails("NOT_FOUND"))];
    const { answer } = get("Why", { calls });
    expect(answer).toMatchObject({ other: "5up.v1.Up", replaced: UP, both: UP, invalid: "13", value: "fbnone" });
    const { answer: ignored } = get("Why", { calls: [A({}), B({ list: ["x"] }), C(fails("NOT_FOUND"))] });
    expect(ignored).toMatchObject({ own: "0", other: "5up.v1.Up", both: "5up.v1.Up", replaced: "0" });
  });

  it("is read in a guard", () => {
    expect(get("Guarded", { calls: [B(fails("PERMISSION_DENIED", "no, no"))] })).toEqual({ statuses: [[7, "no, no"]] });
    expect(get("Guarded", { calls: [B(dead)] })).toMatchObject({ answer: { s: "none" } });
  });
});
