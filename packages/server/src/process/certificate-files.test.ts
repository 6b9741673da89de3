import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import * as http2 from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type * as tls from "node:tls";
import type { CertificateEvent } from "@protobff/runtime/internal/observer";
import { FakeClock } from "@protobff/runtime/internal/testing/fake-clock";
import { GrpcClient } from "@protobff/runtime/internal/transport/grpc/grpc-client";
import { afterAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { listen } from "../listen.ts";
import { EchoService, echoEndpoint } from "../testing/test-echo.ts";
import {
  CertificateFiles,
  type CertificatePaths,
  type Certificates,
  certificatePaths,
  LOOK_MS,
} from "./certificate-files.ts";

const made = mkdtempSync(join(tmpdir(), "bff-renewed-"));
afterAll(() => rmSync(made, { recursive: true }));
function pair(name: string, days = "60"): { readonly cert: Buffer; readonly key: Buffer } {
  const names = ["-subj", `/CN=${name}`, "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const openssl = (...args: readonly string[]): void => void execFileSync("openssl", args, { stdio: "ignore" });
  const path = (end: string): string => join(made, `${name}.${end}`);
  openssl("req", ...key, ...names, "-keyout", path("key"), "-out", path("csr"));
  const extensions = ["-copy_extensions", "copy"];
  openssl(
    "x509",
    "-req",
    "-in",
    path("csr"),
    "-signkey",
    path("key"),
    "-days",
    days,
    ...extensions,
    "-out",
    path("pem"),
  );
  return { cert: readFileSync(join(made, `${name}.pem`)), key: readFileSync(join(made, `${name}.key`)) };
}
const first = pair("first");
const second = pair("second");
const daily = pair("daily", "1");
const ended = pair("ended", "-1");

/** The time of the certificates; timers stand still. */
class DatedClock extends FakeClock {
  aheadMs = 0;
  override date(): Date {
    return new Date(Date.now() + this.aheadMs);
  }
}

/** A mounted secret: a link to a folder, which is changed for another in one step. */
class Mounted {
  readonly folder = mkdtempSync(join(made, "mount-"));
  #revision = 0;
  put(content: { readonly cert: Buffer | string; readonly key: Buffer | string }): void {
    const revision = join(this.folder, `..${this.#revision++}`);
    mkdirSync(revision);
    writeFileSync(join(revision, "tls.crt"), content.cert);
    writeFileSync(join(revision, "tls.key"), content.key);
    symlinkSync(revision, join(this.folder, "..data_tmp"));
    renameSync(join(this.folder, "..data_tmp"), join(this.folder, "..data"));
  }
  get paths(): CertificatePaths {
    const of = (name: string): string => join(this.folder, "..data", name);
    return { of: undefined, variable: "TLS_CERT_FILE", cert: of("tls.crt"), key: of("tls.key"), ca: undefined };
  }
}

let mounted: Mounted;
beforeEach(() => {
  mounted = new Mounted();
  mounted.put(first);
});

function watched(renew: (found: Certificates) => void = () => {}, from: Certificates = first) {
  const clock = new DatedClock();
  const events: CertificateEvent[] = [];
  const taken: Certificates[] = [];
  const files = new CertificateFiles(mounted.paths, from, {
    clock,
    renew: (found) => {
      renew(found);
      taken.push(found);
    },
    report: (event) => events.push(event),
  });
  onTestFinished(() => files.close());
  return { clock, files, events: events, taken };
}

describe("watched files", () => {
  test("unchanged files change nothing", async () => {
    const { files, events, taken } = watched();
    await files.look();
    mounted.put(first);
    await files.look();
    expect([events, taken]).toEqual([[], []]);
  });
  test("files behind a changed link are loaded", async () => {
    const { files, events, taken } = watched();
    mounted.put(second);
    await files.look();
    await files.look();
    expect(taken).toEqual([second]);
    expect(events).toMatchObject([{ variable: "TLS_CERT_FILE", outcome: "renewed" }]);
  });
  test("files are checked every ten seconds, until the end", async () => {
    const { clock, files, taken } = watched();
    mounted.put(second);
    await clock.advance(LOOK_MS - 1);
    expect(taken).toEqual([]);
    await clock.advance(1);
    await expect.poll(() => taken.length).toBe(1);
    await expect.poll(() => clock.running).toBe(1);
    files.close();
    expect(clock.running).toBe(0);
  });
  test.each<[string, { cert: Buffer | string; key: Buffer | string }, RegExp]>([
    ["a certificate with the key of another", { cert: second.cert, key: first.key }, /key values mismatch/],
    ["no certificate", { cert: "soon", key: first.key }, /no start line|PEM|wrong/i],
    ["an empty file", { cert: "", key: "" }, /./],
    ["one that has ended", ended, /has ended at/],
    ["a large file", { cert: "x".repeat(2 << 20), key: first.key }, /larger than 1048576/],
  ])("files with %s are reported once, at the second check, and the old ones stay", async (_, content, reason) => {
    const { files, events, taken } = watched();
    mounted.put(content);
    await files.look();
    expect(events).toEqual([]);
    for (let i = 0; i < 4; i++) await files.look();
    expect(events).toMatchObject([{ outcome: "refused", reason: expect.stringMatching(reason) }]);
    expect(taken).toEqual([]);
    mounted.put(second);
    await files.look();
    expect(taken).toEqual([second]);
  });
  test("files that are missing or inconsistent for a moment are not reported", async () => {
    const { files, events, taken } = watched();
    rmSync(join(mounted.folder, "..data"));
    await files.look();
    mounted.put({ cert: second.cert, key: first.key });
    await files.look();
    mounted.put(second);
    await files.look();
    expect(events.map(({ outcome }) => outcome)).toEqual(["renewed"]);
    expect(taken).toEqual([second]);
  });
  test("certificates that expire in less than 14 days are reported once a day", async () => {
    const { clock, files, events } = watched();
    for (const day of [45, 47, 47, 48, 61]) {
      clock.aheadMs = day * 24 * 3_600_000;
      await files.look();
    }
    expect(events.map(({ outcome, days }) => [outcome, days])).toEqual([
      ["ending", 12],
      ["ending", 11],
      ["ending", -2],
    ]);
  });
  test("one-day certificates are reported in their last quarter", async () => {
    mounted.put(daily);
    const { clock, files, events } = watched(undefined, daily);
    for (const hour of [17, 19, 20, 25]) {
      clock.aheadMs = hour * 3_600_000;
      await files.look();
    }
    expect(events.map(({ days }) => days)).toEqual([0, -1]);
  });
});

test("the paths are those of the set variables, branches included", () => {
  const source = {
    TLS_CERT_FILE: "/s.pem",
    TLS_KEY_FILE: "/s.key",
    ECHO_V1_ECHOSERVICE_CA_FILE: "/ca.pem",
    ECHO_V1_ECHOSERVICE_CANARY_CERT_FILE: "/c.pem",
    ECHO_V1_ECHOSERVICE_CANARY_KEY_FILE: "/c.key",
  };
  const found = certificatePaths(source, { echo: EchoService }, { echo: ["canary", "next"] });
  expect(found.map(({ of, variable }) => [of, variable])).toEqual([
    [undefined, "TLS_CERT_FILE"],
    ["echo", "ECHO_V1_ECHOSERVICE_CA_FILE"],
    ["echo.canary", "ECHO_V1_ECHOSERVICE_CANARY_CERT_FILE"],
  ]);
});

/** Whom openssl's own client sees. */
async function shown(port: number): Promise<string> {
  const child = spawn("openssl", ["s_client", "-connect", `127.0.0.1:${port}`, "-alpn", "h2"]);
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => {
    text += part;
  });
  child.stdin.end();
  await once(child, "close");
  return /subject=CN ?= ?(\w+)/.exec(text)?.[1] ?? text;
}

describe("a server with renewed certificates", () => {
  test("new connections get the new certificate, and existing connections continue", async () => {
    const server = await listen([echoEndpoint()], { tls: first });
    onTestFinished(() => server.close(0));
    const { files, events } = watched(({ cert, key }) => {
      if (cert !== undefined && key !== undefined) server.renew({ cert, key });
    });
    const old = http2.connect(server.url, { ca: first.cert, servername: "localhost" });
    onTestFinished(() => old.destroy());
    const status = async (session: http2.ClientHttp2Session) => {
      const stream = session.request({ ":path": "/healthz" }).resume();
      const [headers] = (await once(stream, "response")) as [http2.IncomingHttpHeaders];
      return headers[":status"];
    };
    expect(await status(old)).toBe(200);
    expect(await shown(server.port)).toBe("first");
    mounted.put(second);
    await files.look();
    expect(await shown(server.port)).toBe("second");
    expect(await status(old)).toBe(200);
    const next = http2.connect(server.url, { ca: second.cert, servername: "localhost" });
    onTestFinished(() => next.destroy());
    expect(await status(next)).toBe(200);
    // A pair that is none reaches no connection.
    mounted.put({ cert: first.cert, key: second.key });
    await files.look();
    await files.look();
    expect(await shown(server.port)).toBe("second");
    expect(events.map(({ outcome }) => outcome)).toEqual(["renewed", "refused"]);
    expect(() => server.renew({ cert: first.cert, key: second.key })).toThrow();
    expect(await shown(server.port)).toBe("second");
  });
});

describe.each(["own", "node"] as const)("an upstream, over the HTTP/2 of %s", (http2Of) => {
  test("an upstream sees the new certificate on the next connection", async () => {
    const seen: string[] = [];
    const sessions = new Set<http2.ServerHttp2Session>();
    const upstream = http2.createSecureServer({ ...first, requestCert: true, rejectUnauthorized: false });
    upstream.on("session", (session) => sessions.add(session));
    upstream.on("stream", (stream) => {
      const socket = stream.session?.socket as tls.TLSSocket | undefined;
      seen.push(String(socket?.getPeerCertificate().subject?.CN));
      stream.respond({ ":status": 200, "content-type": "application/grpc", "grpc-status": "5" }, { endStream: true });
    });
    upstream.listen(0, "127.0.0.1");
    await once(upstream, "listening");
    const { port } = upstream.address() as { port: number };
    const client = new GrpcClient(`https://localhost:${port}`, { ca: first.cert, ...first, http2: http2Of });
    onTestFinished(async () => {
      await client.close();
      for (const session of sessions) session.destroy();
      upstream.close();
    });
    const call = () =>
      new Promise<void>((resolve) => {
        client.send("/a.B/C", Buffer.alloc(5), 5_000, undefined, 1, {
          replied: () => resolve(),
          faulted: () => resolve(),
        });
      });
    await call();
    client.renew({ ca: first.cert, ...second });
    await call();
    expect(seen).toEqual(["first", "first"]);
    const closed = [...sessions].map((session) => once(session, "close"));
    for (const session of sessions) session.close();
    await Promise.all(closed);
    for (let i = 0; i < 50 && seen.at(-1) !== "second"; i++) await call();
    expect(seen.at(-1)).toBe("second");
    expect(() => client.renew({ cert: first.cert, key: second.key })).toThrow();
    await call();
    expect(seen.at(-1)).toBe("second");
  });
});
