import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { goldenTexts } from "../../../../test/support/archive.ts";
import { run } from "../../testing/run.ts";

const golden = Object.entries(goldenTexts("emit/resolver-two-rpcs", "expected/app"));
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "protobff-"));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});
const init = (...args: string[]) => run(["init", "resolvers", ...args], dir);
const generated = (into: string) => {
  for (const [name, text] of golden) {
    mkdirSync(dirname(join(dir, into, name)), { recursive: true });
    writeFileSync(join(dir, into, name), text);
  }
};
const write = (name: string, content: string | Buffer) => writeFileSync(join(dir, name), content);
const read = (name: string) => readFileSync(join(dir, name), "utf8");

describe("protobff init resolvers", () => {
  test("a new file contains the resolvers of the generated code", async () => {
    generated("gen/app");
    expect(await init("src/resolvers.ts")).toEqual({
      exitCode: 0,
      stdout: "src/resolvers.ts is new, with 2 resolvers: cardNote, ownerName\n",
      stderr: "",
    });
    const text = read("src/resolvers.ts");
    expect(text).toContain('import type { AppResolvers } from "../gen/app/v1/app_bff.ts";\n');
    expect(text).toContain("  /** app.v1.Card.note */\n  cardNote: async () => {\n");
    expect((await init("src/resolvers.ts")).stdout).toBe("src/resolvers.ts has all resolvers\n");
    expect(read("src/resolvers.ts")).toBe(text);
  });

  test("missing resolvers are added, and obsolete ones are named", async () => {
    generated("gen/app");
    write("r.ts", "export const resolvers = {\n  cardNote: () => 'x',\n  old: 1,\n};\n");
    expect((await init("r.ts")).stdout).toBe(
      "r.ts has 1 resolver more: ownerName\nr.ts:3: nothing needs old any more\n",
    );
    expect(read("r.ts")).toMatch(
      /^export const resolvers = \{\n {2}cardNote: \(\) => 'x',\n {2}old: 1,\n {2}\/\*\* app\.v1\.Owner\.name \*\//,
    );
  });

  test("among several packages, --from or an existing import decides", async () => {
    generated("gen/app");
    generated("gen/other");
    const { exitCode, stderr } = await init("r.ts");
    expect(exitCode).toBe(1);
    expect(stderr).toBe(
      "several packages need resolvers, each in a separate file: choose one with --from, as in --from gen/app/v1\n  gen/app/v1\n  gen/other/v1\n",
    );
    expect((await init("r.ts", "--from", "gen/other/v1")).exitCode).toBe(0);
    expect(read("r.ts")).toContain('from "./gen/other/v1/app_bff.ts"');
    expect((await init("r.ts")).stdout).toBe("r.ts has all resolvers\n");
  });

  test("every failure has a one-line message, and changes nothing", async () => {
    mkdirSync(join(dir, "empty"));
    generated("gen/app");
    write("broken.ts", "export const resolvers = {");
    write("bytes.ts", Buffer.from([0x2f, 0x2f, 0xff, 0x0a]));
    const faults: [string[], 1 | 2, string][] = [
      [[], 2, "error: missing required argument 'file'"],
      [["a.ts", "b.ts"], 2, "error: too many arguments for 'resolvers'"],
      [["resolvers.js"], 1, '"resolvers.js" is no TypeScript file: name one that ends in .ts'],
      [["a.ts", "--form", "x"], 2, "error: unknown option '--form'\n(Did you mean --from?)"],
      [["a.ts", "--from", "nowhere"], 1, 'there is no "nowhere"'],
      [["a.ts", "--from", "empty"], 1, "no generated code in empty needs resolvers"],
      [["broken.ts"], 1, "broken.ts:1:27: '}' expected.\nbroken.ts is unchanged; it needs cardNote, ownerName"],
      [["bytes.ts"], 1, "bytes.ts is not UTF-8"],
      [["gen"], 1, '"gen" is no TypeScript file'],
    ];
    for (const [args, code, message] of faults) {
      const { exitCode, stdout, stderr } = await init(...args);
      expect([args, exitCode, stdout]).toEqual([args, code, ""]);
      expect(stderr).toContain(message);
      expect(stderr).not.toContain("    at ");
    }
    expect(read("broken.ts")).toBe("export const resolvers = {");
  });
});
