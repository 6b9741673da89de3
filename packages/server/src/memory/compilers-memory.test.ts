import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

// V8's flags are the process': each case is one of its own.

const MODULE = new URL("./compilers-memory.ts", import.meta.url).href;
const SERVER = fileURLToPath(new URL("../testing/test-server.ts", import.meta.url));
const run = promisify(execFile);

/** 300 functions that become hot together, as those of a server do with its first requests. */
const HOT = `
const lines = Array.from({ length: 60 }, (_, i) => "s += o.a" + (i % 7) + " * " + i + " + (o.b" + (i % 5) + " ^ s);").join("\\n");
const many = Array.from({ length: 300 }, (_, i) => new Function("o", "let s = " + i + ";" + lines + "return s;"));
const o = Object.fromEntries([..."0123456"].flatMap((n) => [["a" + n, 1], ["b" + n, 2]]));
const turn = () => new Promise((resolve) => setImmediate(resolve));
for (let i = 0; i < 700; i++) {
  for (const f of many) f(o);
  if (i % 100 === 0) await turn();
}
const { getHeapStatistics } = await import("node:v8");
console.log(getHeapStatistics().peak_malloced_memory);
`;
/** The most that V8 held beside its heap, in MiB. */
async function peak(before: string): Promise<number> {
  const args = ["--input-type=module", "-e", before + HOT];
  const { stdout, stderr } = await run(process.execPath, args, { timeout: 60_000 });
  expect(stderr).toBe("");
  return Number(stdout) / 2 ** 20;
}

it.concurrent("memory of finished compilations is freed while other functions wait", async () => {
  const free = await peak("");
  const bound = await peak(`(await import(${JSON.stringify(MODULE)})).freeAfterCompiling();`);
  expect(bound).toBeLessThan(Math.max(free / 2, 10)); // about 20 of 95; where V8 has no Maglev, as in Node 22, 1 of 1
}, 60_000);

it.concurrent("servers free the memory of compilations", async () => {
  const program = `
import v8 from "node:v8";
import { syncBuiltinESMExports } from "node:module";
const set = v8.setFlagsFromString;
v8.setFlagsFromString = (flag) => { if (flag.includes("maglev")) console.log(flag); set(flag); };
syncBuiltinESMExports();
(await import("node:diagnostics_channel")).subscribe("protobff.listening", () => process.exit(0));`;
  const env = {
    PATH: process.env.PATH,
    HOST: "127.0.0.1",
    PORT: "0",
    ECHO_V1_ECHOSERVICE_URL: "http://127.0.0.1:1",
  };
  const args = [`--import=data:text/javascript,${encodeURIComponent(program)}`, SERVER];
  const { stdout } = await run(process.execPath, args, { env, timeout: 60_000 });
  expect(stdout).toContain("--no-maglev-destroy-on-background");
}, 60_000);
