import { describe, expect, test } from "vitest";
import { failing, parseFailOn } from "./fail-on.ts";
import type { Finding } from "./finding.ts";

const finding = (kind: Finding["kind"], level: Finding["level"], percent?: number): Finding => ({
  kind,
  level,
  message: [],
  where: [],
  ...(percent !== undefined && { percent }),
});
const fails = (on: string, ...findings: readonly Finding[]): boolean => {
  const parsed = parseFailOn(on);
  if (typeof parsed === "string") throw new Error(parsed);
  return failing(findings, parsed).length > 0;
};

describe("--fail-on", () => {
  test("a kind fails if its finding is worse", () => {
    expect(fails("exposure", finding("exposure", "worse"))).toBe(true);
    expect(fails("exposure", finding("exposure", "better"))).toBe(false);
    expect(fails("breaking,exposure", finding("permits", "worse"))).toBe(false);
    expect(fails("worse", finding("permits", "worse"))).toBe(true);
    expect(fails("", finding("permits", "worse"))).toBe(false);
  });
  test("a percentage fails only larger growth", () => {
    expect(fails("critical-path+20%", finding("critical-path", "worse", 20))).toBe(false);
    expect(fails("critical-path+20%", finding("critical-path", "worse", 21))).toBe(true);
    expect(fails("calls+20", finding("calls", "worse", Number.POSITIVE_INFINITY))).toBe(true);
  });
  test("an unknown kind is refused with the valid ones", () => {
    expect(parseFailOn("nonsense")).toMatch(
      /^--fail-on has "nonsense": write some of worse, clients, breaking, upstreams,/,
    );
    expect(parseFailOn("exposure+20%")).toBe(
      '--fail-on has "exposure+20%": only calls and critical-path can have a number; write exposure',
    );
  });
});
