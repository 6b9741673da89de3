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
import { type Denial, MOST_DENIALS, type OverrideStore, type TimedOverride } from "./deny-table.ts";
import { GuardedIdentity, MOST_NETWORKS } from "./denylist.ts";

/** A store in memory. */
class Store implements OverrideStore {
  list: Denial[] = [];
  limits: TimedOverride[] = [];
  broken = false;
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
  limitOverrides(second: number): readonly TimedOverride[] {
    return this.limits.filter(({ until = Number.POSITIVE_INFINITY }) => until > second);
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
async function guarded(list: readonly Denial[], late = false) {
  const [clock, store] = [new FakeClock(), new Store()];
  store.list.push(...list);
  const faults: string[] = [];
  const opened = await Overrides.open(store, clock);
  opened.watch((message) => faults.push(message));
  const identity = new GuardedIdentity(identityOf(late), opened.denylist);
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
  return { clock, store, send, faults, opened };
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
  test("keeps the last reading while the store is away, or the list is too long", async () => {
    const { send, store, clock, faults } = await guarded([denial("subject", "ada")]);
    store.broken = true;
    await clock.advance(5_000);
    expect(await send("ada")).not.toBe("");
    store.broken = false;
    store.list = Array.from({ length: MOST_NETWORKS + 1 }, (_, i) => denial("address", `10.${i >> 8}.${i & 255}.0/24`));
    await clock.advance(5_000);
    expect(await send("ada")).not.toBe("");
    expect(faults).toEqual(
      Array(2).fill("the denylist and the overrides of limits cannot be read, and their last reading stays"),
    );
    store.list = [];
    await clock.advance(5_000);
    expect(await send("ada")).toBe("");
  });
  test("opens only with a list that can be read, and reads no more after its end", async () => {
    const store = new Store();
    store.list = Array.from({ length: MOST_DENIALS + 1 }, (_, i) => denial("subject", String(i)));
    await expect(Overrides.open(store, new FakeClock())).rejects.toThrow("more than 100000 entries");
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
  test.each([
    ["too many", Array.from({ length: MOST_DENIALS + 1 }, (_, i) => override({ key: String(i) }))],
    ["a rate of 0", [override({ rate: 0 })]],
    ["a fraction as burst", [override({ burst: 1.5 })]],
  ])("%s: at the start an error, later the last reading stays", async (_, rows) => {
    const broken = new Store();
    broken.limits = rows;
    await expect(Overrides.open(broken, new FakeClock())).rejects.toThrow(RangeError);
    const { opened, store, clock, faults } = await guarded([]);
    store.limits = [override({})];
    await clock.advance(5_000);
    store.limits = rows;
    await clock.advance(5_000);
    expect(opened.limits.counterOf(user, "=ada").limit.rate).toBe(60);
    expect(faults).toHaveLength(1);
  });
  test("one of a limit that its package lacks is reported once, with the limits", async () => {
    const [store, clock, faults] = [new Store(), new FakeClock(), [] as string[]];
    store.limits = [override({ limit: "web.v1/usr" }), override({ limit: "other.v1/usr" }), override({})];
    const opened = await Overrides.open(store, clock, [user.limit, { package: "web.v1", name: "day" }]);
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
