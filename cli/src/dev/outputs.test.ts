import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Outputs } from "./outputs.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "protobff-outputs-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("an unchanged file is not written", () => {
  const same = join(folder, "same.ts");
  writeFileSync(same, "same");
  utimesSync(same, 1, 1);
  const outputs = new Outputs(folder);
  const files = [
    { path: "same.ts", content: "same" },
    { path: "a/b/new.ts", content: "new" },
  ];
  expect(outputs.write(files)).toEqual([join(folder, "a/b/new.ts")]);
  expect(statSync(same).mtimeMs).toBe(1_000);
  expect(readFileSync(join(folder, "a/b/new.ts"), "utf8")).toBe("new");
  expect(outputs.write(files)).toEqual([]);
});

test("obsolete outputs are deleted, and foreign files are kept", () => {
  const outputs = new Outputs(folder);
  writeFileSync(join(folder, "own.ts"), "mine");
  outputs.write([
    { path: "a.ts", content: "a" },
    { path: "b.ts", content: "b" },
  ]);
  expect(outputs.write([{ path: "b.ts", content: "b" }])).toEqual([join(folder, "a.ts")]);
  expect(["a.ts", "b.ts", "own.ts"].filter((name) => existsSync(join(folder, name)))).toEqual(["b.ts", "own.ts"]);
});

test("a file changed by others to the new content counts as changed", () => {
  const outputs = new Outputs(folder);
  outputs.write([{ path: "a.ts", content: "a" }]);
  writeFileSync(join(folder, "a.ts"), "b");
  expect(outputs.write([{ path: "a.ts", content: "b" }])).toEqual([join(folder, "a.ts")]);
});

test("foreign changes of an output are detected", () => {
  const outputs = new Outputs(folder);
  const path = join(folder, "a.ts");
  outputs.write([{ path: "a.ts", content: "a" }]);
  expect([outputs.has(path), outputs.isAsWritten(path)]).toEqual([true, true]);
  writeFileSync(path, "b");
  expect([outputs.has(path), outputs.isAsWritten(path)]).toEqual([true, false]);
  rmSync(path);
  expect(outputs.isAsWritten(path)).toBe(false);
  expect(outputs.isAsWritten(join(folder, "none.ts"))).toBe(false);
  outputs.write([]);
  expect(outputs.isAsWritten(path)).toBe(true);
  writeFileSync(path, "a");
  expect(outputs.isAsWritten(path)).toBe(false);
});
