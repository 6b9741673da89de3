import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { PROTOS } from "protoc-gen-bff/compiler";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Generation } from "../dev/generation.ts";
import { run } from "../testing/run.ts";

let work = "";
const put = (path: string, text: string): void => {
  mkdirSync(dirname(join(work, path)), { recursive: true });
  writeFileSync(join(work, path), text);
};
const read = (): string => readFileSync(join(work, "proto/a/v1/a.proto"), "utf8");

/** A BFF whose rpc answers its request's id, with two lines in place of its own. */
const A = (timeout: string, id: string): string => `syntax = "proto3";
package a.v1;
import "bff/v1/options.proto";
service S {
  option (bff.v1.service) = {};
  rpc Get(Request) returns (Answer) {
    option idempotency_level = NO_SIDE_EFFECTS;
    ${timeout}
  }
}
message Request { string id = 1; }
message Answer {
  ${id}
}
`;
const TIMEOUT = 'option (bff.v1.method).timeout = "5s";';
const ID = 'string id = 1 [(bff.v1.field).by = "args.id"];';

beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), "protobff-check-"));
  put("buf.yaml", "version: v2\nmodules:\n  - path: proto\n");
  put("buf.gen.yaml", "version: v2\nplugins:\n  - local: protoc-gen-bff\n    out: gen\n");
  for (const [path, text] of Object.entries(PROTOS)) put(`proto/${path}`, text);
});
afterEach(() => rmSync(work, { recursive: true, force: true }));

test("a sound project has no diagnostics, and nothing is written", async () => {
  put("proto/a/v1/a.proto", A(TIMEOUT, ID));
  expect(await run(["check"], work)).toEqual({ exitCode: 0, stdout: "no diagnostics\n", stderr: "" });
  expect(() => readFileSync(join(work, "gen/a/v1/a_bff.ts"))).toThrow();
});

test("options that buf does not read have the nearest name, below their place", async () => {
  put("proto/a/v1/a.proto", A('option (bff.v1.method).timeot = "5s";', ID));
  const { exitCode, stdout } = await run(["check"], work);
  expect(exitCode).toBe(1);
  expect(stdout).toBe(`proto/a/v1/a.proto:8:28: error buf: "timeot" is no option of MethodRule
    8 |     option (bff.v1.method).timeot = "5s";
      |                            ^^^^^^
  hint: did you mean "timeout"?

1 error, 0 warnings
`);
});

test("a text without its quote does not end buf without a word", async () => {
  put("proto/a/v1/a.proto", A(TIMEOUT, 'string id = 1 [(bff.v1.field).by = "args.id];'));
  const { stdout } = await run(["check", "--json"], work);
  expect(JSON.parse(stdout)).toEqual({
    diagnostics: [
      {
        ...{ code: "buf", severity: "error", file: "proto/a/v1/a.proto", line: 13, column: 38 },
        ...{ endLine: 13, endColumn: 46, message: "a quote is missing on this line", hint: 'write " around the text' },
        edit: { line: 13, column: 46, endLine: 13, endColumn: 46, text: '"' },
      },
    ],
  });
});

test("--fix applies edits of buf's faults and of the compiler's, until none is left", async () => {
  put("proto/a/v1/a.proto", A("option (bff.v1.method).timeot = 5s", 'string id = 1 [(bff.v1.feild).by = "args.idd"];'));
  const { exitCode, stdout } = await run(["check", "--fix"], work);
  expect(stdout).toBe(`proto/a/v1/a.proto:8:28: edited: did you mean "timeout"?
proto/a/v1/a.proto:13:19: edited: did you mean "bff.v1.field"?
proto/a/v1/a.proto:8:38: edited: write "5s"
proto/a/v1/a.proto:8:42: edited: write ";"
proto/a/v1/a.proto:13:44: edited: did you mean "id"?
no diagnostics
`);
  expect([exitCode, read()]).toEqual([0, A(TIMEOUT, ID)]);
});

test("a hint with alternatives is left to the author", async () => {
  const cached = A('option (bff.v1.method).cache = { ttl: "5s" };', ID).replace(/ *option idempotency.*\n/, "");
  put("proto/a/v1/a.proto", cached);
  const { exitCode, stdout } = await run(["check", "--fix"], work);
  expect([exitCode, read()]).toEqual([1, cached]);
  expect(stdout).toContain("BFF260");
});

test("files limit what is printed and edited", async () => {
  put("proto/a/v1/a.proto", A(TIMEOUT, ID));
  put("proto/b/v1/b.proto", A(TIMEOUT, 'string id = 1 [(bff.v1.field).by = "args.idd"];').replace("a.v1", "b.v1"));
  expect(await run(["check", "proto/a/v1/a.proto"], work)).toMatchObject({ exitCode: 0, stdout: "no diagnostics\n" });
  expect((await run(["check", "v1/b.proto"], join(work, "proto/b"))).stdout).toContain("1 error");
  expect(await run(["check", "c.proto"], work)).toMatchObject({ exitCode: 2, stderr: "there is no file c.proto\n" });
});

test("--quiet prints errors alone", async () => {
  const warned = A(TIMEOUT, `${ID} repeated string words = 2 [(bff.v1.field).by = "args.id.split(',').slice(0, 2)"];`);
  put("proto/a/v1/a.proto", warned);
  expect((await run(["check"], work)).stdout).toMatch(/0 errors, \d warnings?\n$/);
  expect(await run(["check", "--quiet"], work)).toEqual({ exitCode: 0, stdout: "", stderr: "" });
  put("proto/a/v1/a.proto", warned.replace("args.id", "args.idd"));
  expect((await run(["check", "--quiet"], work)).stdout).toMatch(/1 error, 0 warnings\n$/);
});

test("--plan prints the plan of a project without errors", async () => {
  put("proto/a/v1/a.proto", A(TIMEOUT, ID));
  expect((await run(["check", "--plan"], work)).stdout).toMatch(/^no diagnostics\n\nS\/Get composes Answer/);
  const { plans } = JSON.parse((await run(["check", "--plan", "--json"], work)).stdout);
  expect(plans).toMatchObject([{ version: 1 }]);
  expect(JSON.stringify(plans)).toContain("Answer");
  put("proto/a/v1/a.proto", A(TIMEOUT, ID.replace("args.id", "args.idd")));
  expect((await run(["check", "--plan"], work)).stdout).toMatch(/1 error, 0 warnings\n$/);
});

test("other faults have the words of buf", async () => {
  put("proto/a/v1/a.proto", A(TIMEOUT, ID).replace("message Request {", "message Request { Unknown other = 2;"));
  const { exitCode, stdout } = await run(["check"], work);
  expect(exitCode).toBe(1);
  expect(stdout).toContain("error buf: cannot find `Unknown` in this scope");
});

test("`protobff dev` explains options in the same words", async () => {
  put("proto/a/v1/a.proto", A('option (bff.v1.method).timeot = "5s";', ID));
  const generated = await new Generation(work).generate();
  expect(generated).toMatchObject({ kind: "refused", why: expect.stringContaining('hint: did you mean "timeout"?') });
});
