// Holds docs/runtime.md#balancing
import { type ChildProcess, spawn } from "node:child_process";
import { Resolver } from "node:dns";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { LookupFunction } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import * as grpc from "@grpc/grpc-js";
import { expect, onTestFinished, test } from "vitest";
import type { Fault } from "../../failure.ts";
import { freePort } from "../../testing/ports.ts";
import { frame } from "../../wire/frame.ts";
import type { InFlight, Reply } from "../unary-client.ts";
import { GrpcClient } from "./grpc-client.ts";

// Replicas and names that others serve: grpc-js's servers, and dnsmasq, of the package dnsmasq-base.

const HOSTS = ["127.0.0.1", "127.0.0.2", "127.0.0.3"];
const pass = (bytes: Uint8Array): Buffer => Buffer.from(bytes);
const METHOD = {
  path: "/a.B/C",
  requestStream: false,
  responseStream: false,
  requestSerialize: pass,
  requestDeserialize: pass,
  responseSerialize: pass,
  responseDeserialize: pass,
} as const;

/** Servers of grpc-js on one port, which count their calls. */
async function replicas(optionsOf: (index: number) => grpc.ServerOptions = () => ({})) {
  const counts = new Map(HOSTS.map((host) => [host, 0]));
  let port = await freePort();
  for (const [index, host] of HOSTS.entries()) {
    const server = new grpc.Server(optionsOf(index));
    server.addService(
      { C: METHOD },
      {
        C: ((call, reply) => {
          counts.set(host, (counts.get(host) ?? 0) + 1);
          reply(null, call.request);
        }) satisfies grpc.handleUnaryCall<Buffer, Buffer>,
      },
    );
    port = await new Promise<number>((resolve, reject) =>
      server.bindAsync(`${host}:${port}`, grpc.ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      ),
    );
    onTestFinished(() => server.forceShutdown());
  }
  return { port, counts };
}

/** A call is sent once more when it was certainly not processed; here more often, as servers that go in one and the same moment each give it back. */
const AGAIN = HOSTS.length - 1;
function send(client: GrpcClient): Promise<Fault | undefined> {
  return new Promise((resolve) => {
    const attempt = (again: number, before?: InFlight): void => {
      const reply: Reply = {
        replied: () => {
          sent.rate?.(true);
          resolve(undefined);
        },
        faulted: (fault) => {
          sent.rate?.(false);
          if (fault.kind === "unprocessed" && again > 0) attempt(again - 1, sent);
          else resolve(fault);
        },
      };
      const sent = client.send("/a.B/C", frame(Buffer.from("x")), 5_000, undefined, 1, reply, before);
    };
    attempt(AGAIN);
  });
}

/** So many at a time. */
async function sendMany(client: GrpcClient, times: number, atOnce = 8): Promise<Fault[]> {
  const faults: Fault[] = [];
  let left = times;
  const sendNext = async (): Promise<void> => {
    while (left-- > 0) {
      const fault = await send(client);
      if (fault !== undefined) faults.push(fault);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, sendNext));
  return faults;
}

const farthest = (counts: ReadonlyMap<string, number>): number => {
  const all = [...counts.values()];
  const mean = all.reduce((sum, count) => sum + count, 0) / all.length;
  return Math.max(...all.map((count) => Math.abs(count / mean - 1)));
};

test("grpc-js's servers get equal numbers of calls, within 5 %, as from its own client with round_robin", async () => {
  const { port, counts } = await replicas();
  const client = new GrpcClient(HOSTS.map((host) => `http://${host}:${port}`));
  onTestFinished(() => client.close());
  expect(await sendMany(client, 200)).toEqual([]);
  for (const host of HOSTS) counts.set(host, 0);
  expect(await sendMany(client, 12_000)).toEqual([]);
  const ours = farthest(counts);
  for (const host of HOSTS) counts.set(host, 0);
  const Theirs = grpc.makeGenericClientConstructor({ C: METHOD }, "B");
  const target = `ipv4:${HOSTS.map((host) => `${host}:${port}`).join(",")}`;
  const config = JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] });
  const theirs = new Theirs(target, grpc.credentials.createInsecure(), { "grpc.service_config": config });
  for (let i = 0; i < 1_200; i++)
    await new Promise((resolve) => (theirs.C as (...args: unknown[]) => void)(Buffer.from("x"), resolve));
  theirs.close();
  expect([ours < 0.05, farthest(counts) < 0.05]).toEqual([true, true]);
});

test("grpc-js's servers that repeatedly end their connections by age lose no call", async () => {
  const { port, counts } = await replicas((index) => ({
    "grpc.max_connection_age_ms": 200 + 130 * index,
    "grpc.max_connection_age_grace_ms": 5_000,
  }));
  const client = new GrpcClient(HOSTS.map((host) => `http://${host}:${port}`));
  onTestFinished(() => client.close());
  const until = performance.now() + 3_000;
  while (performance.now() < until) expect(await sendMany(client, 200)).toEqual([]);
  expect(Math.min(...counts.values())).toBeGreaterThan(100);
});

/** Serves this file of hosts until the test is over; SIGHUP has it read again. */
async function dnsmasq(file: string): Promise<{ readonly server: ChildProcess; readonly lookup: LookupFunction }> {
  const port = await freePort();
  const server = spawn("dnsmasq", [
    ...["--keep-in-foreground", "--no-resolv", "--no-hosts", `--addn-hosts=${file}`, "--conf-file=/dev/null"],
    ...[
      "--listen-address=127.0.0.1",
      "--bind-interfaces",
      `--port=${port}`,
      `--user=${userInfo().username}`,
      "--pid-file=",
    ],
    "--log-facility=-",
  ]);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.stderr.on("data", (text: Buffer) => text.includes("started") && resolve());
  });
  onTestFinished(() => void server.kill());
  const resolver = new Resolver({ timeout: 500, tries: 2 });
  resolver.setServers([`127.0.0.1:${port}`]);
  const lookup: LookupFunction = (host, _, done) =>
    resolver.resolve4(host, (error, found) =>
      done(
        error,
        (found ?? []).map((address) => ({ address, family: 4 })),
      ),
    );
  return { server, lookup };
}

test("dnsmasq's new addresses get calls, removed ones do not, and failed lookups change nothing", async () => {
  const folder = mkdtempSync(join(tmpdir(), "bff-dnsmasq-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "hosts");
  const setHosts = (hosts: readonly string[]): void =>
    writeFileSync(file, hosts.map((host) => `${host} replicas.example\n`).join(""));
  setHosts(["127.0.0.1"]);
  const { server, lookup } = await dnsmasq(file);
  const { port, counts } = await replicas((index) => ({ "grpc.max_connection_age_ms": 500 + 110 * index }));
  const client = new GrpcClient(`http://replicas.example:${port}`, { lookup, balance: { refreshMs: 100 } });
  onTestFinished(() => client.close());
  const reach = async (holds: () => boolean): Promise<void> => {
    while (!holds()) expect(await sendMany(client, 50)).toEqual([]);
  };
  const known = (): string[] => client.addresses().map(({ address }) => address.replace(/:\d+$/, ""));
  expect(await sendMany(client, 50)).toEqual([]);
  expect(known()).toEqual(["127.0.0.1"]);
  setHosts(HOSTS);
  server.kill("SIGHUP");
  await reach(() => HOSTS.every((host) => (counts.get(host) ?? 0) > 20));
  expect(known().sort()).toEqual(HOSTS);
  // Its connection ends for its age, and who is gone from the answers as well is not connected to again.
  setHosts(["127.0.0.2", "127.0.0.3"]);
  server.kill("SIGHUP");
  await reach(() => !known().includes("127.0.0.1"));
  counts.set("127.0.0.1", 0);
  server.kill("SIGKILL");
  for (let i = 0; i < 20; i++) expect(await sendMany(client, 50)).toEqual([]);
  expect(known().sort()).toEqual(["127.0.0.2", "127.0.0.3"]);
  expect(counts.get("127.0.0.1")).toBe(0);
});
