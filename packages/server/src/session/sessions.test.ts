// Renewing, by two processes that share a store.
import { create } from "@bufbuild/protobuf";
import { CredentialSchema, PrincipalSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import { callerOf } from "@protobff/runtime/internal/identity/principal";
import { Sealer } from "@protobff/runtime/internal/sealing/sealer";
import { FakeClock, idle as settled } from "@protobff/runtime/internal/testing/fake-clock";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MemoryStore } from "./memory-store.ts";
import type { Provider, RefreshFault, Tokens } from "./provider.ts";
import { Sessions } from "./sessions.ts";

/** Rotates its refresh tokens; one that comes twice ends all, as at most providers. */
class RotatingProvider {
  readonly #clock: FakeClock;
  current = 0;
  requestCount = 0;
  reused = false;
  away = false;
  /** Lets refreshes through when it resolves. */
  gate = Promise.resolve();
  constructor(clock: FakeClock) {
    this.#clock = clock;
  }
  tokens(lifeS: number): Tokens {
    const now = Math.floor(this.#clock.date().getTime() / 1_000);
    return {
      claims: { sub: "ada", sid: "s1" },
      idToken: "a.b.c",
      access: `access ${this.current}`,
      accessUntil: now + lifeS,
      refresh: `refresh ${this.current}`,
    };
  }
  async refresh(before: Tokens): Promise<Tokens> {
    this.requestCount++;
    await this.gate;
    if (this.away) throw new Error("no route to the provider");
    if (before.refresh !== `refresh ${this.current}`) {
      this.reused = true;
      throw "ended" satisfies RefreshFault;
    }
    this.current++;
    return this.tokens(600);
  }
}

function rig() {
  const clock = new FakeClock();
  const provider = new RotatingProvider(clock);
  const store = new MemoryStore(clock);
  const sealer = new Sealer([Buffer.alloc(32, 1)]);
  const faults: string[] = [];
  const process = () =>
    new Sessions({
      fault: (message, cause) => faults.push(`${message}: ${cause}`),
      store,
      sealer,
      clock,
      issuer: "https://login.example",
      idleMs: 1_800_000,
      absoluteMs: 36_000_000,
      provider: provider as unknown as Provider,
      callerOf: ({ access, claims }, id) => {
        const credential = create(CredentialSchema, {
          source: "browser",
          issuer: "i",
          subject: String(claims.sub),
          id,
        });
        return callerOf({ type: PrincipalSchema, credential, principal: undefined, token: access });
      },
    });
  return { clock, provider, store, process, faults };
}

describe("an expiring access token", () => {
  test("an access token is renewed once, for all requests in two processes", async () => {
    const { clock, provider, process } = rig();
    const [first, second] = [process(), process()];
    const { id } = await first.begin(provider.tokens(60));
    await clock.advance(61_000);
    const requests = [first, second, first, second, second].map((sessions) => sessions.find(id));
    await clock.advance(200);
    const found = await Promise.all(requests);
    expect(found.map((session) => session?.caller.token)).toEqual(Array(5).fill("access 1"));
    expect(provider).toMatchObject({ requestCount: 1, reused: false });
  });
  test("a valid access token is used while its renewal runs", async () => {
    const { clock, provider, process } = rig();
    const sessions = process();
    const { id } = await sessions.begin(provider.tokens(60));
    const gate = Promise.withResolvers<void>();
    provider.gate = gate.promise;
    await clock.advance(40_000);
    expect((await sessions.find(id))?.caller.token).toBe("access 0");
    gate.resolve();
    await clock.advance(50);
    expect((await sessions.find(id))?.caller.token).toBe("access 1");
  });
  test("an access token stays with its caller while the provider is away, which is reported", async () => {
    const { clock, provider, process, faults } = rig();
    const sessions = process();
    const { id } = await sessions.begin(provider.tokens(60));
    provider.away = true;
    await clock.advance(61_000);
    expect((await sessions.find(id))?.caller.token).toBe("access 0");
    expect(faults).toEqual(["a session's tokens cannot be renewed: Error: no route to the provider"]);
    provider.away = false;
    expect((await sessions.find(id))?.caller.token).toBe("access 1");
  });
  test("a refusal of the provider ends the session", async () => {
    const { clock, provider, store, process } = rig();
    const sessions = process();
    const { id, session } = await sessions.begin(provider.tokens(60));
    provider.current = 7;
    await clock.advance(61_000);
    expect(await sessions.find(id)).toBeUndefined();
    expect(await store.get(session.key)).toBeUndefined();
  });
  test("a renewal does not restore a session that a logout has ended", async () => {
    const { clock, provider, process } = rig();
    const sessions = process();
    const { id } = await sessions.begin(provider.tokens(60));
    const gate = Promise.withResolvers<void>();
    provider.gate = gate.promise;
    await clock.advance(61_000);
    const pending = sessions.find(id);
    await settled();
    expect(await sessions.endAll({ sid: "s1" })).toBe(1);
    gate.resolve();
    expect(await pending).toBeUndefined();
    expect(await sessions.find(id)).toBeUndefined();
  });
  test("a refresh token is never used twice, for every sequence", async () => {
    const step = fc.record({ process: fc.nat(2), waitMs: fc.nat(40_000), provider: fc.integer({ min: 0, max: 80 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 30 }), async (steps) => {
        const { clock, provider, process } = rig();
        const processes = [process(), process(), process()];
        const { id } = await processes[0]!.begin(provider.tokens(45));
        const requests: Promise<unknown>[] = [];
        for (const { process: which, waitMs, provider: slow } of steps) {
          provider.gate = new Promise((resolve) => clock.setTimeout(() => resolve(), slow, undefined));
          requests.push(processes[which]!.find(id));
          await settled();
          await clock.advance(waitMs);
        }
        await clock.advance(500);
        await Promise.all(requests);
        expect(provider.reused).toBe(false);
      }),
      { numRuns: 100 },
    );
  });
});

describe("a session", () => {
  test("a session ends after its idle time, and at its maximum age even if busy", async () => {
    const { clock, provider, process } = rig();
    const sessions = process();
    const idle = await sessions.begin(provider.tokens(1_000_000));
    const busy = await sessions.begin(provider.tokens(1_000_000));
    for (let minutes = 0; minutes < 599; minutes += 20) {
      await clock.advance(20 * 60_000);
      if (minutes < 560) expect(await sessions.find(busy.id)).toBeDefined();
    }
    expect(await sessions.find(idle.id)).toBeUndefined();
    await clock.advance(60_000);
    expect(await sessions.find(busy.id)).toBeUndefined();
  });
  test("a session record under another id is refused, because records are bound to ids", async () => {
    const { store, provider, process } = rig();
    const sessions = process();
    const ada = await sessions.begin(provider.tokens(600));
    const eve = await sessions.begin(provider.tokens(600));
    await store.replace(eve.session.key, (await store.get(ada.session.key))!, 60_000);
    expect(await process().find(eve.id)).toBeUndefined();
  });
});

test("a store in the process keeps a maximum of sessions, and drops the one that is unused for longest", async () => {
  const clock = new FakeClock();
  const store = new MemoryStore(clock, 3);
  const none = { names: ["g"], lifeMs: 1_000 };
  for (const key of ["a", "b", "c"]) await store.add(key, Buffer.from(key), 1_000, none);
  await store.touch("a", 1_000);
  await store.add("d", Buffer.from("d"), 1_000, none);
  const kept = await Promise.all(["a", "b", "c", "d"].map((key) => store.get(key)));
  expect(kept.map((item) => item !== undefined)).toEqual([true, false, true, true]);
  expect(await store.deleteGroup("g")).toBe(3);
});
test("a store in the process keeps a maximum of bytes", async () => {
  const store = new MemoryStore(new FakeClock());
  const large = Buffer.alloc(1 << 20);
  const kept = async (): Promise<number> => {
    const all = await Promise.all(Array.from({ length: 600 }, (_, i) => store.get(`k${i}`)));
    return all.filter((item) => item !== undefined).length;
  };
  for (let i = 0; i < 300; i++) await store.add(`k${i}`, large, 1_000, { names: [], lifeMs: 1_000 });
  expect(await kept()).toBe(256);
  for (let i = 100; i < 300; i++) await store.replace(`k${i}`, Buffer.alloc(1), 1_000);
  for (let i = 300; i < 600; i++) await store.add(`k${i}`, Buffer.alloc(1), 1_000, { names: [], lifeMs: 1_000 });
  expect(await kept()).toBe(556);
});
