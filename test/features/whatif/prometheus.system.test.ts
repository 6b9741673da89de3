// Histograms of a real server's metrics, as Prometheus itself answers about them. Needs prometheus (Debian: prometheus).
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readPrometheus, type World } from "@protobff/replay/whatif";
import { expect, onTestFinished, test } from "vitest";
import { freePort } from "../../../runtime/src/testing/ports.ts";

const CALL = 'rpc_method="a.v1.A/Get",upstream="a.v1.A",branch=""';
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1];
/** Calls up to each bound, and without a bound, of 100. */
const BELOW = [10, 50, 90, 95, 99, 100];
let scrapes = 0;

/** Metrics of a server that answers a hundred calls, one of them with an error, between two scrapes. */
function metrics(): string {
  scrapes++;
  const ok = (count: number): number => count * scrapes;
  const name = "rpc_client_call_duration_seconds";
  return [
    `# TYPE ${name} histogram`,
    ...[...BOUNDS, "+Inf"].map(
      (le, i) => `${name}_bucket{${CALL},rpc_response_status_code="OK",le="${le}"} ${ok(BELOW[i] ?? 0)}`,
    ),
    `${name}_count{${CALL},rpc_response_status_code="OK"} ${ok(100)}`,
    `${name}_count{${CALL},rpc_response_status_code="INTERNAL"} ${ok(1)}`,
    "# TYPE rpc_server_call_duration_seconds histogram",
    `rpc_server_call_duration_seconds_count{rpc_method="web.v1.Web/Get",rpc_response_status_code="OK"} ${ok(10)}`,
    "",
  ].join("\n");
}

test("Prometheus gives latencies, errors and rates", async () => {
  const server = createServer((_, response) =>
    response.setHeader("content-type", "text/plain; version=0.0.4").end(metrics()),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const folder = mkdtempSync(join(tmpdir(), "protobff-prometheus-"));
  const target = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const config = `global: { scrape_interval: 200ms }\nscrape_configs: [{ job_name: bff, static_configs: [{ targets: ["${target}"] }] }]\n`;
  writeFileSync(join(folder, "prometheus.yml"), config);
  const port = await freePort();
  const args = [
    `--config.file=${folder}/prometheus.yml`,
    `--storage.tsdb.path=${folder}/data`,
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  const child = spawn("prometheus", args, { stdio: "ignore" });
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await once(child, "exit");
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const query = async (text: string): Promise<unknown> =>
    (await fetch(`http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(text)}`)).json();
  const world = (): Promise<World | undefined> => readPrometheus(query, "1m").catch(() => undefined);
  let found: World | undefined;
  while (found === undefined || found.rpcs.size === 0) found = await world();
  const call = found.calls.get("a.v1.A/Get");
  expect(call?.errors).toBeCloseTo(1 / 101, 3);
  expect(call?.code).toBe(13);
  expect(call?.latency(0.5)).toBeCloseTo(10, 0);
  expect(call?.latency(0.9)).toBeCloseTo(25, 0);
  expect(call?.latency(0.95)).toBeCloseTo(50, 0);
  expect(found.rpcs.get("web.v1.Web/Get")?.rate).toBeGreaterThan(0);
  await expect(readPrometheus(query, "0s")).rejects.toThrow("Prometheus does not answer the query: ");
});
