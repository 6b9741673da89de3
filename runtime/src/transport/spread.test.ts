import type { LookupFunction } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { FakeClock, idle } from "../testing/fake-clock.ts";
import { H2Upstream, type Received, reply } from "../testing/h2-upstream.ts";
import { testedHttp2 } from "../testing/tested-http2.ts";
import { frame } from "../wire/frame.ts";
import { GrpcClient, type GrpcClientOptions } from "./grpc-client.ts";

const ALL = ["127.0.0.1", "127.0.0.2", "127.0.0.3"];
const echo = (received: Received): void => reply(received, received.body);

/** Servers at these addresses, on one port, and a resolver that tells of `found`. */
async function fleet(hosts: readonly string[], found: readonly string[] = ALL) {
  const fleet = {
    clock: new FakeClock(),
    servers: new Map<string, H2Upstream>(),
    port: 0,
    found,
    asked: 0,
    async start(host: string): Promise<H2Upstream> {
      const server = new H2Upstream(echo, { host });
      server.port = fleet.port;
      await server.start();
      fleet.port = server.port;
      fleet.servers.set(host, server);
      onTestFinished(() => server.stop());
      return server;
    },
    client(options: GrpcClientOptions = {}): GrpcClient {
      const lookup: LookupFunction = (_, __, done) => {
        fleet.asked++;
        done(
          null,
          fleet.found.map((address) => ({ address, family: 4 })),
        );
      };
      const { clock } = fleet;
      const client = new GrpcClient(`http://fleet.example:${fleet.port}`, {
        ...{ http2: testedHttp2(), lookup, clock },
        ...options,
      });
      onTestFinished(() => client.close());
      return client;
    },
    /** How many requests have come to each, since last asked. */
    counts(): Record<string, number> {
      return Object.fromEntries([...fleet.servers].map(([host, { received }]) => [host, received.splice(0).length]));
    },
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

describe("the addresses of a name", () => {
  test("take calls in turn, over one connection each", async () => {
    const { client: connected, counts, connections } = await fleet(ALL);
    const client = connected();
    await sendUntil(client, () => open(connections(), 3));
    await sendMany(client, 3);
    counts();
    await sendMany(client, 30);
    expect(counts()).toEqual({ "127.0.0.1": 10, "127.0.0.2": 10, "127.0.0.3": 10 });
    expect(connections()).toEqual([1, 1, 1]);
  });
  test("are as many as there may be connections", async () => {
    const { client: connected, counts, connections } = await fleet(ALL);
    const client = connected({ maxConnections: 2 });
    await sendUntil(client, () => open(connections(), 2));
    await sendMany(client, 3);
    counts();
    await sendMany(client, 30);
    expect(Object.values(counts()).sort()).toEqual([0, 15, 15]);
    expect(connections().sort()).toEqual([0, 1, 1]);
  });
  test("of which one is dead: the others take its calls, and it is tried again after 30 s", async () => {
    const all = await fleet(["127.0.0.1", "127.0.0.3"]);
    const client = all.client();
    await sendUntil(client, () => open(all.connections(), 2));
    await sendMany(client, 30);
    await idle();
    all.counts();
    const { asked } = all;
    await sendMany(client, 30);
    expect(all.counts()).toEqual({ "127.0.0.1": 15, "127.0.0.3": 15 });
    expect(all.connections()).toEqual([1, 1]);
    expect(all.asked).toBe(asked);
    const late = await all.start("127.0.0.2");
    all.clock.skip(30_000);
    await sendUntil(client, () => late.connections === 1);
    await sendMany(client, 3);
    all.counts();
    await sendMany(client, 30);
    expect(all.counts()).toEqual({ "127.0.0.1": 10, "127.0.0.2": 10, "127.0.0.3": 10 });
  });
  test("are looked up again while there are calls: what is new gets its share", async () => {
    const all = await fleet(ALL, ["127.0.0.1"]);
    const client = all.client();
    await sendMany(client, 10);
    expect(all.counts()).toEqual({ "127.0.0.1": 10, "127.0.0.2": 0, "127.0.0.3": 0 });
    all.found = ALL;
    await all.clock.advance(20_000); // younger than 30 s
    await sendMany(client, 1);
    expect(all.asked).toBe(1);
    await all.clock.advance(20_000);
    expect(all.asked).toBe(2);
    await sendUntil(client, () => open(all.connections(), 3));
    await sendMany(client, 3);
    all.counts();
    await sendMany(client, 30);
    expect(all.counts()).toEqual({ "127.0.0.1": 10, "127.0.0.2": 10, "127.0.0.3": 10 });
  });
  test("lose one: its calls go to the others at once", async () => {
    const all = await fleet(ALL);
    const client = all.client();
    await sendUntil(client, () => open(all.connections(), 3));
    await sendMany(client, 3);
    await all.servers.get("127.0.0.2")?.stop();
    all.servers.delete("127.0.0.2");
    await idle();
    all.counts();
    await sendMany(client, 30);
    expect(all.counts()).toEqual({ "127.0.0.1": 15, "127.0.0.3": 15 });
  });
  test("keep their connections while there are calls; then one stays", async () => {
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
  });
  test("of the other family are no further servers", async () => {
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
});
