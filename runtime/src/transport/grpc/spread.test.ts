// Holds docs/runtime.md#upstream-connections
// Holds docs/runtime.md#balancing
import type { LookupFunction } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { idle, RandomClock } from "../../testing/fake-clock.ts";
import { until } from "../../testing/grpc-rig.ts";
import { H2Upstream, type Received, reply } from "../../testing/h2-upstream.ts";
import { testedHttp2 } from "../../testing/tested-http2.ts";
import { frame } from "../../wire/frame.ts";
import type { InFlight, Reply } from "../unary-client.ts";
import { GrpcClient, type GrpcClientOptions } from "./grpc-client.ts";

const ALL = ["127.0.0.1", "127.0.0.2", "127.0.0.3"];
const echo = (received: Received): void => reply(received, received.body);

/** Servers at these addresses, on one port, and a resolver that tells of `found`. */
async function fleet(hosts: readonly string[], found: readonly string[] = ALL) {
  const fleet = {
    clock: new RandomClock(1),
    servers: new Map<string, H2Upstream>(),
    port: 0,
    found,
    lookupCount: 0,
    async start(host: string): Promise<H2Upstream> {
      const server = new H2Upstream(echo, { host });
      server.port = fleet.port;
      await server.start();
      fleet.port = server.port;
      fleet.servers.set(host, server);
      onTestFinished(() => server.stop());
      return server;
    },
    failing: false,
    client(options: GrpcClientOptions = {}, urls?: readonly string[]): GrpcClient {
      const lookup: LookupFunction = (_, __, done) => {
        fleet.lookupCount++;
        if (fleet.failing) {
          done(new Error("getaddrinfo EAI_AGAIN"), []);
          return;
        }
        done(
          null,
          fleet.found.map((address) => ({ address, family: 4 })),
        );
      };
      const { clock } = fleet;
      const client = new GrpcClient(urls ?? `http://fleet.example:${fleet.port}`, {
        http2: testedHttp2(),
        lookup,
        clock,
        ...options,
      });
      onTestFinished(() => client.close());
      return client;
    },
    /** How many requests have come to each, since last asked. */
    counts(): Record<string, number> {
      return Object.fromEntries([...fleet.servers].map(([host, { received }]) => [host, received.splice(0).length]));
    },
    received: () => [...fleet.servers.values()].reduce((sum, { received }) => sum + received.length, 0),
    connections: () => [...fleet.servers.values()].map(({ connections }) => connections),
  };
  for (const host of hosts) await fleet.start(host);
  return fleet;
}
/** Resolves with what went wrong, "" for nothing. */
const send = (client: GrpcClient): Promise<string> =>
  new Promise((resolve) => {
    client.send("/a.B/C", frame(Buffer.from("x")), 60_000, undefined, 1, {
      replied: () => resolve(""),
      faulted: ({ message }) => resolve(message),
    });
  });
/** Sends two attempts of one call, and cancels them when `holds` is true. */
async function sendTwo(client: GrpcClient, holds: () => boolean): Promise<void> {
  const sent: InFlight[] = [];
  const reply: Reply = { replied() {}, faulted() {} };
  for (let attempt = 1; attempt <= 2; attempt++)
    sent.push(client.send("/a.B/C", frame(Buffer.from("x")), 60_000, undefined, attempt, reply, sent[0]));
  await until(holds);
  for (const attempt of sent) attempt.cancel();
}
async function sendMany(client: GrpcClient, count: number): Promise<void> {
  for (let i = 0; i < count; i++) expect(await send(client)).toBe("");
}
/** Sends until it holds, which only sockets can bring. */
async function sendUntil(client: GrpcClient, holds: () => boolean): Promise<void> {
  while (!holds()) {
    expect(await send(client)).toBe("");
    await idle();
  }
}
const open = (connections: readonly number[], count: number): boolean =>
  connections.filter((open) => open > 0).length === count;

/** Of so many calls each of these addresses has about as many, within five standard deviations, and no other one has any. */
function expectEven(counts: Record<string, number>, addresses: readonly string[]): void {
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const each = all / addresses.length;
  for (const [address, count] of Object.entries(counts)) {
    if (!addresses.includes(address)) expect([address, count]).toEqual([address, 0]);
    else expect(Math.abs(count - each), JSON.stringify(counts)).toBeLessThan(5 * Math.sqrt(each));
  }
}

describe("the addresses of a name", () => {
  test("the addresses get equal numbers of calls, over one connection each", async () => {
    const { client: connected, counts, connections } = await fleet(ALL);
    const client = connected();
    await sendUntil(client, () => open(connections(), 3));
    counts();
    await sendMany(client, 300);
    expectEven(counts(), ALL);
    expect(connections()).toEqual([1, 1, 1]);
  });
  test("the addresses have as many connections as the policy sets, used in turn", async () => {
    const { client: connected, connections, servers } = await fleet(ALL);
    const client = connected({ balance: { connections: 2 } });
    await sendUntil(client, () => connections().every((count) => count === 2));
    await sendMany(client, 50);
    for (const { sessions } of servers.values()) expect(sessions.length).toBe(2);
  });
  test("two attempts that leave together take two addresses, also before both are connected", async () => {
    const all = await fleet(["127.0.0.1", "127.0.0.2"], ["127.0.0.1", "127.0.0.2"]);
    for (const server of all.servers.values()) server.answer = () => {};
    const client = all.client();
    await sendTwo(client, () => all.received() === 2);
    expect(all.counts()).toEqual({ "127.0.0.1": 1, "127.0.0.2": 1 });
  });
  test("two attempts take two addresses when one of them is connected", async () => {
    const all = await fleet(["127.0.0.1", "127.0.0.2"], ["127.0.0.1"]);
    const client = all.client();
    await sendMany(client, 1);
    all.found = ["127.0.0.1", "127.0.0.2"];
    await all.clock.advance(7_000);
    for (const server of all.servers.values()) server.answer = () => {};
    all.counts();
    await sendTwo(client, () => all.received() === 2);
    expect(all.counts()).toEqual({ "127.0.0.1": 1, "127.0.0.2": 1 });
  });
  test("two attempts take one address when the other one refuses connections", async () => {
    const all = await fleet(["127.0.0.1"], ["127.0.0.1", "127.0.0.2"]);
    for (const server of all.servers.values()) server.answer = () => {};
    await sendTwo(all.client(), () => all.received() === 2);
    expect(all.counts()).toEqual({ "127.0.0.1": 2 });
  });
  test("the addresses may be a list of names and addresses", async () => {
    const all = await fleet(ALL, ["127.0.0.2"]);
    const urls = [`http://fleet.example:${all.port}`, `http://127.0.0.1:${all.port}`, `http://127.0.0.3:${all.port}`];
    const client = all.client({}, urls);
    await sendUntil(client, () => open(all.connections(), 3));
    expect(all.lookupCount).toBe(1);
    all.counts();
    await sendMany(client, 300);
    expectEven(all.counts(), ALL);
  });
  test("the calls of a dead address move to others; the address is retried, and warms up", async () => {
    const all = await fleet(["127.0.0.1", "127.0.0.3"]);
    const client = all.client();
    await sendUntil(client, () => open(all.connections(), 2));
    await sendMany(client, 30);
    await idle();
    all.counts();
    await sendMany(client, 300);
    expectEven(all.counts(), ["127.0.0.1", "127.0.0.3"]);
    expect(all.connections()).toEqual([1, 1]);
    const late = await all.start("127.0.0.2");
    all.clock.skip(2_000);
    await sendUntil(client, () => late.connections === 1);
    all.counts();
    await sendMany(client, 300);
    const { "127.0.0.2": first = 0 } = all.counts();
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThan(60); // a tenth of its share
    all.clock.skip(10_000);
    await sendMany(client, 1);
    all.counts();
    await sendMany(client, 300);
    expectEven(all.counts(), ALL);
  });
  test("the name is resolved again while there are calls, and a new address gets its share gradually", async () => {
    const all = await fleet(ALL, ["127.0.0.1"]);
    const client = all.client();
    await sendMany(client, 10);
    expect(all.counts()).toEqual({ "127.0.0.1": 10, "127.0.0.2": 0, "127.0.0.3": 0 });
    all.found = ALL;
    await all.clock.advance(4_999); // younger than 5 to 7 s
    expect(all.lookupCount).toBe(1);
    await all.clock.advance(2_001);
    expect(all.lookupCount).toBe(2);
    await sendUntil(client, () => open(all.connections(), 3));
    await all.clock.advance(10_000);
    await sendMany(client, 1);
    all.counts();
    await sendMany(client, 300);
    expectEven(all.counts(), ALL);
  });
  test("the name is not resolved without calls", async () => {
    const all = await fleet(ALL);
    const client = all.client();
    await sendMany(client, 10);
    await all.clock.advance(60_000);
    const { lookupCount } = all;
    await all.clock.advance(600_000);
    expect(all.lookupCount).toBe(lookupCount);
    expect(all.clock.running).toBe(0);
    await sendMany(client, 1);
    await all.clock.advance(7_000);
    expect(all.lookupCount).toBe(lookupCount + 2); // at once, since what was known is old
  });
  test("the addresses stay after an empty or failed lookup", async () => {
    const all = await fleet(ALL);
    const client = all.client();
    await sendUntil(client, () => open(all.connections(), 3));
    all.found = [];
    await all.clock.advance(6_000);
    all.failing = true;
    for (let i = 0; i < 30; i++) {
      await sendMany(client, 10);
      await all.clock.advance(6_000);
    }
    all.counts();
    await sendMany(client, 300);
    expectEven(all.counts(), ALL);
  });
  test("a removed address gets no new call after two minutes, and finishes its calls", async () => {
    const all = await fleet(ALL);
    const client = all.client();
    await sendUntil(client, () => open(all.connections(), 3));
    all.found = ["127.0.0.1", "127.0.0.3"];
    for (let i = 0; i < 20; i++) {
      await sendMany(client, 10);
      await all.clock.advance(5_500);
    }
    all.counts();
    await sendMany(client, 300);
    expectEven(all.counts(), ALL); // since 110 s
    const held: Received[] = [];
    const leaving = all.servers.get("127.0.0.2");
    if (leaving !== undefined) leaving.answer = (received) => held.push(received);
    const sent: Promise<string>[] = [];
    while (held.length === 0) {
      sent.push(send(client));
      await idle();
    }
    for (let i = 0; i < 4; i++) {
      sent.push(send(client));
      await all.clock.advance(6_000);
    }
    const { "127.0.0.2": before } = all.counts();
    expect(before).toBeGreaterThan(0);
    expect(client.addresses()).toContainEqual({
      address: `127.0.0.2:${all.port}`,
      state: "leaving",
      inFlight: held.length,
    });
    await sendMany(client, 300);
    expectEven(all.counts(), ["127.0.0.1", "127.0.0.3"]);
    for (const received of held) echo(received);
    expect(new Set(await Promise.all(sent))).toEqual(new Set([""]));
    await until(() => leaving?.connections === 0);
    await idle();
    expect(client.addresses().map(({ address }) => address)).not.toContain(`127.0.0.2:${all.port}`);
  });
  test("the calls of a stopped address move to others at once, and the name is resolved at once", async () => {
    const all = await fleet(ALL);
    const client = all.client();
    await sendUntil(client, () => open(all.connections(), 3));
    const { lookupCount } = all;
    all.found = ["127.0.0.1", "127.0.0.3"];
    await all.servers.get("127.0.0.2")?.stop();
    all.servers.delete("127.0.0.2");
    await idle();
    expect(all.lookupCount).toBe(lookupCount + 1);
    expect(client.addresses().map(({ address }) => address)).toEqual([
      `127.0.0.1:${all.port}`,
      `127.0.0.3:${all.port}`,
    ]);
    all.counts();
    await sendMany(client, 300);
    expectEven(all.counts(), ["127.0.0.1", "127.0.0.3"]);
  });
  test("the connections stay while there are calls; later one stays", async () => {
    const all = await fleet(ALL);
    const client = all.client();
    await sendUntil(client, () => open(all.connections(), 3));
    await sendMany(client, 3);
    for (let i = 0; i < 3; i++) {
      await sendMany(client, 1);
      await all.clock.advance(20_000);
      expect(all.connections()).toEqual([1, 1, 1]);
    }
    await all.clock.advance(40_000);
    await idle();
    expect(all.connections().sort()).toEqual([0, 0, 1]);
    expect(all.clock.running).toBe(0);
    await sendUntil(client, () => open(all.connections(), 3));
    expect(client.addresses().map(({ state }) => state)).toEqual(["connected", "connected", "connected"]);
  });
  test("addresses of the other family are not additional servers", async () => {
    const { client: connected, servers } = await fleet(ALL);
    const lookup: LookupFunction = (_, __, done) =>
      done(null, [
        { address: "127.0.0.2", family: 4 },
        { address: "::1", family: 6 },
      ]);
    const client = connected({ lookup });
    for (let i = 0; i < 10; i++) {
      await sendMany(client, 1);
      await idle();
    }
    expect([...servers.values()].map(({ sessions }) => sessions.length)).toEqual([0, 1, 0]);
  });
  test("addresses of the other family take the calls if none of the first is reachable", async () => {
    const { client: connected, counts, connections, clock } = await fleet(ALL);
    const lookup: LookupFunction = (_, __, done) =>
      done(null, [{ address: "::1", family: 6 }, ...ALL.map((address) => ({ address, family: 4 }))]);
    const client = connected({ lookup });
    await sendUntil(client, () => open(connections(), 3));
    await clock.advance(10_000);
    await sendMany(client, 1);
    counts();
    await sendMany(client, 300);
    expectEven(counts(), ALL);
  });
  test("at most 128 addresses are used, however many an answer has", async () => {
    const many = Array.from({ length: 5_000 }, (_, i) => `127.1.${i >> 8}.${i & 255}`);
    const all = await fleet(["127.0.0.1"], many);
    const client = all.client();
    expect(await send(client)).toContain("ECONNREFUSED");
    expect(client.addresses().length).toBe(128);
  });
});
