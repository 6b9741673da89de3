import fc from "fast-check";
import { expect, test } from "vitest";
import { shownArguments, visible } from "./shown-arguments.ts";

test("a long text hides no other argument", () => {
  const shown = shownArguments({ note: "a harmless note. ".repeat(130), to: "mallory", amount: "1000000" });
  expect(shown).toMatch(
    /^\{"note":"a harmless note\. [^"]*"… \(2210 characters\),"to":"mallory","amount":"1000000"\}$/,
  );
});
test("texts inside of messages and lists are cut by themselves, too", () => {
  const shown = shownArguments({ order: { note: "x".repeat(3000), to: "mallory" }, tags: ["y".repeat(300), "z"] });
  expect(shown).toContain('"… (3000 characters),"to":"mallory"');
  expect(shown).toContain('"… (300 characters),"z"]');
});
test.each([
  ["a long list", { ids: Array.from({ length: 2000 }, (_, i) => `id ${i}`) }],
  ["many long texts", { texts: Array(40).fill("x".repeat(150)) }],
  ["a long key of a map", { labels: { ["k".repeat(300)]: "v" } }],
])("%s is not shown", (_, json) => {
  expect(shownArguments(json as never)).toBeUndefined();
});
test("characters that are not seen, or that turn others around, are escaped", () => {
  expect(shownArguments({ to: "a\u202ebc\u2066\u200b\u00a0\ufeff\u{e0041}\n" })).toBe(
    String.raw`{"to":"a\u202ebc\u2066\u200b\u00a0\ufeff\udb40\udc41\n"}`,
  );
  expect(visible("Zürich 東京 👍")).toBe("Zürich 東京 👍");
});
test("short arguments are shown as JSON that has the same meaning", () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ maxLength: 20 }), fc.string({ maxLength: 60, unit: "grapheme" }), { maxKeys: 9 }),
      (json) => {
        const shown = shownArguments(json);
        if (shown !== undefined && !shown.includes("…"))
          expect(JSON.parse(shown)).toEqual(JSON.parse(JSON.stringify(json)));
      },
    ),
  );
});
