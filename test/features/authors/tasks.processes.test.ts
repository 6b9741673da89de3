// Twelve tasks for agents: their solutions have no diagnostic, and pass their tests.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../../../cli/src/testing/run.ts";
import { beginPackage, put, readTasks } from "./tasks.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const tasks = readTasks();
let work = "";

beforeAll(async () => {
  mkdirSync(join(root, "test/.generated"), { recursive: true });
  work = mkdtempSync(join(root, "test/.generated/tasks-"));
  await beginPackage(work, false);
  for (const path of ["proto/shop", "test"]) rmSync(join(work, path), { recursive: true });
  for (const { name, solution, tests: text } of tasks)
    put(work, { [`proto/${name}/v1/${name}.proto`]: solution, [`test/${name}.test.ts`]: text });
}, 60_000);
afterAll(() => rmSync(work, { recursive: true, force: true }));

test("the solutions of twelve tasks have no diagnostic, and pass their tests", async () => {
  expect(tasks).toHaveLength(12);
  for (const { text, tests, solution } of tasks)
    for (const part of [text, tests, solution]) expect(part.length).toBeGreaterThan(100);
  expect(await run(["check"], work)).toEqual({ exitCode: 0, stdout: "no diagnostics\n", stderr: "" });
  const bin = (name: string): string => join(root, "node_modules", name);
  const node = (...args: readonly string[]) => spawnSync(process.execPath, args, { cwd: work, encoding: "utf8" });
  const generated = node(bin("@bufbuild/buf/bin/buf"), "generate");
  expect([generated.stderr, generated.status]).toEqual(["", 0]);
  const tested = node(bin("vitest/vitest.mjs"), "run", "--root", ".");
  const output = stripVTControlCharacters(tested.stdout);
  expect(output).toMatch(/Test Files +12 passed/);
}, 120_000);
