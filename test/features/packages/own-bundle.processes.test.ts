// Holds docs/deploying.md#bundles: its commands bundle a server that runs without node_modules.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, matchesGlob } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { LOADED_ON_DEMAND } from "../../../packages/server/src/command/bff-bundle.ts";
import { testCollector } from "../../../packages/server/src/testing/otlp-collector.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const page = readFileSync(join(root, "docs/deploying.md"), "utf8");
const [command = ""] = /^npx esbuild [^`]*?(?=\n```)/m.exec(page) ?? [];
const words = command
  .replace(/\\\n|"/g, " ")
  .trim()
  .split(/\s+/)
  .slice(2);

test("the page's command leaves out each package that a server loads on demand", () => {
  const external = words.flatMap((word) => /^--external:(.*)$/.exec(word)?.[1] ?? []);
  const isExternal = (name: string): boolean => external.some((pattern) => matchesGlob(name, pattern));
  expect(LOADED_ON_DEMAND.filter((name) => !isExternal(name))).toEqual([]);
});

const folder = mkdtempSync(join(tmpdir(), "protobff-bundle-"));
beforeAll(() => {
  const options = words.map((word) => word.replace("gen/", "generated/").replace("--outfile=", `--outfile=${folder}/`));
  execFileSync(join(root, "node_modules/.bin/esbuild"), [...options, "--log-level=error"], { cwd: root });
  expect(bffBundle("generated/web/v1/server.ts", join(folder, "bundle"))).toEqual([0, "", ""]);
  writeFileSync(join(folder, "bundle/package.json"), '{ "type": "module" }');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs `bff-bundle`, and returns its exit code and what it has printed. */
function bffBundle(...args: readonly string[]): [number | null, string, string] {
  const program = join(root, "packages/server/bin/bff-bundle.js");
  const options = { cwd: root, encoding: "utf8" } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], options);
  return [status, stdout, stderr];
}

const upstream = "http://127.0.0.1:9";
/** Starts a bundle where no package is installed. */
function started(program: string, variables: Readonly<Record<string, string>>) {
  const urls = ["AGENT", "BILLING", "MEMORY", "NOTIFY", "USER"].map(
    (name) => [`${name}_V1_${name}SERVICE_URL`, upstream] as const,
  );
  const env = { ...Object.fromEntries(urls), ...variables, PATH: process.env.PATH, HOST: "127.0.0.1", PORT: "0" };
  const server = spawn(process.execPath, [join(folder, program)], { env, cwd: folder, stdio: "pipe" });
  onTestFinished(() => void server.kill("SIGKILL"));
  return server;
}

test("a package that a variable needs and that is not installed is a fault of the configuration", async () => {
  const server = started("server.mjs", {
    REDIS_URL: "redis://127.0.0.1:9",
    BFF_STATE_REDIS_URL: "redis://127.0.0.1:9",
  });
  let printed = "";
  server.stdout.on("data", (chunk: Buffer) => (printed += chunk.toString()));
  server.stderr.on("data", (chunk: Buffer) => (printed += chunk.toString()));
  expect(await once(server, "close")).toEqual([2, null]);
  expect(printed).toContain(
    "@redis/client is not installed, which REDIS_URL needs; write npm install @redis/client@6\n",
  );
  expect(printed).not.toContain("ERR_MODULE_NOT_FOUND");
});

test.each([
  ["the one file of the page's command", "server.mjs", {}],
  ["what bff-bundle writes", "bundle/server.js", {}],
  ["what bff-bundle writes, in two processes,", "bundle/server.js", { BFF_WORKERS: "2" }],
])("%s answers and sends traces without any package installed", async (_, program, variables) => {
  const collector = await testCollector();
  onTestFinished(() => collector.close());
  const server = started(program, {
    ...variables,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_BSP_SCHEDULE_DELAY: "10",
  });
  let printed = "";
  const address = new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      printed += chunk.toString();
      const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(printed.replaceAll(upstream, "")) ?? [];
      if (url !== undefined) resolve(url);
    };
    server.stdout.on("data", read);
    server.stderr.on("data", read);
    server.once("exit", () => reject(new Error(printed)));
  });
  const url = await address;
  expect(await (await fetch(`${url}/healthz`)).text()).toContain("ok");
  const answer = await fetch(`${url}/web.v1.DashboardService/GetDashboard`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
  });
  expect([answer.headers.get("content-type"), JSON.parse(await answer.text())]).toEqual([
    "application/json",
    expect.any(Object),
  ]);
  const name = "web.v1.DashboardService/GetDashboard";
  expect((await collector.spans(1)).map((span) => span.name)).toContain(name);
  expect(printed.match(/listening|cannot start/g)).toEqual(["listening"]);
  const ended = once(server, "exit");
  server.kill("SIGTERM");
  expect(await ended).toEqual([0, null]);
});

test("a start of what bff-bundle writes loads few files", () => {
  const loaded = new Set([
    readFileSync(join(folder, "bundle/server.js"), "utf8").match(/server_main-\w+\.js/)?.[0] ?? "",
  ]);
  for (const file of loaded)
    for (const [, next = ""] of readFileSync(join(folder, "bundle", file), "utf8").matchAll(
      /^(?:import|\}).*"\.\/(.*)";$/gm,
    ))
      loaded.add(next);
  expect(loaded.size).toBeLessThanOrEqual(10);
  expect([...loaded]).not.toContain("");
});

test("bff-bundle names wrong arguments and missing programs", () => {
  expect(bffBundle()).toEqual([2, "", expect.stringContaining("npx -p esbuild bff-bundle <program> <folder>\n")]);
  expect(bffBundle("--help")).toEqual([0, expect.stringContaining("<program> <folder>\n"), ""]);
  const [code, , errors] = bffBundle("generated/nothing.ts", join(folder, "nothing"));
  expect([code, errors]).toEqual([1, expect.stringContaining('Could not resolve "generated/nothing.ts"')]);
});
