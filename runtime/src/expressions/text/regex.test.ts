import { expect, it } from "vitest";
import { ExpressionError } from "../value/error.ts";
import { extract, extractAll, replacePattern } from "./regex.ts";

// The examples of cel-go's documentation (ext/regex.go), and its tests.
it.each<[string, unknown, unknown]>([
  ["all occurrences", replacePattern("hello world hello", "hello", "hi"), "hi world hi"],
  ["none of them", replacePattern("banana", "a", "x", 0), "banana"],
  ["one of them", replacePattern("banana", "a", "x", 1n), "bxnana"],
  ["two of them", replacePattern("banana", "a", "x", 2), "bxnxna"],
  ["any number of them", replacePattern("banana", "a", "x", -12), "bxnxnx"],
  ["groups", replacePattern("foo bar", "(fo)o (ba)r", "\\2 \\1"), "ba fo"],
  ["a group that took no part", replacePattern("b", "(a)?b", "<\\1>"), "<>"],
  ["a backslash", replacePattern("a", "a", "\\\\"), "\\"],
  ["all of the match", replacePattern("ab", "[ab]", "<\\0>"), "<a><b>"],
  ["a wrong replacement of nothing", replacePattern("a", "b", "\\x"), "a"],
  ["extract", extract("item-A, item-B", "item-(\\w+)"), "A"],
  ["extract without a group", extract("hello world", "hello.*"), "hello world"],
  ["extract nothing", extract("HELLO", "hello"), undefined],
  ["extract a group that holds nothing", extract("b", "(a*)b"), undefined],
  ["extract an empty match", extract("b", "a*"), ""],
  ["extractAll", extractAll("id:123, id:456", "id:\\d+"), ["id:123", "id:456"]],
  ["extractAll groups", extractAll("testuser@uat", "([a-z]+)@"), ["testuser"]],
  ["extractAll nothing", extractAll("id:123", "assa"), []],
])("%s", (_, found, expected) => {
  expect(found).toEqual(expected);
});

// As Go's regexp finds them.
it.each<[string, string, readonly string[]]>([
  ["abc", "", ["", "", "", ""]],
  ["baac", "a*", ["", "aa", ""]],
  ["a🚀b", ".", ["a", "🚀", "b"]],
  ["a🚀", "\\b", ["", ""]],
  ["aaa", "a|aa", ["a", "a", "a"]],
  ["aaa", "aa|a", ["aa", "a"]],
  ["aab", "a+?", ["a", "a"]],
  ["a\nb", "(?m)^.", ["a", "b"]],
  ["a\nb", "^.", ["a"]],
])("%j, %s", (text, pattern, expected) => {
  expect(extractAll(text, pattern)).toEqual(expected);
});

it.each<[string, () => unknown]>([
  ["no pattern", () => extract("a", "(")],
  ["two groups", () => extract("a", "(a)(b)")],
  ["two groups of all", () => extractAll("a", "(a)(b)")],
  ["no such group", () => replacePattern("a", "(.)", "\\2")],
  ["a backslash at the end", () => replacePattern("a", "a", "\\")],
  ["a backslash before a letter", () => replacePattern("a", "a", "\\n")],
  ["a text that is too long", () => replacePattern("a".repeat(2048), "a", "b".repeat(1024))],
])("%s fails", (_, run) => {
  expect(run).toThrow(ExpressionError);
});

it("a result that does not grow may be long", () => {
  expect(replacePattern("ab".repeat(1024 * 1024), "a", "")).toHaveLength(1024 * 1024);
});

// Each match looks at all the rest of the text.
it("a search with quadratic time fails", () => {
  expect(() => extractAll("a".repeat(100_000), "a[^z]*z|a")).toThrow(ExpressionError);
  expect(extractAll("a".repeat(1000), "a[^z]*z|a")).toHaveLength(1000);
});
