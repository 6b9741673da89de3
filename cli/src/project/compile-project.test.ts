import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { compileProject } from "./compile-project.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

test("gives what buf generate writes", () => {
  const { compilation, config } = compileProject({ cwd: root });
  expect(compilation.response.error).toBe("");
  expect(compilation.response.file.length).toBeGreaterThan(5);
  for (const { name, content } of compilation.response.file)
    expect(content).toBe(readFileSync(`${root}/${config.out}/${name}`, "utf8"));
});
