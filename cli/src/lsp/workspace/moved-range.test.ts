import { expect, test } from "vitest";
import { TextDocument } from "vscode-languageserver-textdocument";
import { movedRange } from "./publisher.ts";

const document = (text: string): TextDocument => TextDocument.create("file:///a", "proto", 1, text);

test.each([
  ["before it", "a\nb\nword", "a\nb b\n\nword"],
  ["behind it", "a\nword\nb", "a\nword\nc\n"],
  ["directly before it", "a word", "a, word"],
  ["nowhere", "a word", "a word"],
])("a range after an edit %s", (_, old, text) => {
  const before = document(old);
  const at = old.indexOf("word");
  const range = { start: before.positionAt(at), end: before.positionAt(at + 4) };
  const after = document(text);
  const moved = movedRange(range, before, after);
  expect(moved && after.getText(moved)).toBe("word");
});

test("a range that was edited has no place", () => {
  const range = { start: { line: 0, character: 2 }, end: { line: 0, character: 6 } };
  expect(movedRange(range, document("a word b"), document("a wo b"))).toBeUndefined();
});
