// Holds docs/runtime.md#caching
import { spawn } from "node:child_process";
import { once } from "node:events";
import * as http2 from "node:http2";
import { fileURLToPath } from "node:url";
import { compiled } from "@protobff/runtime/internal/testing/compile-cache";
import { expect, onTestFinished, test } from "vitest";

const PROGRAM = fileURLToPath(new URL("../testing/test-purges.ts", import.meta.url));
const TOKEN = "0123456789abcdef";

/** Starts a server, and returns the addresses of its ports. */
async function started(workers: number) {
  const variables = { HOST: "127.0.0.1", PORT: "0", BFF_ADMIN_PORT: "0", BFF_WORKERS: `${workers}` };
  const env = { ...compiled, ...variables, BFF_PURGE_TOKEN: TOKEN };
  const child = spawn(process.execPath, [PROGRAM], { env, stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  let out = "";
  while (!out.includes("\n")) out += String((await once(child.stdout, "data"))[0]);
  const [url = "", admin = ""] = [...out.matchAll(/http:\/\/127\.0\.0\.1:\d+/g)].map(([address]) => address);
  return { url, admin };
}

/** Sends a request on a connection of its own, which one of the workers serves. */
async function get(url: string, value: string): Promise<string> {
  const session = http2.connect(url);
  onTestFinished(() => session.destroy());
  const headers = { ":method": "POST", ":path": "/echo.v1.EchoService/Echo", "content-type": "application/json" };
  const stream = session.request(headers).end(JSON.stringify(value));
  let text = "";
  for await (const chunk of stream) text += String(chunk);
  return JSON.parse(text) as string;
}

const purge = (admin: string, tag: string) =>
  fetch(`${admin}/purge`, {
    method: "POST",
    headers: { authorization: `Bearer ${TOKEN}` },
    body: JSON.stringify({ tags: [tag] }),
  });

/** Answers of ten requests, without their numbers: of each worker, one. */
const all = async (url: string): Promise<Set<string>> =>
  new Set(await Promise.all(Array.from({ length: 10 }, () => get(url, "a"))));

test.each([1, 2])("a purge reaches all %i processes of a port", async (workers) => {
  const { url, admin } = await started(workers);
  const before = await all(url);
  expect(before.size).toBe(workers);
  expect(await all(url)).toEqual(before);
  expect((await purge(admin, "value:b")).status).toBe(200);
  expect(await all(url)).toEqual(before);
  const response = await purge(admin, "value:a");
  expect([response.status, await response.json()]).toEqual([200, { purged: 1 }]);
  const after = await all(url);
  expect(after.size).toBe(workers);
  expect(after.isDisjointFrom(before)).toBe(true);
  const metrics = await (await fetch(`${admin}/metrics`)).text();
  expect(metrics).toContain(`bff_cache_purges_total{source="admin"} ${2 * workers}`);
});
