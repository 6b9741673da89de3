// Holds docs/runtime.md#caching
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { StringValue } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { freePort } from "@protobff/runtime/internal/testing/ports";
import { expect, it, onTestFinished } from "vitest";
import { listen } from "./listen.ts";
import { EchoService, echoEndpoint } from "./testing/test-echo.ts";

// A server's second cache level: a real redis-server, named by REDIS_URL.

const PROGRAM = fileURLToPath(new URL("./testing/test-server.ts", import.meta.url));

/** Starts a program and resolves with what it printed when that matches. */
async function printed(command: string, args: string[], env: Record<string, string>, expected: RegExp) {
  const child = spawn(command, args, { env: { PATH: process.env.PATH, ...env }, stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  let text = "";
  for await (const chunk of child.stdout as NodeJS.ReadableStream) {
    text += String(chunk);
    const match = expected.exec(text);
    if (match !== null) return { child, match };
  }
  throw new Error(`${command} ended: ${text}`);
}
async function upstream() {
  let count = 0;
  const answer = async (request: StringValue) => ({ ...request, value: `${request.value} ${++count}` });
  const server = await listen([echoEndpoint(answer)]);
  onTestFinished(() => server.close(0));
  return server.url;
}
async function bff(url: string, redisPort: number) {
  const env = {
    HOST: "127.0.0.1",
    PORT: "0",
    TTL_MS: "60000",
    ECHO_V1_ECHOSERVICE_URL: url,
    REDIS_URL: `redis://127.0.0.1:${redisPort}`,
  };
  const { child, match } = await printed(process.execPath, [PROGRAM], env, /^listening on (.*)\n/);
  const client = createClient(EchoService, createGrpcTransport({ baseUrl: String(match[1]) }));
  const echo = async (value: string) => (await client.echo({ value })).value;
  const stop = async () => {
    child.kill("SIGTERM");
    return (await once(child, "exit"))[0];
  };
  return { echo, stop };
}

it("servers share answers through Redis, and stop", async () => {
  const redisPort = await freePort();
  await printed("redis-server", ["--port", `${redisPort}`, "--save", ""], {}, /Ready to accept connections/);
  const url = await upstream();
  const item = await bff(url, redisPort);
  const two = await bff(url, redisPort);
  let shared = false;
  for (let i = 0; i < 1_000 && !shared; i++) {
    // until both have connected
    const first = await item.echo(`${i}`);
    shared = (await two.echo(`${i}`)) === first;
  }
  expect(shared).toBe(true);
  expect([await item.stop(), await two.stop()]).toEqual([0, 0]);
});

it("servers run without Redis, and stop", async () => {
  const { echo, stop } = await bff(await upstream(), await freePort());
  expect(await echo("a")).toBe("hi a 1");
  expect(await echo("a")).toBe("hi a 1"); // from the first level
  expect(await stop()).toBe(0);
});
