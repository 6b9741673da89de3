import { expect, test } from "vitest";
import { answerWords } from "./usage.ts";

test.each([
  [["explain", "BFF601"], "npx protobff explain BFF601"],
  [["uses", "--upstream", "a.v1.A"], "npx protobff contract uses --upstream a.v1.A"],
  [["init-resolvers", "my file's.ts"], "npx protobff init resolvers 'my file'\\''s.ts'"],
  [["protos", "proto"], "npx protobff init protos proto"],
])("%j names the current command, and has no effect", (args, command) => {
  const { exitCode, stdout, stderr } = answerWords(args);
  expect([exitCode, stdout]).toEqual([1, ""]);
  expect(stderr.split("\n")[0]).toBe(`"${args[0]}" is a command of protobff now: ${command}`);
});

test("all other arguments print the usage of the plugin", () => {
  for (const args of [[], ["use"], ["--what"]]) {
    const { exitCode, stderr } = answerWords(args);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining("name it in buf.gen.yaml")]);
  }
  expect(answerWords(["--help"])).toMatchObject({ exitCode: 0, stderr: "" });
});
