// Holds docs/runtime.md#api-keys
import { create } from "@bufbuild/protobuf";
import { CredentialSchema, PrincipalSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import { describe, expect, test } from "vitest";
import { Failure } from "../../failure.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { AuthenticatedRequest } from "../authenticated-request.ts";
import { callerOf } from "../principal.ts";
import type { OpenIdentity } from "../spec.ts";
import { type Denial, type DenyStore, MOST_DENIALS } from "./deny-table.ts";
import { Denylist, GuardedIdentity, MOST_NETWORKS } from "./denylist.ts";

/** A store in memory. */
class Store implements DenyStore {
  list: Denial[] = [];
  broken = false;
  readings = 0;
  openDenials(): void {}
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
  const opened = await Denylist.open(store, clock);
  opened.watch((message) => faults.push(message));
  const identity = new GuardedIdentity(identityOf(late), opened);
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
  return { clock, store, send, faults, identity };
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
  test("keeps the last reading while the store is away, or the list is too long", async () => {
    const { send, store, clock, faults } = await guarded([denial("subject", "ada")]);
    store.broken = true;
    await clock.advance(5_000);
    expect(await send("ada")).not.toBe("");
    store.broken = false;
    store.list = Array.from({ length: MOST_NETWORKS + 1 }, (_, i) => denial("address", `10.${i >> 8}.${i & 255}.0/24`));
    await clock.advance(5_000);
    expect(await send("ada")).not.toBe("");
    expect(faults).toEqual(Array(2).fill("the denylist cannot be read, and its last reading stays"));
    store.list = [];
    await clock.advance(5_000);
    expect(await send("ada")).toBe("");
  });
  test("opens only with a list that can be read, and reads no more after its end", async () => {
    const store = new Store();
    store.list = Array.from({ length: MOST_DENIALS + 1 }, (_, i) => denial("subject", String(i)));
    await expect(Denylist.open(store, new FakeClock())).rejects.toThrow("more than 100000 entries");
    const { identity, store: read, clock } = await guarded([]);
    await identity.close();
    const { readings } = read;
    await clock.advance(20_000);
    expect(read.readings).toBe(readings);
  });
});
