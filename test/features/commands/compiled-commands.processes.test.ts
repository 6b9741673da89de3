// What buf starts for every run keeps what Node has compiled of it, where Node keeps such things, and if it may.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";

const root = fileURLToPath(new URL("../../..", import.meta.url));
/** Each loads what it runs on. */
const COMMANDS: readonly [string, ...string[]][] = [
  ["plugin/bin/protoc-gen-bff.js"],
  ["cli/bin/buf-plugin-bff.js", "--spec"],
  ["cli/bin/protobff.js", "--version"],
];
/** As in versions of Node that are too old: they are to be told so, which a module that cannot be linked does not do. */
const WITHOUT = `
import module from "node:module";
const without = "data:text/javascript,export default {}";
const { registerHooks } = module;
registerHooks({
  resolve: (name, context, next) =>
    name === "node:module" && context.parentURL?.includes("/bin/") ? { url: without, shortCircuit: true } : next(name, context),
});
`;

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "protobff-compiled-"));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}
function run([bin, ...args]: readonly [string, ...string[]], env: NodeJS.ProcessEnv, before: readonly string[] = []) {
  const { NODE_COMPILE_CACHE: _, NODE_DISABLE_COMPILE_CACHE: __, ...ours } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [...before, join(root, bin), ...args], {
    input: "",
    env: { ...ours, ...env },
  });
  return { status, stdout: stdout.toString("latin1"), stderr: stderr.toString() };
}

describe.each(COMMANDS)("%s", (...command) => {
  const kept = (tmp: string): number => {
    const found = join(tmp, "node-compile-cache");
    return existsSync(found) ? readdirSync(found, { recursive: true }).length : 0;
  };
  test("stores its compiled code unless the cache is disabled", () => {
    const tmp = folder();
    const disabled = run(command, { TMPDIR: tmp, NODE_DISABLE_COMPILE_CACHE: "1" });
    expect(disabled).toMatchObject({ status: 0, stderr: "" });
    expect(kept(tmp)).toBe(0);
    expect(run(command, { TMPDIR: tmp })).toEqual(disabled);
    expect(kept(tmp)).toBeGreaterThan(10);
    expect(run(command, { TMPDIR: tmp })).toEqual(disabled);
  });
  test("works without a writable cache and on a Node without a compile cache", () => {
    const tmp = folder();
    const file = join(tmp, "file");
    writeFileSync(file, "");
    const fine = run(command, { TMPDIR: tmp, NODE_DISABLE_COMPILE_CACHE: "1" });
    expect(run(command, { TMPDIR: file })).toEqual(fine);
    const hooks = join(tmp, "hooks.mjs");
    writeFileSync(hooks, WITHOUT);
    expect(run(command, { TMPDIR: tmp }, ["--import", pathToFileURL(hooks).href])).toEqual(fine);
  });
});
