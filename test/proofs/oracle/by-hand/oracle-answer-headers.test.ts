// header(step, …) and trailer(step, …): expected answers written by hand from language.md.
import { describe, expect, it } from "vitest";
import type { Beside } from "../result.ts";
import { type Call, fails } from "../scenario.ts";
import { A, a, B, b, bffOf, by, C, dead, message, up } from "./small-protos.ts";

const c = `call: { method: "up.v1.Up/C" set: { name: "id" by: "args.id" } on_error: { fallback: "up.v1.Res{s: 'fb'}" } }`;
const { get } = bffOf({
  Beside: message(
    "Beside",
    [
      `name: "one" ${a}`,
      `name: "two" supplementary: true ${b}`,
      `name: "three" ${c}`,
      `name: "read" if: "header(two, 'x-a') != ''" supplementary: true by: "trailer(two, 'x-a') + '!'"`,
      `guard: { if: "header(one, 'x-state') == 'gone'" fail: { code: NOT_FOUND message: "since {trailer(one, 'x-a')}" } }`,
    ],
    `string one = 1 ${by("header(one, 'X-A') + trailer(one, 'x-a') + header(one, 'x-none')")};
     optional string two = 2 ${by("header(two, 'x-a')")}; string safe = 3 ${by("ok(two) ? header(two, 'x-a') : 'none'")};
     string three = 4 ${by("three.s + header(three, 'x-a')")}; optional string read = 5 ${by("read")};`,
  ),
});
const came = ([method, request, outcome]: Call, around: Beside): Call => [method, request, outcome, around];
const beside = (name: string, more = {}) => ({
  header: { "x-a": `${name}1`, ...more },
  trailer: { "x-a": `${name}2` },
});

describe("header(step, …) and trailer(step, …)", () => {
  it("are those of the step's answer", () => {
    const calls = [came(A({}), beside("a")), came(B({}), beside("b")), came(C({ s: "c" }), beside("c"))];
    expect(get("Beside", { calls })).toEqual({
      answer: { one: "a1a2", two: "b1", safe: "b1", three: "cc1", read: "b2!" },
    });
  });

  it("are empty if the answer has none, and for a fallback", () => {
    const { answer } = get("Beside", { calls: [A({}), B({}), C(dead)] });
    expect(answer).toMatchObject({ two: "", three: "fb" });
    expect(answer).not.toHaveProperty("read");
  });

  it("are read like fields of the step: readers of a failed step are absent and recorded", () => {
    const calls = [came(A({}), beside("a")), B(dead), came(C({ s: "c" }), beside("c"))];
    const { answer, degraded } = get("Beside", { calls });
    expect(answer).toEqual({ one: "a1a2", safe: "none", three: "cc1" });
    expect(degraded).toEqual([up("two"), up("safe", "REPLACED"), up("read")]);
  });

  it("are read in a guard", () => {
    const calls = [came(A({}), beside("a", { "x-state": "gone" })), B({}), C(fails("NOT_FOUND"))];
    expect(get("Beside", { calls })).toEqual({ statuses: [[5, "since a2"]] });
  });
});
