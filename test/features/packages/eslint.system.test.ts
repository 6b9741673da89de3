// Generated code under the ESLint of its users, who lint the folder that they generate into.
import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { GeneratedProject } from "../../support/generated-project.ts";
import { SHOP } from "../embed/shop.ts";

const project = new GeneratedProject("eslint", { "shop/v1/shop.proto": SHOP });
beforeAll(() => {
  project.generate();
  project.write("package.json", '{ "private": true, "type": "module" }');
  const packages = ["eslint@10", "eslint-9@npm:eslint@9", "typescript-eslint@8", "typescript@6"];
  const flags = ["--legacy-peer-deps", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  execFileSync("npm", ["install", ...flags, ...packages], { cwd: project.folder, stdio: "inherit" });
  project.write(
    "eslint.config.js",
    `import { configs } from "typescript-eslint";
export default [...configs.strict, ...configs.stylistic, { ignores: ["**/*_pb.ts"] }];
`,
  );
  project.write("by-hand.ts", "/* eslint-disable */\n");
});
afterAll(() => project.remove());

test.each(["eslint", "eslint-9"])("%s finds nothing in generated files, nor an unused directive", (name) => {
  const eslint = join(project.folder, "node_modules", name, "bin/eslint.js");
  const settings = ["--report-unused-disable-directives", "--format=json", "."];
  const { stdout } = spawnSync(process.execPath, [eslint, ...settings], { cwd: project.folder, encoding: "utf8" });
  const files: readonly { filePath: string; messages: readonly { message: string }[] }[] = JSON.parse(stdout);
  const found = files.map(({ filePath, messages }) => [filePath.slice(project.folder.length + 1), messages] as const);
  expect(found.map(([file]) => file)).toEqual(expect.arrayContaining(["shop/v1/bff.ts", "shop/v1/server.ts"]));
  expect(found.filter(([, messages]) => messages.length > 0)).toEqual([
    ["by-hand.ts", [expect.objectContaining({ message: expect.stringContaining("Unused eslint-disable") })]],
  ]);
});
