// Holds docs/deploying.md#bundles: its command bundles a server that runs without node_modules.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, matchesGlob } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { testCollector } from "../../../packages/server/src/testing/otlp-collector.ts";
import { LOADED_ON_DEMAND } from "../../../plugin/src/deploy/bundle.ts";

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
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const upstream = "http://127.0.0.1:9";
/** Starts the one file where no package is installed. */
function started(variables: Readonly<Record<string, string>>) {
  const urls = ["AGENT", "BILLING", "MEMORY", "NOTIFY", "USER"].map(
    (name) => [`${name}_V1_${name}SERVICE_URL`, upstream] as const,
  );
  const env = { ...Object.fromEntries(urls), ...variables, PATH: process.env.PATH, HOST: "127.0.0.1", PORT: "0" };
  const server = spawn(process.execPath, [join(folder, "server.mjs")], { env, cwd: folder, stdio: "pipe" });
  onTestFinished(() => void server.kill("SIGKILL"));
  return server;
}

test("a package that a variable needs and that is not installed is a fault of the configuration", async () => {
  const server = started({ REDIS_URL: "redis://127.0.0.1:9", BFF_STATE_REDIS_URL: "redis://127.0.0.1:9" });
  let printed = "";
  server.stdout.on("data", (chunk: Buffer) => (printed += chunk.toString()));
  server.stderr.on("data", (chunk: Buffer) => (printed += chunk.toString()));
  expect(await once(server, "close")).toEqual([2, null]);
  expect(printed).toContain(
    "@redis/client is not installed, which REDIS_URL needs; write npm install @redis/client@6\n",
  );
  expect(printed).not.toContain("ERR_MODULE_NOT_FOUND");
});

test("the one file of the page's command answers and sends traces without any package installed", async () => {
  const collector = await testCollector();
  onTestFinished(() => collector.close());
  const server = started({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: "10" });
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
