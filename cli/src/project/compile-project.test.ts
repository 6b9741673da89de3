import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { compileProject } from "./compile-project.ts";
import { genConfigOf } from "./gen-config.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

test("compilation equals buf generate", () => {
  const { compilation, config } = compileProject({ cwd: root });
  expect(compilation.response.error).toBe("");
  expect(compilation.response.file.length).toBeGreaterThan(5);
  for (const { name, content } of compilation.response.file)
    expect(content).toBe(readFileSync(`${root}/${config.out}/${name}`, "utf8"));
});

test("plan=faults reports the requests of faults.json", () => {
  const cwd = mkdtempSync(join(tmpdir(), "protobff-"));
  try {
    const config = genConfigOf(
      `plugins: [{local: protoc-gen-bff, out: gen, opt: [plan=faults]}]\ninputs: [{directory: ${root}}]`,
      "buf.gen.yaml",
    );
    const examples = { "web.v1.DashboardService/GetDashboard": [{ name: "of nobody", request: {} }] };
    writeFileSync(join(cwd, "faults.json"), JSON.stringify(examples));
    const table = (withExamples: boolean) => {
      const { response } = compileProject({ cwd, config, examples: withExamples }).compilation;
      expect(response.error).toBe("");
      return response.file.map(({ content }) => content).join("");
    };
    expect(table(true)).toContain("GetDashboard, of nobody\n");
    expect(table(false)).not.toContain("of nobody");
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
});
