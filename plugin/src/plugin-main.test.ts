// The plugin as buf runs it.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const bin = join(root, "plugin/bin/protoc-gen-bff.js");
const bad = `syntax = "proto3";
package app.v1;
import "bff/v1/options.proto";
option (bff.v1.file).upstream = { timeout: "0s" retry: {} };
`;

describe("protoc-gen-bff", () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "protobff-"));
    put("buf.yaml", "version: v2\nmodules:\n  - path: app\n  - path: bff\n");
    for (const name of ["identity", "options"])
      put(`bff/bff/v1/${name}.proto`, readFileSync(join(root, `proto/bff/v1/${name}.proto`), "utf8"));
    put("app/app/v1/app.proto", bad);
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));
  const put = (name: string, text: string) => {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), text);
  };
  const generate = (...options: string[]) => {
    const plugin = JSON.stringify([process.execPath, bin]);
    const opt = options.map((option) => `\n      - ${option}`).join("");
    put(
      "buf.gen.yaml",
      `version: v2\nplugins:\n  - local: ${plugin}\n    out: gen\n    strategy: all\n    opt:${opt === "" ? " []" : opt}\ninputs:\n  - directory: app\n`,
    );
    return spawnSync(join(root, "node_modules/.bin/buf"), ["generate"], { cwd: dir, encoding: "utf8" });
  };

  test("errors are returned to buf, and nothing is written", () => {
    const { status, stderr } = generate();
    expect(status).toBe(1);
    expect(stderr).toContain(`
app/app/v1/app.proto:4:44: error BFF103: the duration "0s" of "timeout" is zero
    4 | option (bff.v1.file).upstream = { timeout: "0s" retry: {} };
      |                                            ^^^^
  hint: write a duration of more than zero, or leave it out for the default`);
    expect(stderr).toContain('app/app/v1/app.proto:4:56: warning BFF141: this "retry" sets no option');
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(existsSync(join(dir, "gen"))).toBe(false);
  });

  test("workflow commands start at the beginning of a line, and the document is written", () => {
    const { status, stderr } = generate("error_format=github", "error_output=found.json");
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^::error file=app\/app\/v1\/app\.proto,line=4,endLine=4,col=44,endColumn=48,title=BFF103::/m,
    );
    expect(stderr).toMatch(/^::warning file=app\/app\/v1\/app\.proto,line=4,/m);
    const { diagnostics } = JSON.parse(readFileSync(join(dir, "found.json"), "utf8"));
    expect(diagnostics.map(({ code, at }: { code: string; at: { file: string } }) => [code, at.file])).toEqual([
      ["BFF103", "app/app/v1/app.proto"],
      ["BFF141", "app/app/v1/app.proto"],
    ]);
  });

  test("the first line of a file has the options of the generation, as given", () => {
    put(
      "app/app/v1/app.proto",
      `syntax = "proto3";
package app.v1;
import "bff/v1/options.proto";
service AppService {
  option (bff.v1.service) = {};
  rpc Get(Request) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message Request {}
message Page {
  option (bff.v1.message) = {};
  string title = 1 [(bff.v1.field).by = "'x'"];
}
`,
    );
    const firstLine = (...options: string[]) => {
      expect(generate(...options)).toMatchObject({ status: 0 });
      const [first = ""] = readFileSync(join(dir, "gen/app/v1/app_bff.ts"), "utf8").split("\n");
      return first.replace(/^.* protoc-gen-bff \S+/, "");
    };
    expect(firstLine()).toBe("");
    expect(firstLine("server", "lock_mode=update", "warn=BFF501", "import_extension=.js")).toBe(
      ' with parameter "server,import_extension=.js"',
    );
  });

  test("an unwritable document is reported", () => {
    const { status, stderr } = generate("error_output=no/such/found.json");
    expect(status).toBe(1);
    expect(stderr).toContain("error_output=no/such/found.json cannot be written");
  });

  test("unknown options are refused", () => {
    const { status, stderr } = generate("sever=true");
    expect(status).toBe(1);
    expect(stderr).toContain('unknown option "sever": did you mean "server"?');
  });

  test("the version is printed", () => {
    const { status, stdout } = spawnSync(process.execPath, [bin, "--version"], { encoding: "utf8" });
    expect(status).toBe(0);
    const { version } = JSON.parse(readFileSync(join(root, "plugin/package.json"), "utf8"));
    expect(stdout).toBe(`protoc-gen-bff ${version}\n`);
  });

  test("other arguments are refused", () => {
    const { status, stderr } = spawnSync(process.execPath, [bin, "generate"], { encoding: "utf8", input: "" });
    expect(status).toBe(1);
    expect(stderr).toContain("is a plugin of buf and protoc");
  });
});
