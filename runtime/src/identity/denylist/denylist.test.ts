// Holds docs/runtime.md#api-keys
import { create } from "@bufbuild/protobuf";
import { CredentialSchema, PrincipalSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import { describe, expect, test } from "vitest";
import { Overrides } from "../../environment/overrides.ts";
import { Failure } from "../../failure.ts";
import { Counter } from "../../limits/rate-limit.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { AuthenticatedRequest } from "../authenticated-request.ts";
import { callerOf } from "../principal.ts";
import type { OpenIdentity } from "../spec.ts";
import { type Denial, MAX_DENIALS, type OverrideStore, type TimedOverride } from "./deny-table.ts";
import { GuardedIdentity, MAX_NETWORKS } from "./denylist.ts";
import type { LiveServer } from "./server-table.ts";

/** A store in memory. */
class Store implements OverrideStore {
  list: Denial[] = [];
  limits: TimedOverride[] = [];
  faulty: string[] = [];
  broken = false;
  limitsBroken = false;
  readings = 0;
  openOverrides(): void {}
  overridesVersion(): string {
    if (this.broken) throw new Error("away");
    return JSON.stringify([this.list, this.limits]);
  }
  denials(second: number): readonly Denial[] {
    this.readings++;
    if (this.broken) throw new Error("away");
    return this.list.filter(({ until = Number.POSITIVE_INFINITY }) => until > second);
  }
  deny(denial: Denial): void {
    this.list.push(denial);
  }
  allow(): boolean {
    return false;
  }
  limitOverrides(second: number, skipped: (row: string) => void): readonly TimedOverride[] {
    if (this.limitsBroken) throw new Error("no such column");
    this.faulty.forEach(skipped);
    return this.limits.filter(({ until = Number.POSITIVE_INFINITY }) => until > second);
  }
  announced: LiveServer[] = [];
  announce(server: LiveServer): void {
    this.announced.push(server);
  }
  withdraw(id: string): void {
    this.announced = this.announced.filter((server) => server.id !== id);
  }
  servers(): readonly LiveServer[] {
    return this.announced;
  }
  overrideLimit(override: TimedOverride): void {
    this.limits.push(override);
  }
  endOverride(): boolean {
    return false;
  }
  close(): void {}
}
const denial = (kind: Denial["kind"], value: string, until?: number): Denial => ({ kind, value, until, why: "abuse" });

function identityOf(late: boolean): OpenIdentity {
  return {
    type: PrincipalSchema,
    sources: ["user"],
    hidden: new Set(),
    opened: Promise.resolve(),
    routes: new Map(),
    authenticate: (headers) => {
      const subject = headers.get("x-user") ?? "";
      const credential = create(CredentialSchema, {
        source: "user",
        issuer: "https://a.example",
        subject,
        id: `key_${subject}`,
      });
      const caller = subject === "" ? undefined : callerOf({ type: PrincipalSchema, credential, principal: undefined });
      const peer = { address: headers.get("x-address") ?? "", port: 0, names: [] };
      const found = new AuthenticatedRequest(headers, new Set(), { caller, peer: peer as never, answer: [] });
      return late ? Promise.resolve(found) : found;
    },
    close: async () => {},
  };
}
/** A server with these limits of `web.v1`. */
const serverWith = (...limits: readonly string[]) => ({
  ...{ id: "s1", name: "web.v1", version: "1.2.3", sources: ["user"] },
  limits: limits.map((name) => `web.v1/${name}`),
});

async function guarded(list: readonly Denial[], late = false, store = new Store()) {
  const clock = new FakeClock();
  store.list.push(...list);
  const faults: string[] = [];
  const opened = await Overrides.open(store, clock);
  opened.watch((message) => faults.push(message));
  const identity = new GuardedIdentity(identityOf(late), opened.denylist, opened.opened);
  /** Returns the reason of a refusal; "" without one. */
  const send = async (user: string, address = ""): Promise<string> => {
    const peer = { address, port: 0, names: [] };
    const headers = { get: (name: string) => (name === "x-user" ? user : null), all: () => [], peer };
    try {
      const found = await identity.authenticate(headers as never);
      return found instanceof Failure ? found.message : "";
    } catch (thrown) {
      return (thrown as Failure).message;
    }
  };
  return { clock, store, send, faults, opened, identity };
}

describe("the denylist", () => {
  test.each([false, true])("refuses subjects, keys, addresses and networks (with a lookup: %s)", async (late) => {
    const { send } = await guarded(
      [
        denial("subject", "ada"),
        denial("key", "key_bea"),
        denial("address", "192.0.2.7"),
        denial("address", "2001:DB8::/32"),
      ],
      late,
    );
    expect(await send("ada")).toBe('subject "ada" is on the denylist: abuse');
    expect(await send("bea")).toBe("key key_bea is on the denylist: abuse");
    expect(await send("eve", "192.0.2.7")).toBe("address is on the denylist: abuse");
    expect(await send("", "2001:db8::1")).toBe("address is on the denylist: abuse");
    expect(await send("eve", "192.0.2.8")).toBe("");
    expect(await send("")).toBe("");
  });
  test("reads changes within 5 s, and ends with the time of an entry", async () => {
    const { send, store, clock } = await guarded([]);
    store.list = [denial("subject", "ada", Math.floor(clock.date().getTime() / 1000) + 7)];
    expect(await send("ada")).toBe("");
    await clock.advance(5_000);
    expect(await send("ada")).not.toBe("");
    await clock.advance(5_000);
    expect(await send("ada")).toBe("");
  });
  test("is read anew only after a change, or when an entry ends", async () => {
    const { store, clock } = await guarded([denial("subject", "ada")]);
    await clock.advance(20_000);
    expect(store.readings).toBe(1);
    store.list.push(denial("subject", "bea", Math.floor(clock.date().getTime() / 1000) + 12));
    await clock.advance(5_000);
    expect(store.readings).toBe(2);
    await clock.advance(5_000);
    expect(store.readings).toBe(2);
    await clock.advance(5_000);
    expect(store.readings).toBe(3);
    await clock.advance(20_000);
    expect(store.readings).toBe(3);
  });
  test("keeps the last reading while the store is away", async () => {
    const { send, store, clock, faults } = await guarded([denial("subject", "ada")]);
    store.broken = true;
    await clock.advance(5_000);
    expect(await send("ada")).not.toBe("");
    expect(faults).toEqual(["the denylist cannot be read, and its last reading stays"]);
    [store.broken, store.list] = [false, []];
    await clock.advance(5_000);
    expect(await send("ada")).toBe("");
  });
  test.each([
    [MAX_NETWORKS, "networks", (i: number) => denial("address", `10.${i >> 8}.${i & 255}.0/24`)],
    [MAX_DENIALS, "entries", (i: number) => denial("subject", String(i))],
  ])("applies the first %d %s of a list that is too long, and reports the others", async (most, what, entryOf) => {
    const { send, store, clock, faults, opened } = await guarded([denial("subject", "0")]);
    store.list.push(...Array.from({ length: most + 1 }, (_, i) => entryOf(i)));
    await clock.advance(10_000);
    expect(await send("0")).not.toBe("");
    expect(faults).toEqual([expect.stringContaining(`more than ${most} ${what}`)]);
    expect(opened.faultyRows).toEqual([
      ["bff_deny", 1],
      ["bff_limit_override", 0],
    ]);
  });
  test("refuses every request, and is not ready, before its first reading", async () => {
    const store = new Store();
    store.broken = true;
    const { send, clock, identity, faults } = await guarded([denial("subject", "ada")], false, store);
    let ready = false;
    void identity.opened.then(() => {
      ready = true;
    });
    expect(await send("bea")).toBe("the denylist has not been read yet");
    expect([ready, faults.length]).toEqual([false, 1]);
    store.broken = false;
    await clock.advance(5_000);
    expect([ready, await send("bea"), await send("ada")]).toEqual([true, "", expect.stringContaining("denylist")]);
  });
  test("applies while the overrides of limits cannot be read, which are reported", async () => {
    const { send, store, clock, faults } = await guarded([]);
    store.limitsBroken = true;
    store.list.push(denial("subject", "ada"));
    await clock.advance(5_000);
    expect(await send("ada")).not.toBe("");
    expect(faults).toEqual(["the overrides of limits cannot be read, and their last reading stays"]);
  });
  test("reads no more after its end", async () => {
    const { opened, store: read, clock } = await guarded([]);
    await opened.close();
    const { readings } = read;
    await clock.advance(20_000);
    expect(read.readings).toBe(readings);
  });
});

describe("overrides of limits", () => {
  const user = new Counter({ name: "user", package: "web.v1", rate: 6, per: 60_000, burst: 3 });
  const override = (init: Partial<TimedOverride>): TimedOverride => {
    return { limit: "web.v1/user", key: "ada", rate: 60, burst: undefined, until: undefined, ...init };
  };
  test("are read with the denylist, and end with their time", async () => {
    const { opened, store, clock } = await guarded([]);
    const rateOf = (key: string) => opened.limits.counterOf(user, `=${key}`).limit.rate;
    store.limits = [override({ until: Math.floor(clock.date().getTime() / 1000) + 7 })];
    expect(rateOf("ada")).toBe(6);
    await clock.advance(5_000);
    expect([rateOf("ada"), rateOf("bea")]).toEqual([60, 6]);
    await clock.advance(5_000);
    expect(rateOf("ada")).toBe(6);
  });
  test("rows that do not apply are reported once, and counted", async () => {
    const { opened, store, clock, faults } = await guarded([]);
    store.faulty = ['bff_limit_override "web.v1/user" "a": its rate is no whole number'];
    store.limits = [override({})];
    await clock.advance(5_000);
    store.limits = [override({ rate: 61 })];
    await clock.advance(5_000);
    expect(opened.limits.counterOf(user, "=ada").limit.rate).toBe(61);
    expect(faults).toEqual([`a row of the operators' tables does not apply (${store.faulty[0]})`]);
    expect(opened.faultyRows[1]).toEqual(["bff_limit_override", 1]);
  });
  test("the first 100,000 apply, and the others are reported", async () => {
    const { opened, store, clock, faults } = await guarded([]);
    store.limits = Array.from({ length: MAX_DENIALS + 1 }, (_, i) => override({ key: i === 0 ? "ada" : String(i) }));
    await clock.advance(5_000);
    expect(opened.limits.counterOf(user, "=ada").limit.rate).toBe(60);
    expect(faults).toEqual([expect.stringContaining("more than 100000 entries")]);
  });
  test("one of a limit that its package lacks is reported once, with the limits", async () => {
    const [store, clock, faults] = [new Store(), new FakeClock(), [] as string[]];
    store.limits = [override({ limit: "web.v1/usr" }), override({ limit: "other.v1/usr" }), override({})];
    const opened = await Overrides.open(store, clock, serverWith("user", "day"));
    opened.watch((message) => void faults.push(message));
    await clock.advance(5_000);
    store.limits.push(override({ limit: "web.v1/da" }));
    await clock.advance(10_000);
    expect(faults).toEqual(
      ["usr", "da"].map(
        (of) => `the override of the limit web.v1/${of} has no effect: limits are web.v1/user, web.v1/day`,
      ),
    );
    await opened.close();
  });
  test("one that cannot be counted exactly does not apply, and is reported once", async () => {
    const { opened, store, clock, faults } = await guarded([]);
    const month = new Counter({ name: "user", package: "web.v1", rate: 6, per: 2_592_000_000, burst: 6 });
    store.limits = [override({ rate: 99_999_999_999 })];
    await clock.advance(5_000);
    for (let i = 0; i < 3; i++) expect(opened.limits.counterOf(month, "=ada")).toBe(month);
    expect(faults).toEqual(["an override of a limit cannot be counted exactly, and does not apply"]);
  });
});

describe("the report of a server", () => {
  test("is written at the start and each minute, and removed at the end", async () => {
    const [store, clock] = [new Store(), new FakeClock()];
    const opened = await Overrides.open(store, clock, serverWith("user"));
    expect(store.announced).toEqual([]);
    opened.watch((message) => expect.fail(message));
    await clock.advance(0);
    const first = Math.floor(clock.date().getTime() / 1000);
    expect(store.announced).toEqual([{ ...serverWith("user"), seen: first }]);
    await clock.advance(61_000);
    expect(store.announced.map(({ seen }) => seen - first)).toEqual([0, 60]);
    await opened.close();
    expect(store.announced).toEqual([]);
  });
  test("is not written while a table cannot be read", async () => {
    const [store, clock] = [new Store(), new FakeClock()];
    store.limitsBroken = true;
    const opened = await Overrides.open(store, clock, serverWith("user"));
    opened.watch(() => {});
    await clock.advance(120_000);
    expect(store.announced).toEqual([]);
    await opened.close();
  });
});
