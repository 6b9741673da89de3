// The guide for agents: its example generates without a diagnostic, and its tests pass.
import { execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify, stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { functionNames } from "../../../plugin/src/language.ts";
import { runBuf } from "../project/buf.ts";
import { run } from "../testing/run.ts";
import { agentsGuide } from "./agents-guide.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const generated = join(root, "test/.generated");
let work = "";

beforeAll(async () => {
  mkdirSync(generated, { recursive: true });
  work = mkdtempSync(join(generated, "agents-"));
  const source = readFileSync(join(root, "cli/guide/AGENTS.md"), "utf8");
  for (const [, path = "", text = ""] of source.matchAll(/^```\w+ (\S+)\n(.*?)^```$/gms)) {
    mkdirSync(dirname(join(work, path)), { recursive: true });
    writeFileSync(join(work, path), text);
  }
  const example = readFileSync(join(work, "proto/shop/v1/shop.proto"));
  const tests = readFileSync(join(work, "test/shop.test.ts"));
  const args = ["init", ".", "--name", "shop", "--from", "upstream", "--rpc", "GetProduct", "--force"];
  expect(await run([...args, "--no-install", "--no-start", "--ci", "none"], work)).toMatchObject({ exitCode: 0 });
  writeFileSync(join(work, "proto/shop/v1/shop.proto"), example);
  writeFileSync(join(work, "test/shop.test.ts"), tests);
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

test("a new package has the guide, of at most 300 lines and 5,000 tokens of four characters", () => {
  const guide = readFileSync(join(work, "AGENTS.md"), "utf8");
  expect(guide).toBe(agentsGuide());
  expect(guide.split("\n").length).toBeLessThanOrEqual(300);
  expect(guide.length).toBeLessThanOrEqual(20_000);
  expect(guide).not.toMatch(/<!--|^```\w+ /m);
  for (const name of functionNames()) expect(guide).toContain(`${name.slice(name.lastIndexOf(".") + 1)}(`);
});

test("the example has no diagnostic, and its tests compile and pass", async () => {
  expect(await run(["check"], work)).toEqual({ exitCode: 0, stdout: "no diagnostics\n", stderr: "" });
  runBuf(["generate"], work);
  const bin = (name: string): string => join(root, "node_modules", name);
  const node = (...args: readonly string[]) => spawnSync(process.execPath, args, { cwd: work, encoding: "utf8" });
  const types = node(bin("typescript/bin/tsc"), "-p", ".");
  expect([types.stdout, types.status]).toEqual(["", 0]);
  const tests = node(bin("vitest/vitest.mjs"), "run", "--root", ".");
  expect(stripVTControlCharacters(tests.stdout)).toMatch(/Tests +5 passed/);
}, 120_000);

test("the guide's commands call a server of dev", async () => {
  const dev = spawn(process.execPath, [join(root, "cli/bin/protobff.js"), "dev", "--port", "0"], { cwd: work });
  try {
    let output = "";
    const [, token = "", address = ""] = await new Promise<RegExpExecArray>((resolve, reject) => {
      dev.once("exit", () => reject(new Error(`dev has ended: ${output}`)));
      for (const stream of [dev.stdout, dev.stderr])
        stream.on("data", (text: Buffer) => {
          output += text.toString();
          const found = /curl -s '(http[^']+)'\)" -d '[^']*' http:\/\/([\d.:]+)\//.exec(output);
          if (found !== null) resolve(found);
        });
    });
    const guide = agentsGuide();
    const [commands = ""] = /^curl [\s\S]*?(?=^```$)/m.exec(guide.slice(guide.indexOf("## Call it"))) ?? [];
    const env = { ...process.env, TOKEN: (await (await fetch(token)).text()).trim() };
    const typed = commands.replaceAll("localhost:8080", address).replaceAll(/^curl /gm, "curl -s ");
    const { stdout } = await promisify(execFile)("sh", ["-ec", typed], { env });
    expect(stdout).toMatch(/^\{"product":\{"id":"id-1","name":"title-1"[\s\S]*"greeting":"Hello dev"\}/);
    expect(stdout).toMatch(/data: \{"text":"text-1"[\s\S]*event: end\n/);
  } finally {
    dev.removeAllListeners("exit");
    dev.kill("SIGTERM");
    if (dev.exitCode === null) await once(dev, "exit");
  }
}, 60_000);

test("a package has no guide with --no-agents", async () => {
  const args = ["init", "bare", "--from", "upstream", "--rpc", "GetProduct", "--no-agents", "--dry-run"];
  const { stdout } = await run(args, work);
  expect(stdout).toContain("would write package.json\n");
  expect(stdout).not.toContain("AGENTS.md");
});
