// Doc comments of the symbols that packages export. `UPDATE_GOLDENS=1` writes the exceptions, which only shrink.
import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { root, workspaces } from "../../scripts/workspaces.ts";
import { entriesOf, undocumented } from "./exported-docs.ts";

type Exceptions = Readonly<Record<string, readonly string[]>>;

const FILE = new URL("undocumented.json", import.meta.url);
const exceptions = JSON.parse(readFileSync(FILE, "utf8")) as Exceptions;
const results = workspaces().map((workspace) => ({ folder: workspace.folder, ...undocumented(workspace) }));
if (process.env.UPDATE_GOLDENS === "1") {
  const names = results.filter(({ found }) => found.length > 0);
  const sorted = names.map(({ folder, found }) => [folder, found.map(({ name }) => name).sort()] as const);
  writeFileSync(FILE, `${JSON.stringify(Object.fromEntries(sorted), undefined, 2)}\n`);
}

test("the entries of packages export symbols", () => {
  const counts = Object.fromEntries(results.map(({ folder, symbols }) => [folder, symbols]));
  expect(counts.plugin).toBeGreaterThan(50);
  expect(counts.runtime).toBeGreaterThan(200);
  expect(counts.cli).toBe(0);
});

test("entries with stable names are public", () => {
  const entries = workspaces().flatMap((workspace) =>
    entriesOf(workspace).map(({ file, isPublic }) => [file.replace(root, ""), isPublic] as const),
  );
  expect(Object.fromEntries(entries)).toMatchObject({
    "client/src/index.ts": true,
    "runtime/src/entries/identity.ts": true,
    "runtime/src/identity/verify/index.ts": true,
    "runtime/src/index.ts": true,
    "runtime/src/entries/connect.ts": true,
    "runtime/src/transport/http-json/index.ts": true,
    "packages/messages/src/host-names.ts": false,
    "packages/server/src/index.ts": true,
    "packages/testing/src/fake-clock.ts": true,
  });
});

test("each exported symbol has a doc comment, and each function and class of a public entry an example", () => {
  const found = results.flatMap(({ folder, found }) =>
    found
      .filter(({ name }) => !exceptions[folder]?.includes(name))
      .map(({ name, lacks }) => `${name} of ${folder} has no ${lacks}`),
  );
  expect(found).toEqual([]);
});

test("no exception outlives its symbol", () => {
  const found = new Set(results.flatMap(({ folder, found }) => found.map(({ name }) => `${folder} ${name}`)));
  const names = Object.entries(exceptions).flatMap(([folder, names]) => names.map((name) => `${folder} ${name}`));
  expect(names.filter((name) => !found.has(name))).toEqual([]);
});
