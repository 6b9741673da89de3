// HTTP/JSON over TLS: whom a client trusts, and what it shows of itself.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type ServerOptions } from "node:https";
import type { AddressInfo, LookupFunction } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { create, toBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { Health, HealthCheckRequestSchema } from "../../../../packages/server/src/gen/grpc/health/v1/health_pb.ts";
import { Code, type Fault } from "../../failure.ts";
import { frame } from "../../wire/frame.ts";
import { HttpJsonClient, type HttpJsonClientOptions } from "./http-json-client.ts";

interface Pair {
  readonly cert: Buffer;
  readonly key: Buffer;
}
let folder: string;
let ours: Pair;
let theirs: Pair;

function certificate(name: string, ...more: string[]): Pair {
  const [key, cert] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)];
  const what = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  execFileSync("openssl", [...what, "-subj", `/CN=${name}`, ...more, "-keyout", key, "-out", cert], {
    stdio: "ignore",
  });
  return { cert: readFileSync(cert), key: readFileSync(key) };
}
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "bff-http-tls-"));
  theirs = certificate("upstream", "-addext", "subjectAltName=IP:127.0.0.1,DNS:upstream.example");
  ours = certificate("bff");
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Gives its port, and the names of the certificates that it was shown. */
async function upstream(tls: ServerOptions): Promise<{ port: number; shown: (string | undefined)[] }> {
  const shown: (string | undefined)[] = [];
  const server = createServer(tls, ({ socket }, response) => {
    const { subject } = (socket as TLSSocket).getPeerCertificate();
    shown.push(subject === undefined ? undefined : String(subject.CN));
    response.setHeader("content-type", "application/json");
    response.end('{"status":"SERVING"}');
  });
  server.on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { port: (server.address() as AddressInfo).port, shown };
}

const rule = { rpc: Health.method.check, method: "POST", segments: ["v1", "health"], body: "*" } as const;
function clientOf(url: string, options: Partial<HttpJsonClientOptions> = {}): HttpJsonClient {
  const client = new HttpJsonClient(url, { rules: [rule], ...options });
  onTestFinished(() => void client.close());
  return client;
}
function check(client: HttpJsonClient): Promise<Fault | "answered"> {
  const bytes = frame(toBinary(HealthCheckRequestSchema, create(HealthCheckRequestSchema)));
  return new Promise((resolve) => {
    client.send("/grpc.health.v1.Health/Check", bytes, 20_000, undefined, 1, {
      replied: () => resolve("answered"),
      faulted: resolve,
    });
  });
}
const refused = (message?: string) => ({
  kind: "transport",
  code: Code.UNAVAILABLE,
  ...(message === undefined ? {} : { message: expect.stringContaining(message) }),
});

test("TLS verifies the upstream with `ca` only", async () => {
  const { port, shown } = await upstream(theirs);
  const url = `https://127.0.0.1:${port}`;
  expect(await check(clientOf(url, { ca: theirs.cert }))).toBe("answered");
  for (const ca of [undefined, ours.cert])
    expect(await check(clientOf(url, { ca }))).toMatchObject(refused("self-signed"));
  expect(shown.length).toBe(1);
});

test("TLS verifies the name of the address, whatever it resolves to", async () => {
  const { port, shown } = await upstream(theirs);
  const lookup: LookupFunction = (_, { all }, done) =>
    all === true ? done(null, [{ address: "127.0.0.1", family: 4 }]) : done(null, "127.0.0.1", 4);
  const at = (name: string) => check(clientOf(`https://${name}:${port}`, { ca: theirs.cert, lookup }));
  expect(await at("upstream.example")).toBe("answered");
  expect(await at("other.example")).toMatchObject(refused("does not match"));
  expect(shown.length).toBe(1);
});

test("TLS presents a certificate to an upstream that requests one, and the renewed one later", async () => {
  const other = certificate("renewed");
  const asking = { ca: [ours.cert, other.cert], requestCert: true, rejectUnauthorized: true };
  const { port, shown } = await upstream({ ...theirs, ...asking });
  const url = `https://127.0.0.1:${port}`;
  const ca = theirs.cert;
  const client = clientOf(url, { ca, ...ours });
  expect(await check(client)).toBe("answered");
  client.renew({ ca, ...other });
  expect(await check(client)).toBe("answered");
  expect(await check(clientOf(url, { ca }))).toMatchObject(refused());
  expect(await check(clientOf(url, { ca, ...theirs }))).toMatchObject(refused());
  expect(shown).toEqual(["bff", "renewed"]);
});

test("malformed certificates are refused at once", () => {
  expect(() => new HttpJsonClient("https://127.0.0.1", { rules: [rule], cert: "x", key: "y" })).toThrow();
  expect(() => new HttpJsonClient("https://127.0.0.1", { rules: [rule], cert: ours.cert, key: theirs.key })).toThrow();
});

test("TLS to a plain port, and plain text to a TLS port, are UNAVAILABLE", async () => {
  const { port } = await upstream(theirs);
  expect(await check(clientOf(`http://127.0.0.1:${port}`))).toMatchObject(refused());
});
