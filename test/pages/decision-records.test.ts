// The records of docs/decisions: their form, their numbers and the index. test/house/prose.test.ts holds their
// sentences.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { CODES } from "../../plugin/src/codes/codes.ts";
import { AREAS, decisionRecords, decisionsIndex } from "../../scripts/decisions.ts";

const records = decisionRecords();
const index = readFileSync(new URL("../../docs/decisions/README.md", import.meta.url), "utf8");

test("numbers of records are unique, and file names begin with them", () => {
  expect(records.length).toBeGreaterThan(50);
  expect(new Set(records.map(({ number }) => number)).size).toBe(records.length);
  expect(
    records.filter(({ file, number }) => !/^\d{4}(-[a-z0-9]+){1,4}\.md$/.test(file) || !file.startsWith(`${number}-`)),
  ).toEqual([]);
});

test("the index is up to date and links every record once", () => {
  expect(index).toBe(decisionsIndex());
  const links = [...index.matchAll(/\]\((\d[^)]+)\)/g)].map(([, link]) => link);
  expect(links.sort()).toEqual(records.map(({ file }) => file));
});

test.each(records)(
  "$file has a head, context, decision and consequences in at most 60 lines",
  ({ text, area, date }) => {
    expect(AREAS).toContain(area);
    expect(date).toBeDefined();
    const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading);
    expect(headings.slice(1)).toEqual(["Context", "Decision", "Consequences"]);
    const lines = text.split("\n");
    expect(lines.length).toBeLessThanOrEqual(61);
    expect(lines.filter((line) => line.length > 120 && !line.startsWith("|"))).toEqual([]);
  },
);

test("diagnostics that records name exist", () => {
  const codes = records.flatMap(({ text }) => text.match(/BFF\d{3}/g) ?? []);
  expect(codes.length).toBeGreaterThan(20);
  expect(codes.filter((code) => !CODES.has(code))).toEqual([]);
});
