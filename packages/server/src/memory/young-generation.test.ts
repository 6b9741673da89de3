import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

// V8's flags are the process': each case is one of its own.

const MODULE = new URL("./young-generation.ts", import.meta.url).href;
const SERVER = fileURLToPath(new URL("../testing/test-server.ts", import.meta.url));
const run = promisify(execFile);
/** V8 keeps a little of each page for itself. */
const mib = (bytes: number): number => Math.round(bytes / 2 ** 20);

/** What the program prints. */
async function printed(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  const { stdout } = await run(process.execPath, args, { env: { PATH: process.env.PATH, ...env }, timeout: 60_000 });
  return stdout;
}

/** Garbage of which much survives, as under load; more of it while V8, which grows as it sees fit, is below 8 MiB. */
const CHURN = `
const { boundYoungGeneration, youngBytes } = await import(${JSON.stringify(MODULE)});
const { setImmediate } = await import("node:timers/promises");
const most = async () => {
  let kept = [], bytes = 0;
  for (let i = 0; i < 1_000_000 || (bytes < 7.6 * 2 ** 20 && i < 10_000_000); i++) {
    kept.push({ i, of: [i] });
    if (kept.length > 20_000) kept = [];
    if (i % 1_000 === 0) bytes = Math.max(bytes, youngBytes(), await setImmediate(0));
  }
  return bytes;
};
const free = await most();
boundYoungGeneration(process);
console.log(JSON.stringify({ free, now: youngBytes(), bound: await most() }));
`;
const churned = async (args: readonly string[], env?: Readonly<Record<string, string>>) =>
  JSON.parse(await printed([...args, "--input-type=module", "-e", CHURN], env)) as {
    readonly free: number;
    readonly now: number;
    readonly bound: number;
  };

it.concurrent("the young generation may grow to 8 MiB per half again, whatever its size before", async () => {
  const { free, now, bound } = await churned([]);
  expect(mib(free)).toBeGreaterThanOrEqual(16);
  expect(mib(now)).toBeLessThanOrEqual(1);
  expect(mib(bound)).toBe(8);
});

it.concurrent("a size set at the start of Node is kept", async () => {
  expect(mib((await churned(["--max-semi-space-size=16"])).bound)).toBeGreaterThanOrEqual(16);
  const env = { NODE_OPTIONS: "--max_semi_space_size=16" };
  expect(mib((await churned([], env)).bound)).toBeGreaterThanOrEqual(16);
});

it.concurrent("servers set the size before they listen", async () => {
  const text = `
import { subscribe } from "node:diagnostics_channel";
import { youngBytes } from ${JSON.stringify(MODULE)};
subscribe("protobff.listening", () => { console.log(youngBytes()); process.exit(0); });`;
  const env = { HOST: "127.0.0.1", PORT: "0", ECHO_V1_ECHOSERVICE_URL: "http://127.0.0.1:1" };
  const output = await printed([`--import=data:text/javascript,${encodeURIComponent(text)}`, SERVER], env);
  expect(mib(Number(output))).toBeLessThanOrEqual(1);
});
