// Open streams of callers whose credential is revoked: API keys, sessions, and keys of issuers.
// Holds docs/runtime.md#streams
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { CredentialSchema, PrincipalSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import type { Clock } from "@protobff/runtime/internal/clock";
import { openIdentity } from "@protobff/runtime/internal/environment/open-identity";
import { apiKey } from "@protobff/runtime/internal/identity/api-key/api-key";
import type { AuthenticatedRequest } from "@protobff/runtime/internal/identity/authenticated-request";
import { Denylist, GuardedIdentity } from "@protobff/runtime/internal/identity/denylist/denylist";
import { identity } from "@protobff/runtime/internal/identity/identity-spec";
import { NOWHERE } from "@protobff/runtime/internal/identity/incoming-request";
import { callerOf } from "@protobff/runtime/internal/identity/principal";
import { unavailable } from "@protobff/runtime/internal/identity/refusals";
import type { Source } from "@protobff/runtime/internal/identity/source";
import type { SourceSpec } from "@protobff/runtime/internal/identity/spec";
import { Sealer } from "@protobff/runtime/internal/sealing/sealer";
import { idle } from "@protobff/runtime/internal/testing/fake-clock";
import { streamRig } from "@protobff/runtime/internal/testing/follow-rig";
import { describe, expect, onTestFinished, test } from "vitest";
import { runBffKey } from "../command/bff-key.ts";
import { MemoryStore } from "../session/memory-store.ts";
import type { Provider } from "../session/provider.ts";
import { SessionSource } from "../session/session-source.ts";
import { Sessions } from "../session/sessions.ts";

const CHECK_MS = 30_000;

/** An open stream of a caller, and the events that its follower has received. */
async function followed(
  spec: (clock: Clock) => SourceSpec,
  headers: Readonly<Record<string, string>>,
  { environment = {}, guarded = false }: { environment?: Record<string, string>; guarded?: boolean } = {},
) {
  const { follow, source, clock, responses, audited } = streamRig();
  const specs = [spec(clock)] as never;
  const opened = await openIdentity(identity(PrincipalSchema, specs), { environment, clock, fault: () => {} });
  onTestFinished(() => opened.close());
  const front = guarded ? new GuardedIdentity(opened, new Denylist()) : opened;
  const all = (name: string) => (headers[name] === undefined ? [] : [headers[name]]);
  const incoming = { get: (name: string) => headers[name] ?? null, all, peer: NOWHERE };
  const request = (await front.authenticate(incoming)) as AuthenticatedRequest;
  const { events } = follow({ maxAgeMs: 1_800_000 }, { headers: request });
  await idle();
  source().give(1);
  return { events, clock, responses, audited };
}

const sessionsIn = (store: MemoryStore, clock: Clock): Sessions =>
  new Sessions({
    ...{ store, clock, sealer: new Sealer([Buffer.alloc(32, 1)]), provider: {} as Provider },
    ...{ issuer: "https://login.example", idleMs: 300_000, absoluteMs: 36_000_000, fault: () => {} },
    callerOf: ({ claims }, id) => {
      const of = { source: "browser", issuer: "i", subject: String(claims.sub), id };
      return callerOf({ type: PrincipalSchema, credential: create(CredentialSchema, of), principal: undefined });
    },
  });

describe.each([false, true])("with a denylist: %s", (guarded) => {
  test("a stream ends after its API key was revoked, by the next check and the key's cache", async () => {
    const folder = mkdtempSync(join(tmpdir(), "revoked-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const environment = { BFF_STORE_FILE: join(folder, "keys.db") };
    const command = async (...args: readonly string[]): Promise<string> => {
      let printed = "";
      const out = (text: string): void => {
        printed += text;
      };
      expect(await runBffKey(args, environment, { out, error: () => {} })).toBe(0);
      return printed.trim();
    };
    const key = await command("create", "--subject", "ada");
    const spec = () => apiKey({ name: "robot", cacheMs: 10_000 });
    const { events, clock, responses, audited } = await followed(spec, { "x-api-key": key }, { environment, guarded });
    await clock.advance(120_000);
    expect(events).toEqual(["opened", "item 1 @1"]);
    const [{ id }] = JSON.parse(`[${await command("list", "--json")}]`) as [{ readonly id: string }];
    await command("revoke", id);
    await clock.advance(CHECK_MS + 10_000);
    await idle();
    expect(events.at(-1)).toBe("failed 16 the key is revoked @1");
    expect(responses).toMatchObject([{ stream: { end: "denied" } }]);
    expect(audited).toMatchObject([{ event: "unauthenticated", subject: "ada", reason: "the key is revoked" }]);
    expect(clock.running).toBe(0);
  });

  test("a stream ends after its session has ended, and does not count as a use of it", async () => {
    const headers = { "sec-fetch-site": "same-origin", cookie: "" };
    const spec = (clock: Clock): SourceSpec => ({
      name: "browser",
      async open() {
        const store = new MemoryStore(clock);
        const sessions = sessionsIn(store, clock);
        const tokens = { claims: { sub: "ada" }, idToken: "a.b.c", access: "x", accessUntil: undefined };
        headers.cookie = `sid=${(await sessions.begin({ ...tokens, refresh: undefined })).id}`;
        const keys = { close: async () => {} };
        const parts = { name: "browser", cookie: "sid", from: [], sessions, store, keys, routes: new Map() };
        return new SessionSource(parts as never);
      },
    });
    const rig = await followed(spec, headers, { guarded });
    await rig.clock.advance(240_000);
    expect(rig.events).toEqual(["opened", "item 1 @1"]);
    await rig.clock.advance(60_000 + CHECK_MS);
    await idle();
    expect(rig.events.at(-1)).toBe("failed 16 the credential has ended while its stream was open @1");
    expect(rig.responses).toMatchObject([{ stream: { end: "denied" } }]);
  });

  test("a stream stays open while its source cannot verify", async () => {
    const credential = create(CredentialSchema, { source: "user", issuer: "i", subject: "ada" });
    const caller = callerOf({ type: PrincipalSchema, credential, principal: undefined });
    let away = true;
    const source: Source = {
      ...{ name: "user", place: { kind: "header", name: "x-user", scheme: undefined }, ambient: false, from: [] },
      ...{ owns: () => true, verify: () => caller, opened: Promise.resolve(), close: async () => {} },
      verifyAgain: () => {
        if (away) throw unavailable("the store is away");
        return Promise.resolve(undefined);
      },
    };
    const spec = (): SourceSpec => ({ name: "user", open: () => source });
    const { events, clock } = await followed(spec, { "x-user": "ada" }, { guarded });
    await clock.advance(120_000);
    expect(events).toEqual(["opened", "item 1 @1"]);
    away = false;
    await clock.advance(CHECK_MS);
    await idle();
    expect(events.at(-1)).toBe("failed 16 the credential has ended while its stream was open @1");
  });
});
