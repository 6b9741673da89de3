import { expect, test } from "vitest";
import { compareModes, compareTools } from "./compare-tools.ts";

const TOOL = {
  name: "find_pages",
  description: "Finds pages.",
  arguments: ["text*", "kind"],
  input_schema: "a",
  output_schema: "b",
  max_bytes: 65536,
  bytes: 400,
  tokens: 100,
};
const levelsOf = (after: object, before: object = {}) =>
  compareTools({ ...TOOL, ...before }, { ...TOOL, ...after }).map(({ level }) => level);

test("equal tools, and rpcs that are none, are no difference", () => {
  expect([...compareTools(TOOL, TOOL), ...compareTools(undefined, undefined)]).toEqual([]);
});

test("a tool that agents no longer find is worse", () => {
  expect(compareTools(TOOL, undefined)).toMatchObject([{ kind: "tools", level: "worse" }]);
  expect(compareTools(undefined, TOOL)).toMatchObject([{ kind: "tools", level: "different" }]);
  expect(levelsOf({ name: "search" })).toEqual(["worse"]);
});

test.each([
  [{ arguments: ["text*", "kind", "more"], input_schema: "c" }, ["different"]],
  [{ arguments: ["text*"], input_schema: "c" }, ["worse"]],
  [{ arguments: ["text*", "kind*"], input_schema: "c" }, ["worse"]],
  [{ arguments: ["text", "kind"], input_schema: "c" }, ["different"]],
  [{ input_schema: "c" }, ["different"]],
  [{ output_schema: "c" }, ["different"]],
  [{ description: "Finds all." }, ["different"]],
  [{ group: "pages" }, ["different"]],
  [{ max_bytes: 100 }, ["worse"]],
  [{ max_bytes: 100_000 }, ["different"]],
  [{ hidden: [{ field: "kind", by: "'a'" }] }, ["different"]],
])("%j", (after, levels) => {
  expect(levelsOf(after)).toEqual(levels);
});

test("a call without confirmation, and a field that agents now choose, are worse", () => {
  expect(levelsOf({ confirm: false }, { confirm: true })).toEqual(["worse"]);
  expect(levelsOf({ confirm: true }, { confirm: false })).toEqual(["different"]);
  expect(levelsOf({}, { hidden: [{ field: "tenant", by: "principal.tenant" }] })).toEqual(["worse"]);
  const unset = { hidden: [{ field: "tenant" }] };
  expect(levelsOf(unset, { hidden: [{ field: "tenant", by: "principal.tenant" }] })).toEqual(["worse"]);
  expect(levelsOf({ wait_ms: 1000 }, { wait_ms: 2000 })).toEqual(["different"]);
});

test("all changed lines of a description are shown", () => {
  const before = { ...TOOL, description: "Finds pages.\n\nOf one kind.\nNever twice." };
  const long = `Of ${"all ".repeat(60)}kinds, and then sends them elsewhere.`;
  const after = { ...TOOL, description: `Finds pages.\n\n${long}\nAlways twice.` };
  expect(compareTools(before, after)).toMatchObject([
    { before: [{ code: "… / Of one kind. / Never twice." }], after: [{ code: `… / ${long} / Always twice.` }] },
  ]);
  expect(compareTools(before, { ...before, description: `${before.description}\nReads all.` })).toMatchObject([
    { before: [{ code: "… / " }], after: [{ code: "… / Reads all." }] },
  ]);
});

test("a list that grows beyond 10,000 tokens, or shrinks below, is searched or listed by BFF_MCP_TOOLS=auto", () => {
  const files = (...all: number[]) => all.map((tokens) => ({ tools: { tokens } })) as never;
  const modeOf = (before: never, after: never) => compareModes(before, after).map(({ message }) => message[2]);
  expect(modeOf(files(5_000, 4_999), files(5_000, 5_000))).toEqual([{ code: "search" }]);
  expect(modeOf(files(10_000), files(9_999))).toEqual([{ code: "all" }]);
  expect(modeOf(files(10_000), files(20_000))).toEqual([]);
  expect(compareModes([], [])).toEqual([]);
});
