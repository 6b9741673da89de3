import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type RequestListener, request as rawRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { apiKey } from "@protobff/runtime/internal/identity/api-key/api-key";
import { jwt } from "@protobff/runtime/internal/identity/jwt/jwt";
import { GATE_PATH, GateService, gate } from "@protobff/runtime/internal/testing/gate-rig";
import { jwkOf, PAIRS, signed } from "@protobff/runtime/internal/testing/test-issuer";
import { expect, onTestFinished, test } from "vitest";
import { runBffKey } from "./command/bff-key.ts";
import { listen } from "./listen.ts";

// Tokens and keys together, over connections, with issuers that are servers.

interface Issuer {
  readonly url: string;
  /** In place of what it answers. */
  answer: RequestListener | undefined;
  token(more?: object, kid?: string): string;
}
async function issuer(pair: "rsa" | "p256"): Promise<Issuer> {
  const alg = pair === "rsa" ? "RS256" : "ES256";
  const server = createServer((request, response) => {
    if (made.answer !== undefined) return made.answer(request, response);
    const discovery = { issuer: made.url, jwks_uri: `${made.url}/keys` };
    const document = request.url === "/keys" ? { keys: [jwkOf(PAIRS[pair], { kid: "one" })] } : discovery;
    response.end(JSON.stringify(document));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const made: Issuer = {
    url,
    answer: undefined,
    token(more = {}, kid = "one") {
      const claims = { iss: url, aud: "web", sub: "ada", exp: Date.now() / 1000 + 300, ...more };
      return signed({ alg, kid }, claims, PAIRS[pair].privateKey);
    },
  };
  return made;
}

async function newKey(file: string, subject: string): Promise<string> {
  const out: string[] = [];
  const write = { out: (text: string) => void out.push(text), error: () => {} };
  await runBffKey(["create", "--subject", subject, "--prefix", "acme_"], { BFF_STORE_FILE: file }, write);
  return out.join("").trim();
}

async function up(...[sources, more = {}]: [Parameters<typeof gate>[0]["sources"], object?]) {
  const folder = mkdtempSync(join(tmpdir(), "bff-both-"));
  const file = join(folder, "keys.db");
  const rig = await gate({ sources, permit: {}, environment: { BFF_STORE_FILE: file }, ...more });
  const server = await listen([rig.endpoint], { identity: rig.identity });
  onTestFinished(async () => {
    await server.close();
    await rig.identity.close();
    rmSync(folder, { recursive: true });
  });
  /** `200 ada`, or status and code. */
  const send = async (headers: Record<string, string>): Promise<string> => {
    const response = await fetch(`${server.url}${GATE_PATH}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: '{"fileName":"authorization,x-api-key"}',
    });
    const json = (await response.json()) as {
      readonly fileName?: string;
      readonly code?: string;
      readonly message?: string;
    };
    if (json.fileName === undefined) return `${response.status} ${json.code}: ${json.message}`;
    const seen = JSON.parse(json.fileName);
    expect(seen.headers).toEqual({ authorization: null, "x-api-key": null });
    return `${response.status} ${seen.source} ${seen.subject}`;
  };
  return { ...rig, server, file, send: send };
}
const NO = "401 unauthenticated: unauthenticated";

test("tokens of two issuers and keys share one header, and each reaches its source", async () => {
  const [first, second] = [await issuer("rsa"), await issuer("p256")];
  const { send, file, server, identity } = await up([
    jwt({ name: "user", issuer: first.url, audience: ["web"] }),
    jwt({ name: "partner", issuer: second.url, audience: ["web"] }),
    apiKey({ name: "robot", header: "authorization", prefix: "acme_" }),
    apiKey({ name: "old-robot", prefix: "acme_" }),
  ]);
  await identity.opened;
  const key = await newKey(file, "ci");
  const bearer = (credential: string) => ({ authorization: `Bearer ${credential}` });
  expect(await send(bearer(first.token()))).toBe("200 user ada");
  expect(await send(bearer(second.token({ sub: "bob" })))).toBe("200 partner bob");
  expect(await send(bearer(key))).toBe("200 robot ci");
  expect(await send({ "x-api-key": key })).toBe("200 old-robot ci");
  // each issuer's tokens by its own keys alone
  const forged = signed({ alg: "ES256", kid: "one" }, { iss: first.url, aud: "web", exp: 2e9 }, PAIRS.p256.privateKey);
  expect(await send(bearer(forged))).toBe(NO);
  for (const headers of [
    {},
    bearer("x"),
    bearer(first.token({ iss: "x" })),
    { ...bearer(first.token()), "x-api-key": key },
  ]) {
    expect(await send(headers as Record<string, string>)).toBe(NO);
  }
  const twice = rawRequest(`${server.url}${GATE_PATH}`, { method: "POST" });
  twice
    .setHeader("authorization", [`Bearer ${first.token()}`, `Bearer ${first.token()}`])
    .setHeader("content-type", "application/json");
  twice.end("{}");
  const [{ statusCode }] = await once(twice, "response");
  expect(statusCode).toBe(401);

  const client = createClient(GateService, createGrpcTransport({ baseUrl: server.url }));
  const { fileName } = await client.get({}, { headers: bearer(first.token()) });
  expect(JSON.parse(fileName)).toMatchObject({ source: "user", subject: "ada" });
});

test("an issuer that hangs at the start keeps the server unready and UNAVAILABLE until it answers", async () => {
  const item = await issuer("rsa");
  const arrival = Promise.withResolvers<void>();
  item.answer = () => arrival.resolve();
  const { send, server, identity } = await up([jwt({ name: "user", issuer: item.url, audience: ["web"] })], {
    timeoutMs: 200,
  });
  await arrival.promise;
  expect((await fetch(`${server.url}/readyz`)).status).toBe(503);
  const answer = await send({ authorization: `Bearer ${item.token()}` });
  expect(answer).toMatch(/^50[34] /);
  expect(await send({ authorization: `Bearer ${item.token({ exp: 5 })}` })).toBe(NO);
  item.answer = undefined;
  await identity.opened;
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
  expect(await send({ authorization: `Bearer ${item.token()}` })).toBe("200 user ada");
}, 20_000);

test("hundreds of requests with unknown keys, while the issuer hangs, delay no other request", async () => {
  const item = await issuer("rsa");
  const { send, identity } = await up([jwt({ name: "user", issuer: item.url, audience: ["web"] })]);
  await identity.opened;
  let requests = 0;
  item.answer = () => void requests++;
  const strangers = Array.from({ length: 300 }, (_, i) => send({ authorization: `Bearer ${item.token({}, `x${i}`)}` }));
  for (let i = 0; i < 20; i++) {
    expect(await send({ authorization: `Bearer ${item.token({ sub: `friend${i}` })}` })).toBe(`200 user friend${i}`);
  }
  for (const answer of await Promise.all(strangers)) expect(answer).toMatch(/^(401|503|504) /);
  expect(requests).toBeLessThanOrEqual(2);
}, 20_000);
