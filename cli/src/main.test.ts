import { describe, expect, test } from "vitest";
import { run } from "./testing/run.ts";

describe("protobff", () => {
  test("--help lists the commands on standard output", async () => {
    const { exitCode, stdout, stderr } = await run(["--help"], ".");
    expect(exitCode).toBe(0);
    expect(stdout).toContain("explain [options] [name...]");
    expect(stderr).toBe("");
  });
  test("a call without a command lists the commands on standard error, with exit code 2", async () => {
    const { exitCode, stdout, stderr } = await run([], ".");
    expect(exitCode).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain("explain [options] [name...]");
  });
  test("an unknown command is refused with a suggestion", async () => {
    const { exitCode, stderr } = await run(["expain"], ".");
    expect(exitCode).toBe(2);
    expect(stderr).toContain("error: unknown command 'expain'\n(Did you mean explain?)");
    expect(stderr).not.toContain("    at ");
  });
  test.each([
    ["protos", "init protos"],
    ["init-resolvers", "init resolvers"],
    ["uses", "contract uses"],
    ["whatif", "plan whatif"],
    ["tune", "plan tune"],
  ])("the earlier command %s names the present one, which exists", async (word, now) => {
    const { exitCode, stderr } = await run([word, "proto"], ".");
    expect([exitCode, stderr]).toEqual([2, `"protobff ${word}" is "protobff ${now}" now, with the same arguments\n`]);
    expect((await run([...now.split(" "), "--help"], ".")).exitCode).toBe(0);
  });
  test("the command explain prints a diagnostic", async () => {
    const { exitCode, stdout } = await run(["explain", "bff601"], ".");
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^BFF601 \(error\): /);
    expect(await run(["explain", "BFF99"], ".")).toEqual({
      exitCode: 2,
      stdout: "",
      stderr: 'nothing is called "BFF99": did you mean BFF199?\n',
    });
  });
});
