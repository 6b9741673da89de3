import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { compiled } from "@protobff/runtime/internal/testing/compile-cache";
import { expect, it, onTestFinished } from "vitest";
import { listen } from "../listen.ts";
import { EchoService, echoEndpoint } from "../testing/test-echo.ts";

const PROGRAM = fileURLToPath(new URL("../testing/test-server.ts", import.meta.url));
/** Modules of Node that take 3 to 13 MB each. */
const LARGE = ["internal/deps/undici/undici", "tls", "http2"];
const PRINT_LOADED = `process.on("exit", () => {
  const loaded = process.moduleLoadList.map((name) => name.replace("NativeModule ", ""));
  console.log(JSON.stringify(${JSON.stringify(LARGE)}.filter((name) => loaded.includes(name))));
});`;

/** Returns the large modules that a server has loaded when it ends, after one call. */
async function loadedBy(env: Readonly<Record<string, string>>): Promise<string[]> {
  const upstream = await listen([echoEndpoint((request) => Promise.resolve(request))]);
  onTestFinished(() => upstream.close(0));
  const preload = `--import=data:text/javascript,${encodeURIComponent(PRINT_LOADED)}`;
  const child = spawn(process.execPath, [preload, PROGRAM], {
    env: { ...compiled, HOST: "127.0.0.1", PORT: "0", ECHO_V1_ECHOSERVICE_URL: upstream.url, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const baseUrl = /http:\S+/.exec((await lines.next()).value ?? "")?.[0] ?? "";
  if (env.ECHO_V1_ECHOSERVICE_URL === undefined) {
    const { value } = await createClient(EchoService, createGrpcTransport({ baseUrl })).echo({ value: "Ada" });
    expect(value).toBe("hi Ada");
  }
  child.kill("SIGTERM");
  const printed = (await lines.next()).value ?? "";
  if (child.exitCode === null) await once(child, "exit");
  return JSON.parse(printed) as string[];
}

it("a server without TLS loads neither TLS, nor node:http2, nor undici", async () => {
  expect(await loadedBy({})).toEqual([]);
});
it("each is loaded by the servers that use it", async () => {
  expect(await loadedBy({ ECHO_V1_ECHOSERVICE_URL: "https://127.0.0.1:1" })).toEqual(["tls"]);
  expect(await loadedBy({ BFF_HTTP2: "node" })).toEqual(["tls", "http2"]);
});
