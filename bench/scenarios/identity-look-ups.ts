// Measures the extra work for a request of the scenario `identity`, alone and in this process.
import { createPrivateKey, createPublicKey, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { create, toBinary } from "@bufbuild/protobuf";
import { CredentialSchema, PrincipalAssertionSchema, PrincipalSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import { MemoryStore } from "../../packages/server/src/session/memory-store.ts";
import { Provider } from "../../packages/server/src/session/provider.ts";
import { RedisStore } from "../../packages/server/src/session/redis-store.ts";
import type { SessionStore } from "../../packages/server/src/session/session-store.ts";
import { Sessions } from "../../packages/server/src/session/sessions.ts";
import { systemClock } from "../../runtime/src/clock.ts";
import { digestOf } from "../../runtime/src/identity/api-key/key-format.ts";
import { SqliteKeys } from "../../runtime/src/identity/api-key/sqlite-keys.ts";
import { callerOf } from "../../runtime/src/identity/principal.ts";
import { keyIdOf, signedHeader } from "../../runtime/src/identity/propagation/assertion.ts";
import { openKeys, verifyPrincipal } from "../../runtime/src/identity/verify/index.ts";
import { connectAtStart, loadRedis } from "../../runtime/src/redis/redis-client.ts";
import { Sealer } from "../../runtime/src/sealing/sealer.ts";
import { CallerSchema } from "../generated/bench/identity/v1/identity_pb.ts";
import { type Callers, USER } from "../rig/callers.ts";
import { startRedis } from "../rig/redis.ts";
import type { LeftOut, VariantResult } from "../rig/result.ts";
import { median } from "../rig/statistics.ts";

const SERVICE = "bench.up.v1.ProfileService";
const ROUNDS = 5;
const REDIS_PORT = 6399;

export async function lookUps(
  callers: Callers,
  quick: boolean,
): Promise<{ readonly variants: readonly VariantResult[]; readonly leftOut: readonly LeftOut[] }> {
  const variants = [await verifying(callers, quick), await keyLookUp(callers, quick)];
  variants.push(await sessionLookUp("session, in the process", new MemoryStore(systemClock), quick));
  const redis = await startRedis(REDIS_PORT);
  if (redis === undefined)
    return { variants, leftOut: [{ name: "session, Redis", reason: "redis-server is not installed" }] };
  try {
    const store = new RedisStore(await connectAtStart(await loadRedis(redis.url), () => {}));
    variants.push(await sessionLookUp("session, Redis", store, quick));
  } finally {
    redis.stop();
  }
  return { variants, leftOut: [] };
}

/** Verifies assertions as a called service does: a new assertion each time, as in the first of a caller's requests. */
async function verifying({ signing }: Callers, quick: boolean): Promise<VariantResult> {
  const key = createPrivateKey(readFileSync(signing.privateKey));
  const named = { id: keyIdOf(createPublicKey(key)), key };
  const keys = openKeys(signing.publicKey);
  const now = BigInt(Math.floor(Date.now() / 1_000));
  const count = quick ? 100 : 2_000;
  const headers = Array.from({ length: count * ROUNDS }, (_, i) => {
    const caller = create(CallerSchema, { subject: `user-${i}`, tenant: "acme", scopes: ["home", "inbox"] });
    const assertion = create(PrincipalAssertionSchema, {
      issuer: "https://bench.example",
      audience: SERVICE,
      source: "user",
      type: CallerSchema.typeName,
      issued: now,
      expires: now + 600n,
      principal: toBinary(CallerSchema, caller),
    });
    return signedHeader(assertion, named);
  });
  const options = { type: CallerSchema, issuer: "https://bench.example", audience: SERVICE, keys };
  try {
    return await perCall("verifyPrincipal", count, async (i) => {
      const { principal } = await verifyPrincipal(headers[i], options);
      if (principal.subject !== `user-${i}`) throw new Error("somebody else");
    });
  } finally {
    await keys.close();
  }
}

/** By the digest of a key, in a file with 20,000 others. */
async function keyLookUp({ env, keys: { good } }: Callers, quick: boolean): Promise<VariantResult> {
  const keys = await SqliteKeys.at(env.BFF_STORE_FILE ?? "");
  try {
    return await perCall("API key, SQLite", quick ? 500 : 20_000, async () => {
      if (keys.find(digestOf(good))?.subject !== USER) throw new Error("no such key");
    });
  } finally {
    keys.close();
  }
}

/** One of a thousand sessions by the id in its cookie, one after another. */
async function sessionLookUp(name: string, store: SessionStore, quick: boolean): Promise<VariantResult> {
  const far = { redirectUri: "https://bench.example/auth/callback", scopes: ["openid"] };
  const issuer = "https://id.example";
  const sessions = new Sessions({
    store,
    clock: systemClock,
    issuer,
    idleMs: 1_800_000,
    absoluteMs: 36_000_000,
    fault: () => {},
    sealer: new Sealer([randomBytes(32)]),
    provider: new Provider({ issuer, clientId: "bench", clientSecret: "", ...far }, systemClock),
    callerOf: ({ claims: { sub }, access }) => {
      const credential = create(CredentialSchema, { source: "browser", issuer, subject: String(sub) });
      return callerOf({ type: PrincipalSchema, credential, principal: undefined, token: access });
    },
  });
  const tokens = { access: "a".repeat(600), accessUntil: undefined, refresh: undefined, idToken: "i".repeat(800) };
  const ids: string[] = [];
  for (let i = 0; i < 1_000; i++) {
    const claims = { sub: `user-${i}`, name: "Ada Okafor", email: "ada@acme.example" };
    ids.push((await sessions.begin({ ...tokens, claims })).id);
  }
  try {
    return await perCall(name, quick ? 200 : 5_000, async (i) => {
      const id = ids[i % ids.length] ?? "";
      if ((await sessions.find(id)) === undefined) throw new Error("no such session");
    });
  } finally {
    await store.close();
  }
}

async function perCall(name: string, count: number, call: (i: number) => Promise<void>): Promise<VariantResult> {
  const cpu: number[] = [];
  const wall: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const [before, startedAt] = [process.cpuUsage(), performance.now()];
    for (let i = 0; i < count; i++) await call(round * count + i);
    const { user, system } = process.cpuUsage(before);
    cpu.push((user + system) / count);
    wall.push((1_000 * (performance.now() - startedAt)) / count);
  }
  const result = { name, cpu_us_per_call: median(cpu), wall_us_per_call: median(wall) };
  console.log(`${name.padEnd(24)} ${result.cpu_us_per_call.toFixed(1).padStart(6)} µs/call`);
  return result;
}
