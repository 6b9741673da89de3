// Holds docs/runtime.md#upstream-connections
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { lookup } from "node:dns";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { LookupFunction } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../clock.ts";
import { Code, type Fault } from "../../failure.ts";
import { freePort, listens } from "../../testing/ports.ts";
import { frame } from "../../wire/frame.ts";
import { Addresses } from "../balance/addresses.ts";
import type { OutgoingHeaders, ReceivedHeaders } from "../call-headers.ts";
import { GrpcAttempt } from "./grpc-attempt.ts";
import { GrpcClient, type GrpcClientOptions } from "./grpc-client.ts";
import type { GrpcSession } from "./grpc-session.ts";
import { RequestEncoder } from "./request-encoder.ts";
import { SessionPool } from "./session-pool.ts";
import { WireSession } from "./wire-session.ts";

// nghttp2's own server, of the package nghttp2-server. It serves files, which here hold framed messages, with trailers; or what it is sent.

const SMALL = Buffer.from("a small message");
/** Several windows, and no byte where it was before. */
const LARGE = Buffer.from(Array.from({ length: 3 << 20 }, (_, i) => (i * 7 + (i >> 8)) & 0xff));

const folder = mkdtempSync(join(tmpdir(), "bff-nghttpd-"));
const [key, cert, types] = [join(folder, "key.pem"), join(folder, "cert.pem"), join(folder, "mime.types")];
const running = new Set<ChildProcess>();
beforeAll(() => {
  writeFileSync(types, "application/grpc grpc\n");
  mkdirSync(join(folder, "a.B"));
  const files = { small: frame(SMALL), large: frame(LARGE), empty: frame(Buffer.alloc(0)), nothing: Buffer.alloc(0) };
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, "a.B", `${name}.grpc`), bytes);
  const what = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  const who = ["-subj", "/CN=upstream", "-addext", "subjectAltName=IP:127.0.0.1"];
  execFileSync("openssl", [...what, ...who, "-keyout", key, "-out", cert], { stdio: "ignore" });
});
afterAll(() => {
  for (const server of running) server.kill();
  rmSync(folder, { recursive: true });
});

/** Serves until the test is over, and gives the address. */
async function serve(options: readonly string[], secure = false): Promise<string> {
  const port = await freePort();
  const files = ["-a", "127.0.0.1", "-d", folder, `--mime-types-file=${types}`, "--trailer=grpc-status: 0"];
  const tls = secure ? [String(port), key, cert] : ["--no-tls", String(port)];
  const server = spawn("nghttpd", [...files, ...options, ...tls], { stdio: "ignore" });
  running.add(server);
  onTestFinished(async () => {
    running.delete(server);
    server.kill();
    if (server.exitCode === null && server.signalCode === null) await once(server, "exit");
  });
  await listens(port, server);
  return `${secure ? "https" : "http"}://127.0.0.1:${port}`;
}
function connect(url: string, options: GrpcClientOptions = {}): GrpcClient {
  const client = new GrpcClient(url, { http2: "own", ...options });
  onTestFinished(() => client.close());
  return client;
}
interface Got {
  readonly message?: Buffer;
  readonly fault?: Fault;
  readonly trailers: ReceivedHeaders;
}
const get = (client: GrpcClient, file: string, body: Uint8Array = SMALL, headers?: OutgoingHeaders): Promise<Got> =>
  new Promise((resolve) => {
    let trailers: ReceivedHeaders = {};
    client.send(`/a.B/${file}.grpc`, frame(body), 60_000, headers, 1, {
      metadata: (_, known) => {
        trailers = known;
      },
      replied: (bytes) => resolve({ message: Buffer.from(bytes), trailers }),
      faulted: (fault) => resolve({ fault, trailers }),
    });
  });
/** Compares without printing megabytes. */
const same = ({ message, fault }: Got, expected: Buffer): void => {
  expect(fault).toBeUndefined();
  expect(message?.equals(expected)).toBe(true);
};

describe("nghttpd serves files to our HTTP/2 client", () => {
  test.each<[string, readonly string[], boolean]>([
    ["as it is", [], false],
    ["with TLS", [], true],
    ["with padding", ["--padding=255"], false],
    ["with padding and TLS", ["--padding=100"], true],
    ["without lengths", ["--no-content-length"], false],
    ["with a large table for headers", ["--encoder-header-table-size=65536", "--header-table-size=65536"], false],
    ["with pushes, which we do not take", ["--push=/a.B/small.grpc=/a.B/large.grpc"], false],
    ["with narrow windows", ["--window-bits=6"], false],
  ])("%s", async (_, options, secure) => {
    const client = connect(await serve(options, secure), secure ? { ca: readFileSync(cert) } : {});
    same(await get(client, "small"), SMALL);
    same(await get(client, "empty"), Buffer.alloc(0));
    const files = ["large", "small", "large", "empty", "small"] as const;
    const expected = { small: SMALL, large: LARGE, empty: Buffer.alloc(0) };
    const all = await Promise.all(files.map((file) => get(client, file, LARGE.subarray(0, 20_000))));
    for (const [i, file] of files.entries()) same(all[i] as Got, expected[file]);
    expect(await get(client, "missing")).toMatchObject({ fault: { code: Code.UNIMPLEMENTED, message: "HTTP 404" } });
    expect((await get(client, "nothing")).fault).toBeDefined();
    same(await get(client, "small"), SMALL);
  });
  test("headers and trailers may take several frames", async () => {
    const long = "v".repeat(40_000);
    const client = connect(await serve([`--trailer=x-long: ${long}`, "--padding=255"]));
    for (const file of ["small", "large"]) {
      const got = await get(client, file, SMALL, { "x-long": long, "x-other": "w".repeat(18_000) });
      same(got, file === "small" ? SMALL : LARGE);
      expect(got.trailers["x-long"]).toBe(long);
    }
  });
  test("oversized trailers fail only their call", async () => {
    const url = await serve([1, 2].map((i) => `--trailer=x-${i}: ${"v".repeat(32_730)}`));
    const client = connect(url, { maxConnections: 1 });
    const [long, missing] = await Promise.all([get(client, "small"), get(client, "missing")]);
    expect(long.fault).toMatchObject({ kind: "transport" });
    expect(missing.fault).toMatchObject({ message: "HTTP 404" });
  });
  test("an early answer misses its status, because its reset with NO_ERROR overtakes the trailers", async () => {
    const client = connect(await serve(["--early-response"]), { maxConnections: 1 });
    const missing = { kind: "invalid", code: Code.INTERNAL, message: "missing trailers" };
    for (let i = 0; i < 3; i++) expect(await get(client, "small", LARGE)).toEqual({ fault: missing, trailers: {} });
  });
  test("calls respect the server's limit of streams", async () => {
    const client = connect(await serve(["--max-concurrent-streams=2"]), { maxConnections: 2 });
    const all = await Promise.all(Array.from({ length: 60 }, (_, i) => get(client, i % 20 === 0 ? "large" : "small")));
    for (const [i, got] of all.entries()) same(got, i % 20 === 0 ? LARGE : SMALL);
  });
  test("cancelled calls affect no other call", async () => {
    const client = connect(await serve(["--max-concurrent-streams=3"]), { maxConnections: 1 });
    same(await get(client, "small"), SMALL);
    for (let i = 0; i < 50; i++) {
      const call = client.send("/a.B/large.grpc", frame(SMALL), 60_000, undefined, 1, {
        replied: () => {},
        faulted: () => {},
      });
      const next = get(client, "small");
      call.cancel();
      same(await next, SMALL);
    }
  });
});

/** An echo of nghttpd has no content type. */
class Echoed extends GrpcAttempt {
  override response(status: number | undefined, headers: ReceivedHeaders): void {
    super.response(status, { ...headers, "content-type": "application/grpc" });
  }
}

test.each<[string, readonly string[]]>([
  ["wide windows", ["--window-bits=30", "--connection-window-bits=30"]],
  ["the usual windows", []],
  ["narrow windows", ["--window-bits=8", "--padding=50"]],
])("nghttpd echoes all data of our HTTP/2 client: %s", async (_, options) => {
  const url = new URL(await serve(["--echo-upload", ...options]));
  const encoder = new RequestEncoder({ scheme: "http", authority: url.host, prefix: "" });
  const addresses = new Addresses([url], lookup as LookupFunction, systemClock);
  const pool = new SessionPool<GrpcSession>(
    (owner) => new WireSession({ url, lookup: lookup as LookupFunction }, encoder, owner, systemClock),
    { maxSessions: 1, keepAliveMs: 20_000, clock: systemClock, addresses },
  );
  onTestFinished(() => pool.close());
  const echo = (message: Buffer): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      const bytes = frame(message);
      const request = { path: "/a.B/C", frame: bytes, timeoutMs: 60_000, headers: undefined, attempt: 1 };
      new Echoed(pool, request, LARGE.length, {
        replied: (bytes) => resolve(Buffer.from(bytes)),
        faulted: ({ message }) => reject(new Error(message)),
      }).wait(systemClock);
    });
  const messages = [0, 1, 100, 16_379, 16_380, 65_530, 65_531, 300_000, 1_000_000].map((size) =>
    LARGE.subarray(size % 100, (size % 100) + size),
  );
  const echoes = await Promise.all(messages.map(echo));
  expect(echoes.map((echo, i) => echo.equals(messages[i] as Buffer))).toEqual(messages.map(() => true));
});
