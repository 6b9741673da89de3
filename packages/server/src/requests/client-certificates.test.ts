// Holds docs/runtime.md#callers
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import * as http2 from "node:http2";
import * as https from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tls from "node:tls";
import { peer } from "@protobff/runtime/internal/identity/network/peer";
import { trusted } from "@protobff/runtime/internal/identity/network/trusted-source";
import { BEARER, GATE_PATH, type GateOptions, gate, sourceOf } from "@protobff/runtime/internal/testing/gate-rig";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import { listen } from "../listen.ts";
import { declaredError } from "../testing/declared-error.ts";
import { certificateNames } from "./certificate-names.ts";

// Certificates that openssl has made, over node's TLS.

const folder = mkdtempSync(join(tmpdir(), "bff-certificates-"));
afterAll(() => rmSync(folder, { recursive: true }));
const path = (name: string): string => join(folder, name);
const openssl = (...args: readonly string[]): void => void execFileSync("openssl", args, { stdio: "ignore" });
const EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

interface Pair {
  readonly cert: Buffer;
  readonly key: Buffer;
}
function authority(name: string): Pair {
  const files = ["-keyout", path(`${name}.key`), "-out", path(`${name}.pem`)];
  openssl("req", "-x509", ...EC, "-days", "2", "-subj", `/CN=${name}`, ...files);
  return { cert: readFileSync(path(`${name}.pem`)), key: readFileSync(path(`${name}.key`)) };
}
/** @param names as openssl writes alternative names */
function issued(by: string, name: string, names: string, days = ["-days", "2"]): Pair {
  openssl("req", ...EC, "-subj", `/CN=${name}`, "-keyout", path(`${name}.key`), "-out", path(`${name}.csr`));
  writeFileSync(path(`${name}.ext`), names === "" ? "" : `subjectAltName=${names}\n`);
  const signing = ["-CA", path(`${by}.pem`), "-CAkey", path(`${by}.key`), "-CAcreateserial"];
  const files = ["-in", path(`${name}.csr`), "-out", path(`${name}.pem`), "-extfile", path(`${name}.ext`)];
  openssl("x509", "-req", ...files, ...signing, ...days);
  return { cert: readFileSync(path(`${name}.pem`)), key: readFileSync(path(`${name}.key`)) };
}

const ca = authority("ca");
const otherCa = authority("other-ca");
const server = issued("ca", "server", "DNS:localhost,IP:127.0.0.1");
const WEB = "spiffe://acme.example/ns/web";
const clients = {
  web: issued("ca", "web", `URI:${WEB},DNS:web.internal`),
  foreign: issued("ca", "foreign", "URI:spiffe://evil.example/ns/web"),
  nameless: issued("ca", "spiffe", ""),
  gateway: issued("ca", "gateway", "DNS:gateway.internal"),
  forged: issued("other-ca", "forged", `URI:${WEB}`),
  ended: issued("ca", "ended", `URI:${WEB}`, ["-days", "-1"]),
  several: issued("ca", "several", `URI:${WEB},URI:spiffe://acme.example/ns/admin`),
  misplaced: issued("ca", "misplaced", `@names\n[names]\nDNS.1=${WEB}\nURI.1=web.internal`),
  tricky: issued("ca", "tricky", `@names\n[names]\nURI.1=spiffe://evil.example/, URI:${WEB}`),
};

const MESH = peer({ name: "mesh", spiffe: ["spiffe://acme.example/ns/*"], dns: ["*.internal"] });
const USER = sourceOf("user", BEARER);
const options = { clientCa: ca.cert, ...server };

interface Answered {
  readonly status: number;
  readonly text: string;
}
type Send = (port: number, pair: Pair | undefined, headers?: Record<string, string>) => Promise<Answered>;
const senders: readonly [string, Send][] = [
  [
    "HTTP/1.1",
    async (port, pair, headers = {}) => {
      const all = { "content-type": "application/json", ...headers };
      const where = { port, host: "127.0.0.1", path: GATE_PATH, method: "POST", agent: false, ca: ca.cert };
      const request = https.request({ ...where, headers: all, ...pair });
      request.end("{}");
      const [response] = (await once(request, "response")) as [import("node:http").IncomingMessage];
      const chunks: Buffer[] = await response.toArray();
      return { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() };
    },
  ],
  [
    "HTTP/2",
    async (port, pair, headers = {}) => {
      const session = http2.connect(`https://127.0.0.1:${port}`, { ca: ca.cert, ...pair });
      try {
        const all = { ":method": "POST", ":path": GATE_PATH, "content-type": "application/json", ...headers };
        const stream = session.request(all);
        stream.end("{}");
        const [responseHeaders] = (await once(stream, "response")) as [http2.IncomingHttpHeaders];
        const chunks: Buffer[] = await stream.toArray();
        return { status: Number(responseHeaders[":status"]), text: Buffer.concat(chunks).toString() };
      } finally {
        session.destroy();
      }
    },
  ],
];

describe.each(senders)("client certificates, %s", (_, send) => {
  describe.each([
    ["fast path", true],
    ["Connect's adapter", false],
  ])("%s", (__, isFast) => {
    async function served(gateOptions: GateOptions) {
      const rig = await gate(gateOptions);
      const { method, route } = rig.endpoint;
      const up = await listen([isFast ? rig.endpoint : { method, route }], { tls: options });
      onTestFinished(() => up.close(0));
      return { ...rig, port: up.port };
    }

    test("a client certificate identifies its caller by its names", async () => {
      const { port, seen, identity } = await served({ sources: [MESH] });
      expect(identity.sources).toEqual(["mesh"]);
      expect((await send(port, clients.web)).status).toBe(200);
      expect(seen).toMatchObject([{ subject: WEB, source: "mesh", address: "127.0.0.1" }]);
    });
    test.each([
      ["none", undefined],
      ["one without names", clients.nameless],
      ["one of another trust domain", clients.foreign],
      ["one that another authority has issued", clients.forged],
      ["one that has ended", clients.ended],
      ["one whose name looks like two", clients.tricky],
      ["one with two SPIFFE ids", clients.several],
      ["one with names of one kind in the place of the other", clients.misplaced],
    ])("a client with %s is anonymous, and is served as such", async (___, pair) => {
      const refused = await served({ sources: [MESH] });
      const { status, text } = await send(refused.port, pair);
      expect([status, declaredError(text)]).toEqual([401, '{"code":"unauthenticated","message":"unauthenticated"}']);
      const open = await served({ sources: [MESH], permit: { public: true } });
      expect((await send(open.port, pair)).status).toBe(200);
      expect(open.seen).toMatchObject([{ subject: undefined }]);
    });

    test("a credential takes precedence", async () => {
      const { port, seen } = await served({ sources: [MESH, USER] });
      expect((await send(port, clients.web, { authorization: "Bearer user-ann" })).status).toBe(200);
      expect((await send(port, clients.web, { authorization: "Bearer user-bad" })).status).toBe(401);
      expect(seen).toMatchObject([{ subject: "ann", source: "user" }]);
    });
    test("the certificate of a browser counts only with proof of the page", async () => {
      const { port, seen } = await served({ sources: [MESH] });
      expect((await send(port, clients.web, { origin: "https://evil.example" })).status).toBe(401);
      expect((await send(port, clients.web, { "sec-fetch-site": "cross-site" })).status).toBe(401);
      expect((await send(port, clients.web, { "sec-fetch-site": "same-origin" })).status).toBe(200);
      expect((await send(port, clients.web, { origin: "https://a.example", "x-csrf": "1" })).status).toBe(200);
      expect(seen).toHaveLength(2);
    });

    test("a source with `from` accepts only a gateway's connections", async () => {
      const gateway = trusted({ name: "gateway", header: "x-user", from: ["gateway.internal"] });
      const { port, seen, audited } = await served({ sources: [gateway] });
      const principal = { source: "gateway", issuer: "gateway", subject: "ann" };
      const header = { "x-user": Buffer.from(JSON.stringify(principal)).toString("base64url") };
      expect((await send(port, clients.gateway, header)).status).toBe(200);
      expect(seen).toMatchObject([{ subject: "ann", source: "gateway" }]);
      for (const pair of [clients.web, undefined, clients.forged])
        expect((await send(port, pair, header)).status).toBe(401);
      expect(audited.map(({ reason }) => reason)).toEqual(
        Array(3).fill("a credential that no source takes for its own"),
      );
      const junk = { "x-user": "junk" };
      expect((await send(port, clients.gateway, junk)).status).toBe(401);
    });
  });
});

test("a resumed TLS session keeps the names", async () => {
  const rig = await gate({ sources: [MESH] });
  const up = await listen([rig.endpoint], { tls: options });
  onTestFinished(() => up.close(0));
  const agent = new https.Agent({ ca: ca.cert, ...clients.web, maxCachedSessions: 10 });
  onTestFinished(() => agent.destroy());
  const send = async (): Promise<{ status: number | undefined; resumed: boolean }> => {
    const headers = { "content-type": "application/json", connection: "close" };
    const request = https.request({
      port: up.port,
      host: "127.0.0.1",
      path: GATE_PATH,
      method: "POST",
      agent,
      headers,
    });
    request.end("{}");
    const [response] = (await once(request, "response")) as [import("node:http").IncomingMessage];
    const resumed = (response.socket as import("node:tls").TLSSocket).isSessionReused();
    await response.resume().toArray();
    return { status: response.statusCode, resumed };
  };
  expect(await send()).toMatchObject({ status: 200 });
  expect(await send()).toEqual({ status: 200, resumed: true });
  expect(rig.seen.map(({ subject }) => subject)).toEqual([WEB, WEB]);
});

test("new authorities decide over new connections, resumed sessions included", async () => {
  const rig = await gate({ sources: [MESH] });
  const up = await listen([rig.endpoint], { tls: options });
  onTestFinished(() => up.close(0));
  const resuming = new https.Agent({ ca: ca.cert, ...clients.web, maxCachedSessions: 10 });
  onTestFinished(() => resuming.destroy());
  const send = async (agent: https.Agent | false, pair: Pair): Promise<number | undefined> => {
    const headers = { "content-type": "application/json", connection: "close" };
    const where = { port: up.port, host: "127.0.0.1", path: GATE_PATH, method: "POST", agent, headers };
    const request = https.request({ ...where, ca: ca.cert, ...pair });
    request.end("{}");
    const [response] = (await once(request, "response")) as [import("node:http").IncomingMessage];
    await response.resume().toArray();
    return response.statusCode;
  };
  expect(await send(resuming, clients.web)).toBe(200);
  expect(await send(resuming, clients.web)).toBe(200);
  expect(await send(false, clients.forged)).toBe(401);
  up.renew({ ...server, clientCa: otherCa.cert });
  expect(await send(false, clients.forged)).toBe(200);
  expect(await send(false, clients.web)).toBe(401);
  expect(await send(resuming, clients.web)).toBe(401);
});

test("without an authority no certificate is requested, and none counts", async () => {
  const rig = await gate({ sources: [MESH], permit: { public: true } });
  const up = await listen([rig.endpoint], { tls: server });
  onTestFinished(() => up.close(0));
  for (const [, send] of senders) expect((await send(up.port, clients.web)).status).toBe(200);
  expect(rig.seen.map(({ subject }) => subject)).toEqual([undefined, undefined]);
});

describe("alternative names in Node's format", () => {
  test.each([
    ["", []],
    ["DNS:a.example", ["a.example"]],
    ["DNS:a.example, URI:spiffe://a/b, IP Address:127.0.0.1, email:x@y", ["spiffe://a/b", "a.example"]],
    ["DNS:spiffe://a/b, URI:gateway.internal, DNS:a.example", ["a.example"]],
    ["URI:spiffe://a/b, URI:spiffe://a/admin, DNS:a.example", ["a.example"]],
    ["URI:https://a/b, URI:spiffe://a/admin", []],
    ["URI:https://a/b, URI:urn:x:y", ["https://a/b", "urn:x:y"]],
    ['DNS:a.example, URI:"spiffe://evil/, URI:spiffe://a/b"', ["a.example"]],
    ['DNS:"a\\", DNS:b", DNS:c', ["c"]],
    ["DNS:a, b", []],
    ['DNS:"a', []],
    ["DNS", []],
    [Array(101).fill("DNS:a").join(", "), []],
  ])("%j", (text, names) => expect(certificateNames(text)).toEqual(names));
});

/** Renegotiates TLS 1.2; later versions have no renegotiation. */
async function renegotiated(port: number, protocol: string): Promise<string> {
  const where = { port, host: "127.0.0.1", ca: ca.cert, maxVersion: "TLSv1.2", ALPNProtocols: [protocol] } as const;
  const socket = tls.connect({ ...where, ...clients.web });
  await once(socket, "secureConnect");
  const { promise, resolve } = Promise.withResolvers<string>();
  socket.on("error", ({ message }) => resolve(message)).on("close", () => resolve("closed"));
  // As another one, if that were possible in the middle.
  socket.setKeyCert(tls.createSecureContext(clients.gateway));
  socket.renegotiate({ rejectUnauthorized: false }, (error) => resolve(error === null ? "done" : error.message));
  const outcome = await promise;
  socket.destroy();
  return outcome;
}
test.each(["h2", "http/1.1"])(
  "renegotiation is refused in the middle of a connection, %s (RFC 9113, 9.2.1)",
  async (protocol) => {
    const up = await listen([], { tls: options });
    onTestFinished(() => up.close(0));
    expect(await renegotiated(up.port, protocol)).toMatch(/no renegotiation/);
    up.renew(options);
    expect(await renegotiated(up.port, protocol)).toMatch(/no renegotiation/);
  },
);
