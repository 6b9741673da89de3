// Places and names of test files, so that folder and name tell what a file tests.
import { readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { filesBelow, isSource } from "../support/files-below.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** Goldens are named by their codes, however many there are. */
const GOLDENS = "test/golden/";
const FOLDER_FILES = 25;

const folders = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !entry.name.startsWith(".") && isSource(entry.name))
  .map(({ name }) => name);
const testFiles = folders.flatMap(filesBelow).filter((path) => /\.test\.tsx?$/.test(path));

/** Returns the paths with the same key as another path, grouped. */
function repeated(paths: readonly string[], keyOf: (path: string) => string): (readonly string[])[] {
  const groups = Object.values(Object.groupBy(paths, keyOf));
  return groups.flatMap((group) => (group !== undefined && group.length > 1 ? [group] : []));
}

test("test/ contains folders only", () => {
  const loose = readdirSync(join(root, "test"), { withFileTypes: true }).filter((entry) => !entry.isDirectory());
  expect(loose.map(({ name }) => name)).toEqual([]);
});

test("no two test files have one name", () => {
  expect(testFiles.length).toBeGreaterThan(700);
  expect(repeated(testFiles, (path) => basename(path))).toEqual([]);
});

test(`a folder in test/ has at most ${FOLDER_FILES} TypeScript files`, () => {
  const sources = filesBelow("test").filter((path) => path.endsWith(".ts") && !path.startsWith(GOLDENS));
  const large = Object.entries(Object.groupBy(sources, dirname)).filter(
    ([, files = []]) => files.length > FOLDER_FILES,
  );
  expect(large.map(([folder, files = []]) => `${folder}: ${files.length} files`)).toEqual([]);
});
