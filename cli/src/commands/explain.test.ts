import { expect, test } from "vitest";
import { explanations } from "../../../scripts/explanations.ts";
import { run } from "../testing/run.ts";

test.each(["BFF601", "bff601", "601"])("the command explains %s", async (code) => {
  const { exitCode, stdout, stderr } = await run(["explain", code], ".");
  expect([exitCode, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/^BFF601 \(error\): A value that may be absent .*\.\n\nWrong:\n\n {4}\S/);
  expect(stdout).toMatch(/\n\nDiagnostic:\n\n {4}app\/v1\/app\.proto:\d+:\d+: error BFF601: .*\n/);
  expect(stdout).toMatch(/\n\nRight:\n\n {4}\S(.*\n)*$/);
});

test("the command explains every code", async () => {
  const all = explanations();
  expect(all.length).toBeGreaterThan(100);
  for (const { code, severity, meaning, sections } of all) {
    const { exitCode, stdout } = await run(["explain", code], ".");
    expect(exitCode, code).toBe(0);
    const [head, ...examples] = stdout.split(/\n(?=\S.*:\n\n {4})/);
    expect(head).toBe(`${code} (${severity}): ${meaning}\n`);
    expect(examples).toEqual(sections.map(({ title, text }) => `${title}:\n\n${text.replace(/^(?=.)/gm, "    ")}\n`));
  }
});

test.each([
  [["explain", "BFF061"], 'there is no diagnostic "BFF061": did you mean BFF161?'],
  [["explain", "what"], 'there is no diagnostic "what": a code is BFF and three digits'],
  [["explain"], "missing required argument 'code'"],
  [["explain", "BFF601", "BFF602"], "too many arguments"],
])("%j is refused", async (args, message) => {
  const { exitCode, stdout, stderr } = await run(args, ".");
  expect([exitCode, stdout]).toEqual([2, ""]);
  expect(stderr).toContain(message);
});
