// `protobff plan whatif` in a separate project.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../../../cli/src/testing/run.ts";
import { PROTOS } from "../../../plugin/src/package/protos.ts";
import { fanOut } from "./played-bff.ts";

/** Below the repository, so that the project finds its packages. */
const folder = fileURLToPath(new URL(`../../.generated/whatif-command-${process.pid}`, import.meta.url));
const LATENCIES = { rpcs: { "*": { rate: 50 } }, calls: { "*": { p50: "20ms", p99: "90ms" } } };
const PLUGINS = `
plugins:
  - { local: protoc-gen-es, out: gen, opt: [target=ts, import_extension=ts, erasable_syntax=true, "map_imports=bff/v1/:@protobff/messages"] }
  - { local: protoc-gen-bff, out: gen, strategy: all, opt: [import_extension=ts, "map_imports=bff/v1/:@protobff/messages"] }
`;

beforeAll(() => {
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  for (const [path, text] of Object.entries({ ...PROTOS, ...fanOut(2) })) write(`proto/${path}`, text);
  write("buf.yaml", "version: v2\nmodules: [{ path: proto }]\n");
  write("buf.gen.yaml", `version: v2\ninputs: [{ directory: ., exclude_paths: [proto/bff] }]${PLUGINS}`);
  write("package.json", '{ "type": "module" }');
  write("l.json", JSON.stringify(LATENCIES));
  write("norate.json", JSON.stringify({ calls: LATENCIES.calls }));
  write("tail.json", JSON.stringify({ ...LATENCIES, calls: { "*": { p50: "20ms", p99: "800ms" } } }));
  write("empty.json", "{}");
  write("few.json", JSON.stringify({ ...LATENCIES, calls: { "up.v1.Up1": { p50: "1ms" } } }));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const whatIf = (...args: readonly string[]) =>
  run(["plan", "whatif", "--latencies", "l.json", "--requests", "300", "--runs", "3", ...args], folder);

test("a change is predicted beside the present", async () => {
  const { stdout, stderr, exitCode } = await whatIf("--set", "up.v1.Up0: latency ×3", "--set", "up.v1: timeout 200ms");
  expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
  expect(stdout).toMatch(/^gen\/web\.proto: \d+ requests\nrpc +requests\/s +p50 ms +p99 ms +degraded +failed\n/);
  expect(stdout).toMatch(/web\.v1\.Web\/GetPage +\S+ +\S+ ± \S+ → \S+ ± \S+ /);
  expect(stdout).toMatch(/UNAVAILABLE|DEADLINE_EXCEEDED from up\.v1\.Up0\/Get 0 % → /);
  expect(readdirSync(folder).filter((name) => name.startsWith(".protobff"))).toEqual([]);
});
test("JSON has every value", async () => {
  const { stdout } = await whatIf("--json", "--set", "up.v1: latency ×2");
  const [{ before, after }] = JSON.parse(stdout).files;
  expect(before.rpcs[0].rpc).toBe("web.v1.Web/GetPage");
  expect(after.rpcs[0].p50.value / before.rpcs[0].p50.value).toBeCloseTo(2, 1);
});
test("a rate shows what settings mean, as text and as JSON", async () => {
  const { stdout, stderr, exitCode } = await run(["plan", "--rate", "6", "--instances", "12"], folder);
  expect([stderr, exitCode]).toEqual(["", 0]);
  expect(stdout).toMatch(/^6 requests\/s of each rpc, 12 processes\n\nup\.v1\.Up0\n {2}calls {6}at worst 6\/s\n/);
  expect(stdout).toContain(
    "5 samples per window of a process; opens by calls that fail in a row, after 10 s of failures",
  );
  const json = JSON.parse((await run(["plan", "--rate", "6", "--instances", "12", "--json"], folder)).stdout);
  expect(json).toMatchObject({ rate: 6, instances: 12, upstreams: [{ upstream: "up.v1.Up0", in_flight: 12_000 }, {}] });
  const alone = await run(["plan", "--instances", "12"], folder);
  expect([alone.exitCode, alone.stderr]).toEqual([2, expect.stringContaining("add --rate")]);
});
test("the plan has a p99 of each rpc, and the share beyond the p99 of its calls", async () => {
  const { stdout, stderr } = await run(
    ["plan", "--latencies", "norate.json", "--requests", "2000", "--runs", "2"],
    folder,
  );
  expect(stderr).toBe("");
  const [, share] = /^gen\/web\.proto\nrpc .*\nweb\.v1\.Web\/GetPage .* (\S+) ± \S+ % > 90\.0 ms\n$/.exec(stdout) ?? [];
  expect(Number(share)).toBeGreaterThan(0.5); // 1 - 0.99 ** 2 = 2 %
  expect(Number(share)).toBeLessThan(4);
});
test("tune prints options that a second run predicts to be faster", async () => {
  const args = ["plan", "tune", "--latencies", "tail.json", "--requests", "600", "--runs", "3", "--more-calls", "20%"];
  const { stdout, stderr } = await run(args, folder);
  expect(stderr).toBe("");
  expect(stdout).toMatch(
    /^\(bff\.v1\.file\)\n\+ upstream: \{ service: "up\.v1\.Up[01]" method: "Get" hedge: \{ delay: "\d+ms" \} \}\n/,
  );
  const [, before, after] = /GetPage +\S+ +.*? (\d+) ± \d+(?:\.\d+)? → (\d+)(?:\.\d+)? ± \S+ +\S+ %/.exec(stdout) ?? [];
  expect(Number(after)).toBeLessThan(Number(before));
});
test.each([
  [["--set", "up.v2: timeout 1s"], 'nothing in the plan is "up.v2": did you mean "up.v1"?'],
  [["--set", "up.v2: latency ×2"], 'no rpc with a latency is "up.v2": there are up.v1.Up0/Get, up.v1.Up1/Get'],
  [["--set", "latency"], 'the change "latency" is malformed'],
  [["--latencies", "empty.json"], "no rpc of the project has a rate"],
  [["--latencies", "few.json"], 'there is no latency of up.v1.Up0/Get: add "up.v1.Up0/Get" to "calls"'],
  [["--latencies", "none.json"], "none.json cannot be read"],
  [["--runs", "400"], "--requests 300 is below --runs 400"],
])("%j is refused", async (args, fault) => {
  const { stderr, exitCode } = await whatIf(...args);
  expect(stderr).toContain(fault);
  expect(exitCode).toBe(2);
});
