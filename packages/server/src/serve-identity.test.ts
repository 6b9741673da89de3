// Holds docs/runtime.md#callers
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type * as net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compiled } from "@protobff/runtime/internal/testing/compile-cache";
import { expect, onTestFinished, test } from "vitest";
import { listen } from "./listen.ts";
import { echoEndpoint } from "./testing/test-echo.ts";

const PROGRAM = fileURLToPath(new URL("./testing/gate-server.ts", import.meta.url));
const NOWHERE = { ECHO_V1_ECHOSERVICE_URL: "http://127.0.0.1:1" };
const SETTINGS = { ISSUER: "https://id.example", BFF_TRUSTED_PROXIES: "10.0.0.0/8" };

interface Run {
  readonly child: ChildProcess;
  readonly exited: Promise<{ code: number | null; stdout: string; stderr: string }>;
}
function run(env: Record<string, string>): Run & { stdout: () => string; stderr: () => string } {
  const child = spawn(process.execPath, [PROGRAM], { env: { ...compiled, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [stdout, stderr]: [string[], string[]] = [[], []];
  child.stdout.on("data", (chunk: Buffer) => stdout.push(String(chunk)));
  child.stderr.on("data", (chunk: Buffer) => stderr.push(String(chunk)));
  const exited = once(child, "close").then(([code]) => ({ code, stdout: stdout.join(""), stderr: stderr.join("") }));
  return { child, exited, stdout: () => stdout.join(""), stderr: () => stderr.join("") };
}
async function up(env: Record<string, string>) {
  const running = run({ HOST: "127.0.0.1", PORT: "0", ...NOWHERE, ...SETTINGS, ...env });
  while (!running.stdout().includes("\n")) {
    const first = await Promise.race([once(running.child.stdout as net.Socket, "data"), running.exited]);
    if (!Array.isArray(first)) throw new Error(`not up: ${first.stderr}`);
  }
  const url = /(?:listening on |"url":")([^"\s]+)/.exec(running.stdout())?.[1] ?? "";
  const send = (headers: Record<string, string>): Promise<Response> =>
    fetch(`${url}/echo.v1.EchoService/Echo`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: '"hi"',
    });
  return { ...running, url, send: send };
}
function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "bff-gate-"));
  onTestFinished(() => rmSync(made, { recursive: true }));
  return made;
}

test("missing values of sources are reported with all other faults", async () => {
  const { code, stderr } = await run({ PORT: "none", ISSUER: "http://id", MESH: "1", BFF_AUDIT: "/none/audit" }).exited;
  expect(code).toBe(2);
  expect(stderr.split("\n")).toEqual([
    "gate.v1 cannot start: 6 variables are missing or malformed",
    expect.stringMatching(/^ {2}BFF_AUDIT cannot be written to \(ENOENT.*\); write the path of a file, or stderr$/),
    expect.stringMatching(/^ {2}ECHO_V1_ECHOSERVICE_URL is not set/),
    '  PORT is "none"; write a whole number between 0 and 65535',
    "  ISSUER is no address; write https://…",
    expect.stringMatching(/^ {2}BFF_TRUSTED_PROXIES is not set, and the source gateway counts only for requests/),
    expect.stringMatching(
      /^ {2}TLS_CLIENT_CA_FILE is not set, and the source mesh counts only with client certificates/,
    ),
    "",
  ]);
});
test("missing variables of an identity are reported alone, and a fault of two readers once", async () => {
  const { stderr } = await run({ ...NOWHERE, BFF_TRUSTED_PROXIES: "x" }).exited;
  expect(stderr.split("\n").slice(0, 3)).toEqual([
    "gate.v1 cannot start: 2 variables are missing or malformed",
    expect.stringMatching(/^ {2}BFF_TRUSTED_PROXIES has "x" in it/),
    expect.stringMatching(/^ {2}ISSUER is not set/),
  ]);
  const twice = await run({ ...NOWHERE, ISSUER: "https://id", BFF_TRUSTED_PROXIES: "x" }).exited;
  expect(twice.stderr).toMatch(/^gate\.v1 cannot start: 1 variable is missing/);
});
test("further faults of an identity are reported together with its missing variables", async () => {
  const { stderr } = await run({ ...NOWHERE, MESH: "1" }).exited;
  expect(stderr.split("\n").slice(0, 4)).toEqual([
    "gate.v1 cannot start: 3 variables are missing or malformed",
    expect.stringMatching(/^ {2}ISSUER is not set/),
    expect.stringMatching(/^ {2}BFF_TRUSTED_PROXIES is not set/),
    expect.stringMatching(/^ {2}TLS_CLIENT_CA_FILE is not set/),
  ]);
});
test("an authority for clients needs TLS and a valid certificate", async () => {
  const ca = join(folder(), "ca.pem");
  writeFileSync(ca, "no certificate");
  const { stderr } = await run({ ...NOWHERE, ...SETTINGS, TLS_CLIENT_CA_FILE: ca }).exited;
  expect(stderr).toContain("TLS_CLIENT_CA_FILE holds no certificate that can be used; write the path of a PEM file");
  expect(stderr).toContain("TLS_CLIENT_CA_FILE is set, but TLS_CERT_FILE is not; write that one and TLS_KEY_FILE, too");
});

test("the server is ready when its sources are, and closes them after the last request", async () => {
  const { url, child, exited } = await up({});
  expect(await (await fetch(`${url}/readyz`)).text()).toBe("starting\n");
  expect((await fetch(`${url}/open`)).status).toBe(200);
  expect(await (await fetch(`${url}/readyz`)).text()).toBe("ok\n");
  child.kill("SIGTERM");
  expect(await exited).toEqual({ code: 0, stdout: `listening on ${url}\nidentity closed\n`, stderr: "" });
});

const TOKEN = "user-ann+read";
test.each(["text", "json"])(
  "no line of log or audit contains a credential, and the audit names the caller (%s)",
  async (format) => {
    const path = join(folder(), "audit.log");
    const { send, child, exited } = await up({ BFF_AUDIT: path, BFF_LOG: format });
    const secret = "s3cret";
    // UNAVAILABLE: the upstream is nowhere. It stands in the log.
    expect((await send({ authorization: `Bearer ${TOKEN}`, "x-request-id": "r1" })).status).toBe(503);
    expect((await send({ authorization: `Bearer user-bad+${secret}` })).status).toBe(401);
    expect((await send({ authorization: `Basic ${secret}` })).status).toBe(401);
    expect((await send({ authorization: `Bearer user-away+${secret}` })).status).toBe(503);
    expect((await send({ authorization: `Bearer user-ann+${secret}` })).status).toBe(403);
    expect((await send({ "x-gateway": secret })).status).toBe(401);
    child.kill("SIGTERM");
    const { code, stderr } = await exited;
    expect(code).toBe(0);
    const audit = readFileSync(path, "utf8");
    for (const text of [audit, stderr]) {
      expect(text).not.toContain(secret);
      expect(text).not.toContain(TOKEN);
    }
    expect(stderr).toContain("r1");
    expect(stderr).toContain("the keys are away");
    const events = audit
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events.map(({ event, subject, reason }) => [event, subject, reason])).toEqual([
      ["unauthenticated", undefined, "user: proves nothing"],
      ["unauthenticated", undefined, "a credential that no source takes for its own"],
      ["unavailable", undefined, "user: the keys are away"],
      ["denied", "ann", "a scope is missing"],
      ["unauthenticated", undefined, "gateway: not from a trusted address"],
    ]);
    for (const event of events)
      expect(event).toMatchObject({ method: "echo.v1.EchoService/Echo", address: "127.0.0.1" });
  },
);

test("pages of any origin and cookie sources exclude each other", async () => {
  const env = { ...NOWHERE, ...SETTINGS, PORT: "0", BROWSER: "1", BFF_CORS_ORIGINS: "*" };
  const { code, stderr } = await run(env).exited;
  expect([code, stderr.split("\n")[1]]).toEqual([
    2,
    "  BFF_CORS_ORIGINS is *, and the source browser counts for browsers, of which only pages that are known may read answers; " +
      "write the origins of these pages separated by commas, like https://app.example",
  ]);
  const named = await up({ BROWSER: "1", BFF_CORS_ORIGINS: "https://app.example" });
  expect((await named.send({ cookie: "__Host-session=browser-ann+read", "x-csrf": "1" })).status).toBe(503);
  const none = await up({ BFF_CORS_ORIGINS: "*" });
  expect((await none.send({})).status).toBe(401);
});

test("a credential that a source reads is not forwarded", async () => {
  const messages: (string | null)[] = [];
  const upstream = await listen([
    echoEndpoint((request, context) => {
      messages.push(context.requestHeader.get("authorization"), context.requestHeader.get("cookie"));
      return request;
    }),
  ]);
  onTestFinished(() => upstream.close(0));
  const { send } = await up({ ECHO_V1_ECHOSERVICE_URL: upstream.url });
  const answer = await send({ authorization: `Bearer ${TOKEN}` });
  expect([answer.status, await answer.text()]).toEqual([200, '"hi"']);
  expect(messages).toEqual([null, null]);
});

test("the audit log to a closed standard error affects no request", async () => {
  const { send, child, exited, stderr } = await up({ BFF_AUDIT: "stderr", BFF_LOG: "off" });
  expect((await send({})).status).toBe(401);
  while (!stderr().includes("\n")) await once(child.stderr as net.Socket, "data");
  expect(JSON.parse(stderr())).toMatchObject({ event: "unauthenticated", reason: "no credential" });
  child.stderr?.destroy();
  for (let i = 0; i < 50; i++) expect((await send({})).status).toBe(401);
  child.kill("SIGTERM");
  expect((await exited).code).toBe(0);
});
