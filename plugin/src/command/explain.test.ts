import { expect, test } from "vitest";
import { EXPLANATIONS } from "../gen/explanations.ts";
import { runCommand } from "./command.ts";

test.each(["BFF601", "bff601", "601"])("explains %s", (wanted) => {
  const { exitCode, stdout, stderr } = runCommand(["explain", wanted]);
  expect([exitCode, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/^BFF601 \(error\): A value that may be absent .*\.\n\nWrong:\n\n {4}\S/);
  expect(stdout).toMatch(/\n\nIt says:\n\n {4}app\/v1\/app\.proto:\d+:\d+: error BFF601: .*\n/);
  expect(stdout).toMatch(/\n\nRight:\n\n {4}\S(.*\n)*$/);
});

test("explains every code", () => {
  expect(EXPLANATIONS.length).toBeGreaterThan(100);
  expect(EXPLANATIONS.filter(({ code }) => runCommand(["explain", code]).exitCode !== 0)).toEqual([]);
});

test.each([
  [["explain", "BFF061"], 'there is no diagnostic "BFF061": did you mean BFF161?'],
  [["explain", "what"], 'there is no diagnostic "what": a code is BFF and three digits'],
  [["explain"], "explain needs one code, as in protoc-gen-bff explain BFF601"],
  [["explain", "BFF601", "BFF602"], "explain needs one code"],
])("%j", (args, said) => {
  const { exitCode, stdout, stderr } = runCommand(args);
  expect([exitCode, stdout]).toEqual([2, ""]);
  expect(stderr).toContain(said);
});
