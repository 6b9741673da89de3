// Holds docs/runtime.md#server
// Holds docs/runtime.md#observing
import { type ChildProcess, spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import * as net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { StringValue } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { compiled } from "@protobff/runtime/internal/testing/compile-cache";
import { freePort, listens } from "@protobff/runtime/internal/testing/ports";
import { expect, it, onTestFinished } from "vitest";
import { listen } from "./listen.ts";
import { EchoService, echoEndpoint } from "./testing/test-echo.ts";

const PROGRAM = fileURLToPath(new URL("./testing/test-server.ts", import.meta.url));

interface Run {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly exited: Promise<{ code: number | null; stdout: string; stderr: string }>;
}

function run(env: Record<string, string>): Run {
  const child = spawn(process.execPath, [PROGRAM], { env: { ...compiled, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  return watched(child);
}
function watched(child: ChildProcess): Run {
  onTestFinished(() => void child.kill("SIGKILL"));
  const [stdout, stderr]: [string[], string[]] = [[], []];
  child.stdout?.on("data", (chunk: Buffer) => stdout.push(String(chunk)));
  child.stderr?.on("data", (chunk: Buffer) => stderr.push(String(chunk)));
  const exited = once(child, "close").then(([code]) => ({ code, stdout: stdout.join(""), stderr: stderr.join("") }));
  return { child, stdout: () => stdout.join(""), exited };
}

/** A server that is up, and its port. */
async function up(env: Record<string, string>): Promise<Run & { port: number }> {
  const running = run({ HOST: "127.0.0.1", PORT: "0", ...env });
  while (!running.stdout().includes("\n")) {
    const first = await Promise.race([once(running.child.stdout as net.Socket, "data"), running.exited]);
    if (!Array.isArray(first)) throw new Error(`not up: ${first.stderr}`);
  }
  const started =
    env.BFF_LOG === "json"
      ? /^\{"time":"[^"]+Z","event":"listening","url":"http:\/\/127\.0\.0\.1:(\d+)"\}\n$/
      : /^listening on http:\/\/127\.0\.0\.1:(\d+)\n$/;
  const match = started.exec(running.stdout());
  if (match === null) throw new Error(`unexpected output: ${running.stdout()}`);
  return { ...running, port: Number(match[1]) };
}

/** An upstream that answers when it is told to. */
async function upstream() {
  const requests = new EventEmitter();
  const released = Promise.withResolvers<void>();
  const server = await listen([
    echoEndpoint(async (request: StringValue) => {
      requests.emit("request");
      await released.promise;
      return request;
    }),
  ]);
  onTestFinished(() => server.close(0));
  return { url: server.url, requested: () => once(requests, "request"), release: released.resolve };
}

function echo(port: number, value: string) {
  return createClient(EchoService, createGrpcTransport({ baseUrl: `http://127.0.0.1:${port}` })).echo({ value });
}

/** Resolves when nobody listens on the port any more. */
async function refused(port: number): Promise<void> {
  for (;;) {
    const socket = net.connect(port, "127.0.0.1");
    const accepted = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (!accepted) return;
  }
}

const NOWHERE = { ECHO_V1_ECHOSERVICE_URL: "http://127.0.0.1:1" };

it("all missing and malformed variables are listed, with exit code 2", async () => {
  const { code, stdout, stderr } = await run({ PORT: "none", TIMES: "twice", TLS_CERT_FILE: "/none/cert.pem" }).exited;
  expect(stderr.split("\n")).toEqual([
    "echo.v1 cannot start: 5 variables are missing or malformed",
    expect.stringMatching(/^ {2}TLS_CERT_FILE cannot be read \(ENOENT/),
    "  TLS_KEY_FILE is not set, but TLS_CERT_FILE is; write the path of its private key",
    expect.stringMatching(/^ {2}ECHO_V1_ECHOSERVICE_URL is not set; write the address of echo\.v1\.EchoService/),
    '  PORT is "none"; write a whole number between 0 and 65535',
    '  TIMES is "twice"; write a whole number of at most 64 bits',
    "",
  ]);
  expect(stdout).toBe("");
  expect(code).toBe(2);
});

it("a port in use is one line, with exit code 1", async () => {
  const other = net.createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as net.AddressInfo;
  const { code, stderr } = await run({ ...NOWHERE, HOST: "127.0.0.1", PORT: String(port) }).exited;
  other.close();
  expect(stderr).toBe(
    `echo.v1 cannot start: port ${port} of 127.0.0.1 is already in use; set PORT to another one (0 picks a free port)\n`,
  );
  expect(code).toBe(1);
});

it("the server exits with 0 after SIGTERM when its last request has finished", async () => {
  const { url, requested, release } = await upstream();
  const { child, port, exited } = await up({ ECHO_V1_ECHOSERVICE_URL: url, GREETING: "hello ", TIMES: "2" });
  const reply = echo(port, "you");
  await requested();
  child.kill("SIGTERM");
  await refused(port);
  release();
  expect((await reply).value).toBe("hello youyou");
  expect(await exited).toEqual({ code: 0, stdout: expect.any(String), stderr: "" });
});

it.each([
  [
    {},
    /^\S+Z echo\.v1\.EchoService\/Echo failed with UNAVAILABLE: echo\.v1\.EchoService\/Echo UNAVAILABLE: .*ECONNREFUSED.*\n$/,
  ],
  [{ BFF_LOG: "json" }, /^{"time":"\S+Z","event":"failed","rpc":"echo\.v1\.EchoService\/Echo".*}\n$/],
  [{ BFF_LOG: "off" }, /^$/],
])("failures are logged on standard error, according to BFF_LOG: %o", async (env, expected) => {
  const { child, port, exited } = await up({ ...NOWHERE, ...env });
  for (let i = 0; i < 3; i++) await expect(echo(port, "you")).rejects.toThrow("[unavailable] unavailable");
  child.kill("SIGTERM");
  expect((await exited).stderr).toMatch(expected);
});

it("the server continues when its log is not read", async () => {
  const { child, port, exited } = await up(NOWHERE);
  child.stderr?.destroy();
  for (let i = 0; i < 3; i++) await expect(echo(port, "you")).rejects.toThrow("[unavailable] unavailable");
  child.kill("SIGTERM");
  expect((await exited).code).toBe(0);
});

it.each(["closed", "full"])("the server starts and serves though its standard output is %s", async (how) => {
  const port = await freePort();
  const full = how === "full" ? openSync("/dev/full", "w") : undefined;
  const env = { ...compiled, ...NOWHERE, HOST: "127.0.0.1", PORT: String(port) };
  const child = spawn(process.execPath, [PROGRAM], { env, stdio: ["ignore", full ?? "pipe", "pipe"] });
  if (full !== undefined) closeSync(full);
  child.stdout?.destroy();
  const { exited } = watched(child);
  await listens(port, child);
  await expect(echo(port, "you")).rejects.toThrow("[unavailable] unavailable");
  child.kill("SIGTERM");
  expect((await exited).code).toBe(0);
});

it("the server continues after an unhandled rejection, and logs it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "observer-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "observer.mjs");
  writeFileSync(path, `export const observer = { response() { Promise.reject(new Error("nobody waits")) } };`);
  const { child, port, exited } = await up({ ...NOWHERE, BFF_OBSERVER: path });
  for (let i = 0; i < 3; i++) await expect(echo(port, "you")).rejects.toThrow("[unavailable] unavailable");
  child.kill("SIGTERM");
  const { code, stderr } = await exited;
  expect(code).toBe(0);
  expect(stderr.match(/a rejected promise was not awaited: .*/g)).toEqual([
    "a rejected promise was not awaited: Error: nobody waits",
  ]);
});

it("the server continues after an exception of an observer, and logs it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "observer-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "observer.mjs");
  writeFileSync(
    path,
    `export const observer = { call() { throw new Error("no meter") }, async response() { throw new Error("no span") } };`,
  );
  const { child, port, exited } = await up({ ...NOWHERE, BFF_OBSERVER: path });
  for (let i = 0; i < 3; i++) await expect(echo(port, "you")).rejects.toThrow("[unavailable] unavailable");
  child.kill("SIGTERM");
  const { code, stderr } = await exited;
  expect(code).toBe(0);
  expect(stderr.match(/the observer threw at \w+: Error: .*/g)).toEqual([
    "the observer threw at call: Error: no meter",
    "the observer threw at response: Error: no span",
  ]);
});

it("an observer is loaded from a module, and its faults are explained", async () => {
  const folder = mkdtempSync(join(tmpdir(), "observer-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const fine = file(
    "fine.mjs",
    `export const observer = { call: ({ method, attempts }) => console.log(method + " " + attempts) };`,
  );
  const { child, port, stdout, exited } = await up({ ...NOWHERE, BFF_OBSERVER: fine });
  await expect(echo(port, "you")).rejects.toThrow("[unavailable] unavailable");
  child.kill("SIGTERM");
  expect((await exited).stderr).toContain("failed with UNAVAILABLE"); // the log is still there
  expect(stdout()).toMatch(/^listening on .*\necho\.v1\.EchoService\/Echo 1\n$/);
  for (const [path, problem] of [
    ["none.mjs", 'is .*none.mjs", and there is no such file'],
    [file("broken.mjs", "export const observer = {"), 'is .*broken.mjs", which cannot be loaded \\('],
    [file("other.mjs", "export const observe = {}"), 'is .*other.mjs", which exports no object `observer`'],
    [
      file("typo.mjs", "export const observer = { calls() {} }"),
      "is .*whose `observer` has no function for a known event",
    ],
    [file("value.mjs", "export const observer = { call: 1 }"), "is .*whose `observer` has no function as call"],
  ] as const) {
    const { code, stderr } = await run({ ...NOWHERE, BFF_OBSERVER: path }).exited;
    expect([code, stderr]).toEqual([2, expect.stringMatching(`\n {2}BFF_OBSERVER ${problem}.*; write the path of`)]);
  }
});

it("the server exits with 0 at the end of the grace, whatever is in flight", async () => {
  const { url, requested } = await upstream();
  const { child, port, exited } = await up({ ECHO_V1_ECHOSERVICE_URL: url, BFF_GRACE: "20ms" });
  const reply = echo(port, "you");
  reply.catch(() => {});
  await requested();
  child.kill("SIGINT");
  expect((await exited).code).toBe(0);
  await expect(reply).rejects.toBeInstanceOf(Error);
});

it("the server exits at once at a second signal", async () => {
  const { url, requested } = await upstream();
  const { child, port, exited } = await up({ ECHO_V1_ECHOSERVICE_URL: url });
  echo(port, "you").catch(() => {});
  await requested();
  child.kill("SIGTERM");
  await refused(port);
  child.kill("SIGTERM");
  expect((await exited).code).toBe(143);
});
