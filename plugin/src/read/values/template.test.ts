import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseTemplate } from "./template.ts";

/** Holes in angle quotes. */
const shown = (template: string) => {
  const parsed = parseTemplate(template);
  if (!parsed.ok) return `${parsed.offset}: ${parsed.problem}`;
  return parsed.parts
    .map((part) => (part.kind === "text" ? part.text : `«${template.slice(part.from, part.to)}»`))
    .join("");
};

describe("templates", () => {
  test.each([
    ["", ""],
    ["no user", "no user"],
    ["no user {args.user_id}!", "no user «args.user_id»!"],
    ["{a}{b}", "«a»«b»"],
    ["{{x}", "{x}"],
    ["{{x}}", "{x}"],
    ["{{{x}}}", "{«x»}"],
    ["{{{a}", "{«a»"],
    ["a } b", "a } b"],
    ["{ {'a': 1}['a'] }", "« {'a': 1}['a'] »"],
    ["{p.M{a: 1}.a} b", "«p.M{a: 1}.a» b"],
    ["{'}'} b", "«'}'» b"],
    ["{'\\'}'} b", "«'\\'}'» b"],
    ["{r'\\'} b", "«r'\\'» b"],
    ['{"""a"}"""} b', '«"""a"}"""» b'],
    ["{bar'} b", '0: this "{" is not closed'],
    ["a {b", '2: this "{" is not closed'],
    ["a {'}", '2: this "{" is not closed'],
    ["a { }", "2: these braces contain no expression"],
  ])("%j", (template, expected) => {
    expect(shown(template)).toBe(expected);
  });

  test("a text without an opening brace is literal, and doubled braces are single ones", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(shown(text.replace(/[{}]/g, "$&$&"))).toBe(text);
      }),
    );
  });
});
