// Each diagnostic has a golden that fails without it: a sample of what `npm run checks:mutate` goes through.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { seedOf } from "../../support/seed/seed.ts";
import { instrument } from "./sites.ts";

describe("mutation of the checks", () => {
  test("reveals every removed diagnostic of a sample", { timeout: 300_000 }, async () => {
    const main = fileURLToPath(new URL("main.ts", import.meta.url));
    const run = promisify(execFile)(process.execPath, [main, "--sample", "25", "--seed", seedOf()]);
    const { stdout } = await run.catch((error: { stdout: string; stderr: string }) => ({
      stdout: `${error.stdout}${error.stderr}`,
    }));
    expect(stdout).toMatch(/^25 report sites, \d+ noticed, \d+ silent for a reason, 0 survived$/m);
  });

  test("finds codes that are reported, not codes in comparisons, sets or types", () => {
    const source = `
type Code = "BFF101" | "BFF102";
const CERTAIN = new Set(["BFF107", "BFF108"]);
function report(code: Code) {
  if (code === "BFF101" || code !== "BFF102") fault("BFF103", one ? "BFF104" : "BFF105");
  switch (code) { case "BFF106": return { code: "BFF103" as const }; }
}
`;
    const { text, sites } = instrument("a.ts", source);
    expect(sites).toEqual([
      { name: "a.ts report BFF103", code: "BFF103", line: 5 },
      { name: "a.ts report BFF104", code: "BFF104", line: 5 },
      { name: "a.ts report BFF105", code: "BFF105", line: 5 },
      { name: "a.ts report BFF103 (2)", code: "BFF103", line: 6 },
    ]);
    expect(text).toContain('case "BFF106": return { code: globalThis.__reportSite("a.ts report BFF103 (2)", "BFF103")');
  });
});
