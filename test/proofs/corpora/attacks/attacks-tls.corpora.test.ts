// TLS against the rules, by openssl: protocols that differ from ALPN's, old versions, renegotiation, early data, key updates without end.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import * as net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import * as tls from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Listening, listen } from "../../../../packages/server/src/listen.ts";
import { kindEndpoint } from "../../../../packages/server/src/testing/test-kinds.ts";

const folder = mkdtempSync(join(tmpdir(), "bff-tls-"));
const [keyFile, certFile] = [join(folder, "key.pem"), join(folder, "cert.pem")];
const NEW = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost";
let server: Listening;
beforeAll(async () => {
  execFileSync("openssl", [...NEW.split(" "), "-keyout", keyFile, "-out", certFile], { stdio: "ignore" });
  const cert = { cert: readFileSync(certFile), key: readFileSync(keyFile) };
  server = await listen([kindEndpoint(false)], { tls: cert, fault: () => {} });
});
afterAll(async () => {
  await server.close(0);
  rmSync(folder, { recursive: true });
});

const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u0004\0\0\0\0\0";
const get = (host: string): string => `GET /healthz HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`;

/** What `openssl s_client` prints of one connection, errors included. */
async function client(options: string, writes: readonly string[], waitMs = 1_000): Promise<string> {
  const quiet = writes.some((text) => text.length > 2) ? ["-quiet"] : []; // else a line of one letter is a command
  const at = ["s_client", ...quiet, "-connect", `127.0.0.1:${server.port}`, ...options.split(" ").filter(Boolean)];
  const process = spawn("openssl", at);
  let text = "";
  for (const stream of [process.stdout, process.stderr])
    stream.setEncoding("latin1").on("data", (chunk: string) => {
      text += chunk;
    });
  const ended = new Promise<void>((resolve) => process.on("close", () => resolve()));
  process.stdin.on("error", () => {});
  await pause(500); // the handshake
  for (const bytes of writes) process.stdin.write(bytes, "latin1");
  await Promise.race([ended, pause(waitMs)]);
  process.stdin.end();
  await Promise.race([ended, pause(5_000)]);
  process.kill("SIGKILL");
  return text;
}

/** Serves a well-behaved client. */
async function expectServed(): Promise<void> {
  const socket = tls.connect({ port: server.port, ca: readFileSync(certFile), servername: "localhost" });
  let text = "";
  socket.setEncoding("latin1").on("data", (chunk: string) => {
    text += chunk;
  });
  socket.write(get("localhost"));
  await new Promise((resolve) => socket.on("close", resolve));
  expect(text).toMatch(/^HTTP\/1.1 200/);
}

test.each<[string, string, readonly string[], RegExp]>([
  ["HTTP/1.1 without ALPN", "", [get("a")], /HTTP\/1\.1 200/],
  ["HTTP/1.1 for an unknown name", "-servername evil.example", [get("evil")], /HTTP\/1\.1 200/],
  ["HTTP/2's preface where HTTP/1.1 was chosen", "-alpn http/1.1", [PREFACE], /HTTP\/1\.1 400/],
  ["a protocol that is not served", "-alpn acme-tls/1", [], /alert no application protocol/],
  ["TLS 1.1", "-tls1_1 -cipher ALL:@SECLEVEL=0", [], /alert (protocol version|internal error)|unsupported protocol/],
  ["a second handshake of TLS 1.2", "-tls1_2", ["R\n"], /no renegotiation|alert|write:errno/],
])("%s", { timeout: 60_000 }, async (_, options, writes, printed) => {
  expect(await client(options, writes)).toMatch(printed);
  await expectServed();
});

test("HTTP/1.1 gets no answer on a connection that negotiated HTTP/2", { timeout: 60_000 }, async () => {
  expect(await client("-alpn h2", [get("a")])).not.toContain("HTTP/1.1");
  await expectServed();
});

test("the server offers no early data, because early data can be replayed", { timeout: 60_000 }, async () => {
  const printed = await client("-tls1_3", ["Q\n"]);
  expect(printed).toContain("Verif");
  expect(printed).not.toMatch(/Max Early Data: [1-9]/);
});

test("endless key updates leave other clients served", { timeout: 60_000 }, async () => {
  const printed = client(
    "-tls1_3",
    Array.from({ length: 2_000 }, () => "K\n"),
    3_000,
  );
  await pause(1_000);
  await expectServed();
  expect(await printed).toContain("KEYUPDATE");
  await expectServed();
});

test("plain HTTP gets no answer", { timeout: 60_000 }, async () => {
  const socket = net.connect(server.port, "127.0.0.1").on("error", () => {});
  let text = "";
  socket.setEncoding("latin1").on("data", (chunk: string) => {
    text += chunk;
  });
  socket.write(get("a"));
  await new Promise((resolve) => socket.on("close", resolve));
  expect(text).not.toContain("HTTP");
  await expectServed();
});
