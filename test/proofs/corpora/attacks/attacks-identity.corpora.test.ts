// Credentials that prove nothing, by the hundred thousand; paths of a login, asked without end; and two callers on one connection.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import * as http2 from "node:http2";
import * as net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import * as grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { digestOf, newKey } from "../../../../runtime/src/identity/api-key/key-format.ts";
import { SqliteKeys } from "../../../../runtime/src/identity/api-key/sqlite-keys.ts";
import { pick, seeded } from "../../../bffs/second/random-message.ts";
import { seedOf } from "../../../support/seed/seed.ts";
import { measuresLatency } from "./rig/beside-quiet.ts";
import { type Issuer, startIssuer } from "./rig/issuer.ts";
import { numbers } from "./rig/raw-http2.ts";
import { ATTACK_MS, type AttackOptions, attacked, described, expectUnharmed, type Target } from "./rig/rig.ts";

/** Above vitest's own: on a busy machine each takes three times as long. */
vi.setConfig({ testTimeout: 120_000 });
const AT_ONCE = 50;
const PATH = "/idn.v1.IdnService/Get";
const folder = mkdtempSync(join(tmpdir(), "bff-identity-"));
const robot = newKey("idn_");
const audit = join(folder, "audit.jsonl");

let issuer: Issuer;
let ann: string;
let options: AttackOptions;
beforeAll(async () => {
  issuer = await startIssuer();
  ann = await issuer.token("ann");
  const store = join(folder, "keys.db");
  const keys = await SqliteKeys.at(store);
  const none = { expires: undefined, revoked: undefined, lastUsed: undefined };
  keys.add(digestOf(robot), { id: "key_1", subject: "rob", claims: "{}", scopes: [], created: 0, ...none });
  keys.close();
  options = {
    server: "idn",
    heapMb: 256,
    normal: {
      path: measuresLatency ? "/idn.v1.IdnService/Cached" : PATH,
      body: '{"key":"normal"}',
      headers: { authorization: `Bearer ${ann}` },
    },
    env: {
      OIDC_ISSUER: issuer.address,
      BFF_STORE_FILE: store,
      BFF_PUBLIC_URL: "https://app.example",
      BFF_SESSION_KEYS: randomBytes(32).toString("base64"),
      BFF_BROWSER_CLIENT_SECRET: "secret",
      BFF_AUDIT: audit,
    },
  };
});
afterAll(() => {
  issuer.close();
  rmSync(folder, { recursive: true });
});

type Headers = http2.OutgoingHttpHeaders;
/** Statuses of answers, and how often each came. */
type Counts = Readonly<Record<string, number>>;
async function run<T>(name: string, attack: (target: Target, until: number) => Promise<T>, more: AttackOptions = {}) {
  const outcome = await attacked((target) => attack(target, performance.now() + ATTACK_MS), { ...options, ...more });
  process.stdout.write(`${described(name, outcome)}\n`);
  return outcome;
}

/** Asks at once so often, over one connection of HTTP/2, until the time is over or so many have been asked. */
async function flood(
  { url }: Target,
  request: (i: number) => { readonly headers: Headers; readonly body?: string },
  { until = Number.POSITIVE_INFINITY, most = Number.POSITIVE_INFINITY },
): Promise<Counts> {
  const session = http2.connect(url);
  session.on("error", () => {});
  const counts: Record<string, number> = {};
  let begun = 0;
  const sendRequests = async (): Promise<void> => {
    while (performance.now() < until && begun < most) {
      const { headers, body } = request(begun++);
      const stream = session.request(headers);
      stream.on("error", () => {});
      stream.end(body);
      const [answer] = (await once(stream, "response").catch(() => [{}])) as [http2.IncomingHttpHeaders];
      await stream
        .resume()
        .toArray()
        .catch(() => []);
      const status = String(answer[":status"] ?? "none");
      counts[status] = (counts[status] ?? 0) + 1;
    }
  };
  await Promise.all(numbers(AT_ONCE).map(sendRequests));
  session.destroy();
  return counts;
}
const asking = (headers: Headers) => ({
  headers: { ":method": "POST", ":path": PATH, "content-type": "application/json", ...headers },
  body: "{}",
});
const base64url = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const forged = (kid: string): string => {
  const claims = { iss: issuer.address, aud: "web", sub: "eve", exp: 4_000_000_000 };
  return `${base64url({ alg: "ES256", kid })}.${base64url(claims)}.${randomBytes(64).toString("base64url")}`;
};

test("different forged tokens with an existing key id are refused", async () => {
  const outcome = await run("forged tokens", (target, until) =>
    flood(target, () => asking({ authorization: `Bearer ${forged("k1")}` }), { until }),
  );
  expectUnharmed(outcome);
  expect(Object.keys(outcome.result)).toEqual(["401"]);
});

test("different tokens with unknown key ids are refused, and keys are fetched at most four times", async () => {
  const before = issuer.keyRequests();
  const outcome = await run("unknown keys", (target, until) =>
    flood(target, (i) => asking({ authorization: `Bearer ${forged(`k${i + 2}`)}` }), { until }),
  );
  expectUnharmed(outcome);
  expect(Object.keys(outcome.result)).toEqual(["401"]);
  // Those of the source and of logouts once each, and once more for the first key that is unknown.
  expect(issuer.keyRequests() - before).toBeLessThanOrEqual(4);
});

test("100,000 invalid tokens, cookies and keys leave no memory behind", async () => {
  const kinds: readonly (() => Headers)[] = [
    () => ({ authorization: `Bearer ${randomBytes(300).toString("base64url")}.e30.e30` }),
    () => ({ cookie: `__Host-session=${randomBytes(32).toString("base64url")}`, "x-csrf": "1" }),
    () => ({ "x-api-key": newKey("idn_") }),
  ];
  const outcome = await run("credentials of nobody", (target) =>
    flood(target, (i) => asking(kinds[i % kinds.length]?.() ?? {}), { most: 100_000 }),
  );
  expectUnharmed(outcome);
  expect(outcome.result).toEqual({ 401: 100_000 });
}, 180_000);

test("valid tokens in headers of 28 KiB are accepted", async () => {
  const tokens = await Promise.all(numbers(3_000).map((i) => issuer.token(`user ${i}`)));
  const spaces = " ".repeat(28 << 10);
  const outcome = await run("good tokens in large headers", (target) =>
    flood(target, (i) => asking({ authorization: `Bearer${spaces}${tokens[i]}` }), { most: tokens.length }),
  );
  expectUnharmed(outcome);
  expect(outcome.result).toEqual({ 200: tokens.length });
});

test("unfinished logins and unexpected login callbacks do no harm", async () => {
  const query = () => `state=${randomBytes(32).toString("base64url")}&code=x`;
  const paths = [
    () => `/auth/login?return_to=/${"a".repeat(2_000)}`,
    () => `/auth/callback?${query()}`,
    () => "/auth/me",
    () => `/auth/login?return_to=${encodeURIComponent("//evil.example")}`,
  ];
  const outcome = await run("logins", (target, until) =>
    flood(target, (i) => ({ headers: { ":method": "GET", ":path": paths[i % paths.length]?.() ?? "/" } }), { until }),
  );
  expectUnharmed(outcome);
  expect(Object.keys(outcome.result).sort()).toEqual(["302", "400", "401"]);
});

test("provider logouts that are too long, too slow or invalid are refused", async () => {
  const path = "/auth/backchannel-logout";
  const outcome = await run("logouts", async (target, until) => {
    const sockets = numbers(200).map(() => {
      const socket = net.connect(target.port, "127.0.0.1").on("error", () => {});
      socket.write(`POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nlogout_token=`);
      return socket;
    });
    const headers = { ":method": "POST", ":path": path, "content-type": "application/x-www-form-urlencoded" };
    const bodies = [
      () => `logout_token=${"a".repeat(100_000)}`,
      () => `logout_token=${forged(randomBytes(4).toString("hex"))}`,
    ];
    const flooded = flood(target, (i) => ({ headers, body: bodies[i % bodies.length]?.() ?? "" }), { until });
    while (performance.now() < until) {
      for (const socket of sockets) socket.write("a");
      await pause(100);
    }
    for (const socket of sockets) socket.destroy();
    return flooded;
  });
  expectUnharmed(outcome);
  expect(Object.keys(outcome.result)).toEqual(["400"]);
});

test("10,000 requests of callers with tokens and keys on one connection each have the answer of that caller", async () => {
  const eve = await issuer.token("eve");
  const callers: readonly (readonly [string, string, string])[] = [
    ["ann", "authorization", `Bearer ${ann}`],
    ["eve", "authorization", `Bearer ${eve}`],
    ["rob", "x-api-key", robot],
  ];
  const text = (message: Buffer): string => message.toString("latin1");
  const outcome = await run("callers on one connection", async ({ port }) => {
    const client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
    const random = seeded("callers", seedOf());
    let requestCount = 0;
    const wrong: string[] = [];
    const sendRequests = async (): Promise<void> => {
      while (requestCount < 10_000) {
        requestCount++;
        const [subject, name, value] = pick(random, callers);
        const metadata = new grpc.Metadata();
        metadata.set(name, value);
        const key = `${subject}-${requestCount}`;
        const message = Buffer.concat([Buffer.from([0x0a, key.length]), Buffer.from(key)]);
        const { promise, resolve } = Promise.withResolvers<string>();
        client.makeUnaryRequest(
          PATH,
          (bytes: Buffer) => bytes,
          (bytes: Buffer) => bytes,
          message,
          metadata,
          (error, answer) => resolve(error === null ? text(answer ?? Buffer.alloc(0)) : error.message),
        );
        const answer = await promise;
        const expected = text(Buffer.concat([message, Buffer.from([0x12, subject.length]), Buffer.from(subject)]));
        if (answer !== expected) wrong.push(`${key}: ${JSON.stringify(answer)}`);
      }
    };
    await Promise.all(numbers(100).map(sendRequests));
    client.close();
    return { requestCount, wrong: wrong.slice(0, 5) };
  });
  expectUnharmed(outcome);
  expect(outcome.result).toMatchObject({ wrong: [] });
});
