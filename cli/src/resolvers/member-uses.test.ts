import { expect, test } from "vitest";
import { memberUses } from "./member-uses.ts";

test.each([
  [
    "an entry of an object",
    "export const functions = { slugOf: (text) => text } satisfies WebFunctions;",
    ["definition"],
  ],
  ["a method", "const all: WebFunctions = { async slugOf(text) { return slugOf(text); } };", ["definition"]],
  ["a method of a class", "class F implements WebFunctions { slugOf() {} }", ["definition"]],
  ["an entry in quotes", "export const functions = { 'slugOf': f };", ["definition"]],
  ["an argument", "createApp({ functions: { slugOf } });", ["shorthand"]],
  [
    "a function with the entry",
    "// slugOf\nfunction slugOf() { return 'slugOf'; }\nexport const functions = { slugOf } as WebFunctions;",
    ["shorthand"],
  ],
  ["an entry of another object", "const other = { slugOf: 1 };", ["unknown"]],
  ["an entry of resolvers", "export const resolvers = { slugOf: 1 } satisfies WebResolvers;", ["unknown"]],
  ["an entry of a value", "const functions = { other: { slugOf: 1 } };", ["unknown"]],
  ["a read", "f.slugOf(1); f['slugOf']; const { slugOf: a } = f; const { slugOf } = f;", Array(4).fill("unknown")],
  ["a type", "type A = Pick<WebFunctions, 'slugOf'>; interface B { slugOf: 1 }", ["unknown", "unknown"]],
  ["an import", "import { slugOf } from './slug.ts';", ["unknown"]],
  ["other words", "const slugOf2 = 1; const a = 'slugOf of a text';", []],
])("%s", (_, text, kinds) => {
  const uses = memberUses(text, "slugOf", "Functions");
  expect(uses.map(({ kind }) => kind)).toEqual(kinds);
  for (const { from, to } of uses) expect(text.slice(from, to)).toBe("slugOf");
});

test("an entry of resolvers is their definition", () => {
  const text = "export const resolvers = { async slugOf() {} };";
  expect(memberUses(text, "slugOf", "Resolvers").map(({ kind }) => kind)).toEqual(["definition"]);
});
