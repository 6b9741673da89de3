// The modules that a small BFF loads, counted by a loader hook. The ceilings only fall.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const RUNTIME = 316;
const SERVER = 521;
const SERVER_BYTES = 2_357_000;
const HOOK = `import { statSync, writeFileSync } from "node:fs";
import { registerHooks } from "node:module";
const files = new Map();
registerHooks({
  load(url, context, next) {
    if (url.startsWith("file:")) files.set(url, statSync(new URL(url)).size);
    return next(url, context);
  },
});
process.on("exit", () => writeFileSync(process.env.LOADED_MODULES, JSON.stringify([...files])));`;

/** Runs a program until it ends or prints a line, and returns the modules that it has loaded, with their bytes. */
async function loadedBy(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Map<string, number>> {
  const folder = mkdtempSync(join(tmpdir(), "protobff-loaded-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const LOADED_MODULES = join(folder, "modules.json");
  const hook = `data:text/javascript,${encodeURIComponent(HOOK)}`;
  const child = spawn(process.execPath, ["--import", hook, ...args], {
    cwd: root,
    env: { ...process.env, ...env, LOADED_MODULES },
    stdio: ["ignore", "pipe", "inherit"],
  });
  child.stdout.once("data", () => child.kill("SIGTERM"));
  expect(await once(child, "close")).toEqual([0, null]);
  return new Map(JSON.parse(readFileSync(LOADED_MODULES, "utf8")));
}
const bytes = (modules: ReadonlyMap<string, number>): number => [...modules.values()].reduce((a, b) => a + b, 0);
/** One module of each room that neither of the two needs. */
const FEATURES =
  /bufbuild\/re2|expressions\/index|samples\/|stream\/follow\.|topic\/topic\.|limits\/limits\.|usage-queue|call-source|follow-socket|reflection/;
const features = (modules: ReadonlyMap<string, number>): string[] =>
  [...modules.keys()].map((url) => fileURLToPath(url).slice(root.length)).filter((path) => FEATURES.test(path));

test("the runtime's main entry point", async () => {
  const modules = await loadedBy(["--input-type=module", "--eval", 'import "./runtime/src/index.ts";']);
  expect(modules.size).toBeLessThanOrEqual(RUNTIME);
  expect(features(modules)).toEqual([]);
});

test("a listening server without streams, topics, limits, expressions and reflection", async () => {
  const away = "http://127.0.0.1:1";
  const env = { HOST: "127.0.0.1", PORT: "0", AGENT_V1_AGENTSERVICE_URL: away, USER_V1_USERSERVICE_URL: away };
  const modules = await loadedBy(["generated/tv/v1/server.ts"], env);
  expect(modules.size).toBeLessThanOrEqual(SERVER);
  expect(bytes(modules)).toBeLessThanOrEqual(SERVER_BYTES);
  expect(features(modules)).toEqual([]);
});
