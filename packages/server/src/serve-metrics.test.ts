import { type ChildProcess, spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { fileURLToPath } from "node:url";
import type { StringValue } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import type { Fault } from "@protobff/runtime/internal/failure";
import { compiled } from "@protobff/runtime/internal/testing/compile-cache";
import { GrpcClient } from "@protobff/runtime/internal/transport/grpc/grpc-client";
import { expect, it, onTestFinished } from "vitest";
import { listen } from "./listen.ts";
import { EchoService, echoEndpoint } from "./testing/test-echo.ts";

const PROGRAM = fileURLToPath(new URL("./testing/test-server.ts", import.meta.url));

interface Run {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly exited: Promise<{ code: number | null; stderr: string }>;
}

function run(env: Record<string, string>, ...options: string[]): Run {
  const all = { ...compiled, HOST: "127.0.0.1", PORT: "0", ...env };
  const child = spawn(process.execPath, [...options, PROGRAM], { env: all, stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk) => {
    out += chunk;
  });
  child.stderr.on("data", (chunk) => {
    err += chunk;
  });
  return { child, stdout: () => out, exited: once(child, "close").then(([code]) => ({ code, stderr: err })) };
}
async function up(env: Record<string, string>, ...options: string[]): Promise<Run> {
  const running = run(env, ...options);
  while (!running.stdout().includes("\n")) {
    const first = await Promise.race([once(running.child.stdout as EventEmitter, "data"), running.exited]);
    if (!Array.isArray(first)) throw new Error(`not up: ${first.stderr}`);
  }
  return running;
}

/** An upstream that answers when it is told to. */
async function upstream() {
  const requests = new EventEmitter();
  const released = Promise.withResolvers<void>();
  const server = await listen([
    echoEndpoint(async (request: StringValue) => {
      requests.emit("request");
      if (request.value === "late") await released.promise;
      return request;
    }),
  ]);
  onTestFinished(() => server.close(0));
  return { url: server.url, requested: () => once(requests, "request"), release: released.resolve };
}

const clientOf = (baseUrl: string) => createClient(EchoService, createGrpcTransport({ baseUrl }));
const textOf = async (url: string) => (await fetch(url)).text();

it("metrics are served at a separate port, until the last request is answered", async () => {
  const { url, requested, release } = await upstream();
  const { child, stdout, exited } = await up({ ECHO_V1_ECHOSERVICE_URL: url, BFF_ADMIN_PORT: "0" });
  const found = /^listening on (http:\/\/127\.0\.0\.1:\d+) \(metrics: (http:\/\/127\.0\.0\.1:\d+)\/metrics\)\n$/.exec(
    stdout(),
  );
  const [, labels = "", admin = ""] = found ?? [];
  const client = clientOf(labels);
  for (let i = 0; i < 5; i++) await client.echo({ value: "a" });
  const pending = requested();
  const late = client.echo({ value: "late" });
  await pending;
  const text = await textOf(`${admin}/metrics`);
  for (const line of [
    'rpc_server_call_duration_seconds_count{rpc_method="echo.v1.EchoService/Echo",rpc_response_status_code="OK"} 5',
    'rpc_client_call_duration_seconds_count{rpc_method="echo.v1.EchoService/Echo",upstream="echo.v1.EchoService",rpc_response_status_code="OK"} 5',
    'bff_requests_in_flight{rpc_method="echo.v1.EchoService/Echo"} 1',
    'bff_calls_in_flight{rpc_method="echo.v1.EchoService/Echo",upstream="echo.v1.EchoService"} 1',
    "bff_connections 1",
    "bff_connections_most 30000",
    "bff_followers 0",
    "bff_followers_most 20000",
    "bff_http_requests_total 6",
    "bff_ready 1",
  ])
    expect(text).toContain(`${line}\n`);
  expect((await fetch(`${labels}/metrics`)).status).toBe(404);

  child.kill("SIGTERM");
  while ((await textOf(`${admin}/readyz`)) !== "draining\n");
  expect(await textOf(`${admin}/metrics`)).toContain("bff_ready 0\n");
  release();
  expect((await late).value).toBe("hi late");
  expect((await exited).code).toBe(0);
});

it("the JSON line has the address of metrics, too", async () => {
  const { stdout } = await up({ ECHO_V1_ECHOSERVICE_URL: "http://127.0.0.1:1", BFF_ADMIN_PORT: "0", BFF_LOG: "json" });
  const line = JSON.parse(stdout());
  expect(Object.keys(line)).toEqual(["time", "event", "url", "metrics"]);
  expect(line.metrics).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
});

it("a port in use is one line, with exit code 1", async () => {
  const { port, close } = await listen([]);
  onTestFinished(() => close(0));
  const env = { ECHO_V1_ECHOSERVICE_URL: "http://127.0.0.1:1", BFF_ADMIN_PORT: String(port) };
  const { code, stderr } = await run(env).exited;
  expect(stderr).toBe(
    `echo.v1 cannot start: port ${port} of 127.0.0.1 is already in use; set BFF_ADMIN_PORT to another one (0 picks a free port)\n`,
  );
  expect(code).toBe(1);
});

it("no module of metrics is opened or loaded unless configured", async () => {
  const program = `import { registerHooks } from "node:module";
    registerHooks({ load: (url, context, next) => { if (/\\/(metrics\\/|explorer\\/|server\\/(admin|access-log))/.test(url)) process.stderr.write(url + "\\n"); return next(url, context); } });`;
  const loader = `data:text/javascript,${encodeURIComponent(program)}`;
  const env = { ECHO_V1_ECHOSERVICE_URL: "http://127.0.0.1:1" };
  const off = await up({ ...env, BFF_ADMIN_HOST: "127.0.0.1" }, "--import", loader);
  off.child.kill("SIGTERM");
  expect((await off.exited).stderr).toBe("");
  expect(off.stdout()).not.toContain("metrics");
  const on = await up({ ...env, BFF_ADMIN_PORT: "0" }, "--import", loader);
  on.child.kill("SIGTERM");
  expect((await on.exited).stderr).toContain("metrics.ts\n");
});

const linesOf = (text: string): string[] => text.split("\n").slice(1, -1);

it.each(["text", "json"])("each request is logged on standard output: %s", async (format) => {
  const { url } = await upstream();
  const env = { ECHO_V1_ECHOSERVICE_URL: url, BFF_ACCESS_LOG: "all", BFF_LOG: format };
  const { child, stdout, exited } = await up(env);
  const [labels = ""] = /http:\/\/127\.0\.0\.1:\d+/.exec(stdout()) ?? [];
  await clientOf(labels).echo({ value: "a" }, { headers: { "x-request-id": "r1" } });
  const body = { method: "POST", headers: { "content-type": "application/json" }, body: "no" };
  expect((await fetch(`${labels}/echo.v1.EchoService/Echo`, body)).status).toBe(400);
  child.kill("SIGTERM");
  await exited;
  const lines = linesOf(stdout());
  expect(lines).toHaveLength(2);
  if (format === "text") {
    expect(lines[0]).toMatch(/Z echo\.v1\.EchoService\/Echo OK [\d.]+ ms by grpc, 1 call, request r1$/);
    expect(lines[1]).toMatch(
      /Z echo\.v1\.EchoService\/Echo INVALID_ARGUMENT [\d.]+ ms by connect, 0 calls, request [0-9a-f]{16}$/,
    );
  } else {
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ event: "request", status: "OK", request_id: "r1", calls: 1 });
    expect(JSON.parse(lines[1] ?? "")).toMatchObject({
      event: "request",
      status: "INVALID_ARGUMENT",
      protocol: "connect",
    });
  }
});

it("the server answers even if the access log is not read", async () => {
  const { url } = await upstream();
  const { child, stdout, exited } = await up({ ECHO_V1_ECHOSERVICE_URL: url, BFF_ACCESS_LOG: "all", BFF_LOG: "json" });
  const [labels = ""] = /http:\/\/127\.0\.0\.1:\d+/.exec(stdout()) ?? [];
  child.stdout?.removeAllListeners("data").pause();
  const client = new GrpcClient(labels);
  onTestFinished(() => client.close());
  const headers = { "x-request-id": "r".repeat(128) };
  const echo = () =>
    new Promise<void>((answered, failed) => {
      const faulted = ({ message }: Fault) => failed(new Error(message));
      const reply = { replied: () => answered(), faulted };
      client.send("/echo.v1.EchoService/Echo", Buffer.from("\0\0\0\0\0"), 20_000, headers, 1, reply);
    });
  // Far more than a pipe, and this process, hold for who does not read.
  for (let i = 0; i < 45; i++) await Promise.all(Array.from({ length: 100 }, echo));
  expect((await textOf(`${labels}/readyz`)).trim()).toBe("ok");
  let rest = "";
  const read = child.stdout?.on("data", (chunk) => {
    rest += chunk;
  });
  read?.resume();
  await echo();
  child.kill("SIGTERM");
  expect((await exited).code).toBe(0);
  const lines = rest
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const lost = lines.filter(({ event, of }) => event === "lost" && of === "the access log");
  expect(lost.length).toBeGreaterThan(0);
  const lineCount = lines.filter(({ event }) => event === "request").length;
  expect(lineCount + lost.reduce((sum, { count }) => sum + count, 0)).toBe(4_501);
});

it("a replaced variable works until 1.0, and its line in the log names the new one", async () => {
  const url = "http://127.0.0.1:1";
  const old = { ECHO_V1_ECHOSERVICE_URL: url, BFF_ADMIN_PORT: "0", BFF_EXPLORER: "1" };
  const { child, stdout, exited } = await up(old);
  expect(stdout()).toContain("explorer: http://127.0.0.1:");
  child.kill("SIGTERM");
  expect((await exited).stderr).toMatch(
    /^\S+ BFF_EXPLORER is read until 1\.0 only: unset it, and write BFF_EXPLORER_TOKEN=none\n$/,
  );
});
