// The property that nobody gets what is another caller's: 50 callers ask for answers through caches, batches, equal calls, hedges, streams and late parts, while calls
// fail, requests are cancelled and connections die. Each field of an answer names whose it is. PROTOBFF_LEAK_FIELDS is how many fields are judged;
// with PROTOBFF_LEAK_REDIS=1 answers are shared through a Redis that is killed now and then. Variables of the BFF, such as BFF_WORKERS=2, count.
import { type ChildProcess, spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import * as http from "node:http";
import * as http2 from "node:http2";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { seeded } from "../../../bffs/second/random-message.ts";
import { seedOf } from "../../../support/seed/seed.ts";
import { generated } from "../attacks/rig/generate-bff.ts";
import { startIssuer } from "../attacks/rig/issuer.ts";
import { Process } from "../attacks/rig/processes.ts";

const FIELDS = Number(process.env.PROTOBFF_LEAK_FIELDS ?? 20_000);
const WORKERS = 60;
const CALLERS = 50;
const TENANTS = 7;
const KEYS = ["a", "b", "c"];
const TAGS = ["x", "y", "z"];
const RPCS = [
  ...["Page", "Page", "Page", "Page", "Page", "Page", "CachedMine", "CachedMine", "CachedMine", "CachedTenant"],
  ...["CachedToken", "CachedToken", "CachedTag", "Latest", "Parts", "Follow", "REST", "Live", "LiveMine"],
].filter((rpc) => process.env.PROTOBFF_LEAK_RPCS?.split(",").includes(rpc) ?? true);
const STREAMS = new Set(["Parts", "Follow", "Live", "LiveMine"]);
/** Fields that hold the caller's subject. */
const SUBJECTS = ["pc", "p1", "p2", "sc", "s1", "tc", "sh", "me", "who", "s", "late", "batched"];

interface Caller {
  readonly subject: string;
  readonly tenant: string;
  readonly tokens: readonly string[];
}
interface LeakRequest {
  readonly caller: Caller;
  readonly rpc: string;
  readonly key: string;
  readonly tag: string;
}
type Json = Readonly<Record<string, unknown>>;

/** Fields of an answer that name somebody, with the name that the caller has to find there. */
function identityFields({ caller, rpc, key, tag }: LeakRequest, answer: Json): [string, unknown, string][] {
  const { subject, tenant } = caller;
  const found: [string, unknown, string][] = SUBJECTS.map((name) => [name, answer[name], subject]);
  found.push(["tag", answer.tag, tag], ["tenant", answer.tenant, tenant], ["own", answer.own, tenant]);
  found.push(["key", answer.key, rpc === "Follow" || rpc === "Latest" ? subject : key], ["pckey", answer.pckey, key]);
  if (rpc === "Live" && key === "c") found.push(["permit", subject.at(-1), "0"]); // as the upstream permits
  for (const card of (answer.cards as Json[] | undefined) ?? []) found.push(["cards.who", card.who, subject]);
  return found.filter(([, value]) => value !== undefined);
}

test("the test detects a foreign field", () => {
  const request: LeakRequest = { caller: { subject: "u1", tenant: "t1", tokens: [] }, rpc: "Page", key: "a", tag: "x" };
  const answer = { pc: "u1", me: "u2", tag: "x", cards: [{ who: "u3" }, {}], pckey: "b" };
  const foreign = identityFields(request, answer).filter(([, value, expected]) => value !== expected);
  expect(foreign.map(([name]) => name)).toEqual(["me", "pckey", "cards.who"]);
});

test(`none of ${FIELDS} fields that ${CALLERS} callers receive belongs to another caller`, {
  timeout: 60_000 + FIELDS * 20,
}, async () => {
  const folder = generated();
  const state = mkdtempSync(join(tmpdir(), "leak-"));
  onTestFinished(() => rmSync(state, { recursive: true, force: true }));
  const { privateKey } = generateKeyPairSync("ed25519");
  writeFileSync(join(state, "key.pem"), privateKey.export({ type: "pkcs8", format: "pem" }));
  const issuer = await startIssuer();
  onTestFinished(() => issuer.close());
  const redis = process.env.PROTOBFF_LEAK_REDIS === "1" ? await Redis.start() : undefined;
  onTestFinished(() => redis?.stop());
  const upstream = new Process([fileURLToPath(new URL("upstream.ts", import.meta.url)), folder], {});
  onTestFinished(() => upstream.kill());
  const url = await upstream.url();
  const services = ["PLAIN", "SIGNED", "TOKEN", "SHARED"].map((name) => [`LUP_V1_${name}SERVICE_URL`, url]);
  const bff = new Process(["--max-old-space-size=512", join(folder, "leak/v1/server.ts")], {
    HOST: "127.0.0.1",
    PORT: "0",
    OIDC_ISSUER: issuer.address,
    BFF_IDENTITY_ISSUER: "https://bff.example",
    BFF_IDENTITY_KEY_FILES: join(state, "key.pem"),
    ...Object.fromEntries(services),
    ...(redis !== undefined && { REDIS_URL: redis.url }),
  });
  onTestFinished(() => bff.kill());
  const client = new Client(await bff.url());
  onTestFinished(() => client.close());
  const callers = await Promise.all(
    Array.from({ length: CALLERS }, async (_, i): Promise<Caller> => {
      const claims = { tenant: `t${i % TENANTS}`, scopes: [] };
      const tokens = await Promise.all([1, 2].map((n) => issuer.token(`u${i}`, { ...claims, n })));
      return { subject: `u${i}`, tenant: claims.tenant, tokens };
    }),
  );
  const counts = { fields: 0, answers: 0, refused: 0 };
  const foreign: unknown[] = [];
  const kinds = new Set<string>();
  const work = async (worker: number): Promise<void> => {
    const random = seeded("leak", seedOf(), String(worker));
    const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T;
    while (counts.fields < FIELDS && foreign.length === 0 && bff.ended === undefined) {
      const request = { caller: pick(callers), rpc: pick(RPCS), key: pick(KEYS), tag: pick(TAGS) };
      const answers = await client.send(request, { random, token: pick(request.caller.tokens), session: worker % 4 });
      if (answers.length === 0) counts.refused++;
      for (const answer of answers) {
        counts.answers++;
        for (const [name, value, expected] of identityFields(request, answer)) {
          counts.fields++;
          kinds.add(`${request.rpc}.${name}`);
          if (value !== expected) foreign.push({ rpc: request.rpc, name, value, expected });
        }
      }
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, (_, worker) => work(worker)));
  console.log(JSON.stringify({ ...counts, redis: redis?.restarts, kinds: kinds.size }));
  expect(foreign).toEqual([]);
  expect(bff.ended, bff.log).toBeUndefined();
  expect(new Set([...kinds].map((kind) => kind.split(".")[0]))).toEqual(new Set(RPCS));
  expect(counts.answers).toBeGreaterThan(counts.refused);
});

interface Manner {
  readonly random: () => number;
  readonly token: string;
  readonly session: number;
}

/** Asks over both versions of HTTP, by POST, Connect's GET and REST; takes some requests back, and ends some connections. */
class Client {
  readonly #url: string;
  readonly #agent = new http.Agent({ keepAlive: true, maxSockets: 40 });
  readonly #sessions: (http2.ClientHttp2Session | undefined)[] = [];

  constructor(url: string) {
    this.#url = url;
  }
  close(): void {
    this.#agent.destroy();
    for (const session of this.#sessions) session?.destroy();
  }

  /** Messages of the answer; none if it was refused or taken back. */
  async send({ rpc, key, tag }: LeakRequest, { random, token, session }: Manner): Promise<readonly Json[]> {
    const isStream = STREAMS.has(rpc);
    const json = JSON.stringify({ key });
    const headers: Record<string, string> = { authorization: `Bearer ${token}`, "x-tag": tag };
    headers["x-request-id"] = `r${Math.floor(random() * 5)}`;
    let path = rpc === "REST" ? `/v1/mine/${key}` : `/leak.v1.LeakService/${rpc}`;
    let body: Buffer | undefined;
    if (isStream) {
      headers["content-type"] = "application/connect+json";
      body = Buffer.concat([Buffer.from([0, 0, 0, 0, json.length]), Buffer.from(json)]);
    } else if (rpc !== "REST" && random() < 0.3) {
      path += `?connect=v1&encoding=json&message=${encodeURIComponent(json)}`;
    } else if (rpc !== "REST") {
      headers["content-type"] = "application/json";
      body = Buffer.from(json);
    }
    if (rpc !== "REST" && random() < 0.15) headers["connect-timeout-ms"] = String(5 + Math.floor(random() * 120));
    const forMs = isStream && rpc !== "Parts" ? 80 + random() * 200 : random() < 0.12 ? random() * 60 : 8000;
    const request = { method: body === undefined ? "GET" : "POST", path, headers, body };
    const over = random() < 0.4 ? this.#overHttp1(request) : this.#overHttp2(request, session, random() < 0.0008);
    const { status, bytes } = await received(over, forMs);
    if (status !== 200) return [];
    if (isStream) return messagesIn(bytes);
    return [parsed(bytes)].filter((answer) => answer !== undefined);
  }

  #overHttp1({ method, path, headers, body }: Request): Exchange {
    const exchange = new Exchange();
    const request = http.request(this.#url + path, { method, headers, agent: this.#agent }, (response) => {
      exchange.status = response.statusCode;
      response.on("data", exchange.add).on("end", exchange.end).on("error", exchange.end);
    });
    request.on("error", exchange.end).end(body);
    exchange.takeBack = () => request.destroy();
    return exchange;
  }
  #overHttp2({ method, path, headers, body }: Request, at: number, cut: boolean): Exchange {
    const exchange = new Exchange();
    let session = this.#sessions[at];
    if (session === undefined || session.closed || session.destroyed) {
      session = http2.connect(this.#url).on("error", () => {});
      this.#sessions[at] = session;
    }
    const stream = session.request({ ":method": method, ":path": path, ...headers });
    stream.on("response", (response) => {
      exchange.status = response[":status"];
    });
    stream.on("data", exchange.add).on("end", exchange.end).on("error", exchange.end).on("close", exchange.end);
    stream.end(body);
    exchange.takeBack = () => stream.close(http2.constants.NGHTTP2_CANCEL);
    if (cut) session.destroy();
    return exchange;
  }
}
interface Request {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
}
class Exchange {
  status: number | undefined;
  takeBack = (): void => {};
  readonly #chunks: Buffer[] = [];
  readonly #ended = Promise.withResolvers<void>();
  readonly add = (chunk: Buffer): void => void this.#chunks.push(chunk);
  readonly end = (): void => this.#ended.resolve();
  get ended(): Promise<void> {
    return this.#ended.promise;
  }
  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}
async function received(exchange: Exchange, forMs: number): Promise<{ status: number | undefined; bytes: Buffer }> {
  const timer = setTimeout(() => {
    exchange.takeBack();
    exchange.end();
  }, forMs);
  await exchange.ended;
  clearTimeout(timer);
  return { status: exchange.status, bytes: exchange.bytes };
}
function parsed(bytes: Buffer): Json | undefined {
  try {
    return JSON.parse(bytes.toString()) as Json;
  } catch {
    return undefined; // it was taken back
  }
}
/** Whole messages of a stream in Connect's protocol, without its end. */
function messagesIn(bytes: Buffer): Json[] {
  const messages: Json[] = [];
  for (let at = 0; at + 5 <= bytes.length; ) {
    const end = at + 5 + bytes.readUInt32BE(at + 1);
    if (end > bytes.length) break;
    if (bytes[at] === 0) messages.push(JSON.parse(bytes.subarray(at + 5, end).toString()) as Json);
    at = end;
  }
  return messages;
}

/** A Redis that is killed every few seconds, and started again at the same port. */
class Redis {
  readonly url: string;
  restarts = 0;
  readonly #port: number;
  #process: ChildProcess | undefined;
  #stopped = false;

  private constructor(port: number) {
    this.#port = port;
    this.url = `redis://127.0.0.1:${port}`;
  }
  static async start(): Promise<Redis> {
    const probe = createServer().listen(0, "127.0.0.1");
    await once(probe, "listening");
    const redis = new Redis((probe.address() as { readonly port: number }).port);
    probe.close();
    await redis.#begin();
    void redis.#killing();
    return redis;
  }
  stop(): void {
    this.#stopped = true;
    this.#process?.kill("SIGKILL");
  }
  async #begin(): Promise<void> {
    const args = ["--port", String(this.#port), "--save", "", "--bind", "127.0.0.1"];
    const started = spawn("redis-server", args, { stdio: ["ignore", "pipe", "ignore"] });
    this.#process = started;
    for await (const chunk of started.stdout) if (String(chunk).includes("Ready to accept")) break;
    started.stdout.resume();
  }
  async #killing(): Promise<void> {
    for (; !this.#stopped; this.restarts++) {
      await pause(3000 + Math.random() * 3000);
      if (this.#stopped) return;
      const exited = this.#process === undefined ? undefined : once(this.#process, "exit");
      this.#process?.kill(Math.random() < 0.5 ? "SIGKILL" : "SIGTERM");
      await exited;
      await this.#begin();
    }
  }
}
