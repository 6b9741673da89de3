import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { matchesGlob } from "node:path";
import { expect, test } from "vitest";
import { GROUPS, TIERS, tiersOf } from "./test-tiers.ts";

const { stdout } = spawnSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.test.ts"], {
  encoding: "utf8",
});
const files = stdout.trim().split("\n");

const groupsOf = (file: string): readonly string[] =>
  TIERS.flatMap((tier) =>
    GROUPS[tier].flatMap(({ name, include, exclude }) =>
      include.some((glob) => matchesGlob(file, glob)) && !exclude.some((glob) => matchesGlob(file, glob)) ? [name] : [],
    ),
  );

test("every test file is in exactly one group of one tier", () => {
  expect(files.length).toBeGreaterThan(400);
  expect(files.filter((file) => groupsOf(file).length !== 1).map((file) => [file, ...groupsOf(file)])).toEqual([]);
});
test("the quick tier has a smoke test of every protocol", () => {
  expect(groupsOf("test/features/protocols/protocols.test.ts")).toEqual(["quick"]);
  expect(groupsOf("test/features/rest/http-json.test.ts")).toEqual(["quick"]);
});
test("no file of a group that shares workers replaces modules or sets variables of the process", () => {
  const patches = /\bvi\.(mock|doMock|resetModules)\(|\bprocess\.env\.\w+ \??= |\bprocess\.chdir\(/;
  const shared = files.filter((file) => groupsOf(file).some((name) => name === "quick" || name === "slow"));
  expect(shared.filter((file) => patches.test(readFileSync(file, "utf8")))).toEqual([]);
});
test("an unknown tier is refused with the names of all tiers", () => {
  expect(() => tiersOf("fast")).toThrow('PROTOBFF_TIER is "fast"; tiers are quick, processes, system, corpora');
  expect(tiersOf(undefined)).toEqual(TIERS);
});
