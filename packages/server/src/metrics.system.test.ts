// What a server shows is held against Prometheus: its linter, and the server itself, which scrapes under load and is asked what it has read.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort, listens } from "@protobff/runtime/internal/testing/ports";
import { expect, it, onTestFinished } from "vitest";
import { listen } from "./listen.ts";
import { echoEndpoint } from "./testing/test-echo.ts";

const PROGRAM = fileURLToPath(new URL("./testing/test-server.ts", import.meta.url));

async function served() {
  const upstream = await listen([echoEndpoint()]);
  onTestFinished(() => upstream.close(0));
  const env = { HOST: "127.0.0.1", PORT: "0", BFF_ADMIN_PORT: "0", ECHO_V1_ECHOSERVICE_URL: upstream.url };
  const child = spawn(process.execPath, [PROGRAM], { env, stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [line] = await once(child.stdout, "data");
  const [, url = "", metrics = ""] = /on (\S+) \(metrics: (\S+)\)/.exec(String(line)) ?? [];
  const send = async (body: string): Promise<number> => {
    const headers = { "content-type": "application/json" };
    return (await fetch(`${url}/echo.v1.EchoService/Echo`, { method: "POST", headers, body })).status;
  };
  return { metrics, send: send };
}

async function prometheus(target: string): Promise<(query: string) => Promise<readonly PromSample[]>> {
  const folder = mkdtempSync(join(tmpdir(), "prometheus-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const port = await freePort();
  const jobs = [{ job_name: "bff", scrape_interval: "200ms", static_configs: [{ targets: [new URL(target).host] }] }];
  writeFileSync(join(folder, "prometheus.yml"), JSON.stringify({ scrape_configs: jobs })); // JSON is YAML
  const flags = [`--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`];
  const child = spawn("prometheus", [...flags, `--web.listen-address=127.0.0.1:${port}`, "--log.level=error"], {
    stdio: "inherit",
  });
  onTestFinished(async () => {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  });
  await listens(port, child);
  return async (query) => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(query)}`);
    if (!response.ok) return []; // it is still starting
    const { data } = (await response.json()) as { readonly data: { readonly result: readonly PromSample[] } };
    return data.result;
  };
}
interface PromSample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

it("promtool accepts the metrics without complaint", async () => {
  const { metrics, send } = await served();
  expect([await send('"a"'), await send("no")]).toEqual([200, 400]);
  const input = await (await fetch(metrics)).text();
  expect(input).toContain('bff_meter_letters_total{rpc_method="echo.v1.EchoService/Echo",long="true"} 0');
  expect(execFileSync("promtool", ["check", "metrics"], { input, encoding: "utf8" })).toBe("");
});

it("Prometheus scrapes the metrics under load, as OpenMetrics, with exact counts", {
  timeout: 60_000,
}, async () => {
  const { metrics, send } = await served();
  const query = await prometheus(metrics);
  const value = async (of: string): Promise<number> => Number((await query(of))[0]?.value[1] ?? 0);
  let sent = 0;
  // Until it has scraped while requests ran, and then some.
  while ((await value('rpc_server_call_duration_seconds_count{rpc_response_status_code="OK"}')) < 200) {
    const all = await Promise.all(Array.from({ length: 50 }, () => send('"a"')));
    sent += all.filter((status) => status === 200).length;
  }
  for (let i = 0; i < 7; i++) await send("no");
  const counted = 'rpc_server_call_duration_seconds_count{rpc_response_status_code="INVALID_ARGUMENT"}';
  while ((await value(counted)) < 7);
  const method = 'rpc_method="echo.v1.EchoService/Echo"';
  const ok = `${method},rpc_response_status_code="OK"`;
  expect(await value(`rpc_server_call_duration_seconds_count{${ok}}`)).toBe(sent);
  expect(await value(`rpc_server_call_duration_seconds_bucket{${ok},le="+Inf"}`)).toBe(sent);
  expect(await value(`rpc_client_call_duration_seconds_count{${ok},upstream="echo.v1.EchoService"}`)).toBe(sent);
  expect(await value(`bff_attempts_total{${method},kind="first",outcome="ok"}`)).toBe(sent);
  expect(await value(counted)).toBe(7);
  // The JSON of requests is "a" and no, that of answers "hi a"; the upstream gets and sends a field with one character.
  expect(await value(`bff_request_bytes_total{${method}}`)).toBe(3 * sent + 2 * 7);
  expect(await value(`bff_response_bytes_total{${method}}`)).toBe(6 * sent);
  expect(await value(`bff_call_request_bytes_total{${method}}`)).toBe(3 * sent);
  expect(await value(`bff_call_response_bytes_total{${method}}`)).toBe(3 * sent);
  // Both series of the meter began with 0, and the answer "hi a" has four letters.
  expect(await value(`bff_meter_letters_total{${method},long="false"}`)).toBe(4 * sent);
  expect(await value(`count(bff_meter_letters_total{${method},long="true"} == 0)`)).toBe(1);
  const p50 = await value(`histogram_quantile(0.5, sum by (le) (rpc_server_call_duration_seconds_bucket{${ok}}))`);
  expect(p50).toBeGreaterThan(0);
  expect(await value("up")).toBe(1);
  expect(await value("process_resident_memory_bytes")).toBeGreaterThan(1e7);
});
