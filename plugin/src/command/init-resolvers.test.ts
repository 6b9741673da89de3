import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runCommand } from "./command.ts";

const golden = fileURLToPath(new URL("../../../test/golden/emit/resolver-two-rpcs/expected/app", import.meta.url));
let dir: string;
let before: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "protobff-"));
  before = process.cwd();
  process.chdir(dir);
});
afterEach(() => {
  process.chdir(before);
  rmSync(dir, { recursive: true, force: true });
});
const init = (...args: string[]) => runCommand(["init-resolvers", ...args]);
const generated = (into: string) => cpSync(golden, join(dir, into), { recursive: true });
const read = (name: string) => readFileSync(join(dir, name), "utf8");

describe("protoc-gen-bff init-resolvers", () => {
  test("begins a file with what the generated code asks for", () => {
    generated("gen/app");
    expect(init("src/resolvers.ts")).toEqual({
      exitCode: 0,
      stdout: "src/resolvers.ts is new, with 2 resolvers: cardNote, ownerName\n",
      stderr: "",
    });
    const text = read("src/resolvers.ts");
    expect(text).toContain('import type { AppResolvers } from "../gen/app/v1/app_bff.ts";\n');
    expect(text).toContain("  /** app.v1.Card.note */\n  cardNote: async () => {\n");
    expect(init("src/resolvers.ts").stdout).toBe("src/resolvers.ts has all resolvers\n");
    expect(read("src/resolvers.ts")).toBe(text);
  });

  test("adds what is missing, and names what nothing asks for", () => {
    generated("gen/app");
    writeFileSync("r.ts", "export const resolvers = {\n  cardNote: () => 'x',\n  old: 1,\n};\n");
    expect(init("r.ts").stdout).toBe("r.ts has 1 resolver more: ownerName\nr.ts:3: nothing asks for old any more\n");
    expect(read("r.ts")).toMatch(
      /^export const resolvers = \{\n {2}cardNote: \(\) => 'x',\n {2}old: 1,\n {2}\/\*\* app\.v1\.Owner\.name \*\//,
    );
  });

  test("of several packages takes the one that is said, or that the file imports already", () => {
    generated("gen/app");
    generated("gen/other");
    const { exitCode, stderr } = init("r.ts");
    expect(exitCode).toBe(1);
    expect(stderr).toBe(
      "several packages ask for resolvers, each in a file of its own: say which with --from, as in --from gen/app/v1\n  gen/app/v1\n  gen/other/v1\n",
    );
    expect(init("r.ts", "--from", "gen/other/v1").exitCode).toBe(0);
    expect(read("r.ts")).toContain('from "./gen/other/v1/app_bff.ts"');
    expect(init("r.ts").stdout).toBe("r.ts has all resolvers\n");
  });

  test("tells what it cannot do in a line, and changes nothing", () => {
    mkdirSync("empty");
    generated("gen/app");
    writeFileSync("broken.ts", "export const resolvers = {");
    writeFileSync("bytes.ts", Buffer.from([0x2f, 0x2f, 0xff, 0x0a]));
    const faults: [string[], string][] = [
      [[], "init-resolvers needs the file to write, as in init-resolvers resolvers.ts"],
      [["a.ts", "b.ts"], 'init-resolvers writes one file, not also "b.ts"'],
      [["resolvers.js"], '"resolvers.js" is no TypeScript file: name one that ends in .ts'],
      [["a.ts", "--form", "x"], "Unknown option '--form'"],
      [["a.ts", "--from", "nowhere"], 'there is no "nowhere"'],
      [["a.ts", "--from", "empty"], "no generated code in empty asks for resolvers"],
      [["broken.ts"], "broken.ts:1:27: '}' expected.\nbroken.ts is unchanged; it needs cardNote, ownerName"],
      [["bytes.ts"], "bytes.ts is not UTF-8"],
      [["gen"], '"gen" is no TypeScript file'],
    ];
    for (const [args, said] of faults) {
      const { exitCode, stdout, stderr } = init(...args);
      expect([args, exitCode, stdout]).toEqual([args, 1, ""]);
      expect(stderr).toContain(said);
      expect(stderr).not.toContain("    at ");
    }
    expect(read("broken.ts")).toBe("export const resolvers = {");
    expect(relative(dir, process.cwd())).toBe("");
  });
});
