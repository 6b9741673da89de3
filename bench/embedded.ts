// Measures an embedded BFF by CPU: `transport` beside connect-node over HTTP/2, both ends in this process; `fetch` and
// `node` beside Connect's adapter with the same endpoints, without the client; and starts. Upstreams answer from memory.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import * as http from "node:http";
import * as http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { type DescMessage, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { connectNodeAdapter, createConnectTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { getRequestListener } from "@hono/node-server";
import type { UnaryClient } from "@protobff/runtime";
import type { Bff } from "@protobff/server/embed";
import { HomeService } from "./generated/bench/fanout/v1/fanout_pb.ts";
import { ItemsSchema, ProfileSchema, SettingsSchema } from "./generated/bench/types/v1/types_pb.ts";
import { bundle } from "./rig/bundle.ts";
import { openFanout } from "./rig/fanout-bff.ts";
import { h2load } from "./rig/h2load.ts";
import { AS_DEPLOYED } from "./rig/server-process.ts";
import { median } from "./rig/statistics.ts";
import { items, profile, settings } from "./rig/upstream-data.ts";
import { forUser, jsonRequest, type Prepared } from "./rig/variant.ts";

const CALLS = 3_000;
const AT_ONCE = 16;
const ROUNDS = 7;

/** Answers each call at once. */
function answering<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): UnaryClient {
  const bytes = toBinary(schema, message);
  return {
    send(...sent: Parameters<UnaryClient["send"]>) {
      const reply = sent[5];
      queueMicrotask(() => reply.replied(bytes));
      return { cancel() {} };
    },
  } as UnaryClient;
}

function open(): Promise<Bff> {
  const clients = {
    item: answering(ItemsSchema, items),
    profile: answering(ProfileSchema, profile),
    settings: answering(SettingsSchema, settings),
  };
  return openFanout({ env: { BFF_LOG: "off" }, clients });
}

/** CPU of one call in µs. */
async function cpuOf(call: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  let left = CALLS;
  const lane = async (): Promise<void> => {
    while (left-- > 0) await call();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / CALLS;
}

/** Prints the CPU of an import of the module and of `openBff` in ms, without that of Node itself. */
const START = `
  const before = process.cpuUsage();
  const { openFanout } = await import(process.argv[1]);
  await openFanout({});
  const { user, system } = process.cpuUsage(before);
  console.log((user + system) / 1_000);
  process.exit();
`;

/** CPU of starts without connections in ms, with and without a cache of compiled code. */
async function starts(): Promise<readonly { readonly name: string; readonly cpu_ms: number }[]> {
  const modules = {
    bundled: await bundle("bench/rig/fanout-bff.ts"),
    "not bundled": import.meta.resolve("./rig/fanout-bff.ts"),
  };
  const addresses = ["ITEM", "PROFILE", "SETTINGS"].map((name) => [
    `BENCH_UP_V1_${name}SERVICE_URL`,
    "http://127.0.0.1:9",
  ]);
  return Object.entries(modules).flatMap(([name, module]) =>
    [true, false].map((cached) => {
      const cache = cached ? AS_DEPLOYED : { NODE_DISABLE_COMPILE_CACHE: "1" };
      const env = { ...process.env, ...Object.fromEntries(addresses), ...cache };
      const start = () =>
        Number(execFileSync(process.execPath, ["--input-type=module", "-e", START, module], { env, encoding: "utf8" }));
      start(); // fills the cache
      const cpu_ms = median(Array.from({ length: ROUNDS }, start));
      return { name: `${name}, ${cached ? "with" : "without"} a cache of compiled code`, cpu_ms };
    }),
  );
}

/** Returns the address of a server, and ends it with `closing`. */
async function listening(server: http.Server | http2.Http2Server, closing: DisposableStack): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closing.defer(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The doors of one BFF that serve sockets. The first one is what the others are compared with. */
function doors(bff: Bff): Readonly<Record<string, http.RequestListener>> {
  return {
    "connect-node's adapter": connectNodeAdapter({ routes: bff.routes }),
    "fetch, by @hono/node-server": getRequestListener(bff.fetch, { overrideGlobalObjects: false }),
    node: (request, response) => bff.node(request, response),
  };
}

/** CPU of one request in µs, without that of the client, which is another process. */
async function servingCpu(request: Prepared): Promise<number> {
  const before = process.cpuUsage();
  await h2load(request, { requests: CALLS, connections: AT_ONCE, streams: 1, http1: true });
  const { user, system } = process.cpuUsage(before);
  return (user + system) / CALLS;
}

/** Measures all ways in turn, and compares each round's figures with the first way's of that round. */
async function compared(ways: Readonly<Record<string, () => Promise<number>>>): Promise<readonly Row[]> {
  const rounds: Record<string, number[]> = {};
  for (let round = 0; round <= ROUNDS; round++)
    for (const [name, measure] of Object.entries(ways)) {
      const cpu = await measure();
      if (round > 0) rounds[name] = [...(rounds[name] ?? []), cpu]; // the first one warms up
    }
  const [base = []] = Object.values(rounds);
  return Object.entries(rounds).map(([name, all]) => {
    const ratios = all.map((cpu, round) => cpu / (base[round] ?? Number.NaN));
    return { name, cpu_us: median(all), ratio: median(ratios) };
  });
}

interface Row {
  readonly name: string;
  readonly cpu_us: number;
  readonly ratio: number;
}

export async function runEmbedded(json: boolean): Promise<void> {
  using closing = new DisposableStack();
  const bff = await open();
  const request = { userId: "user-0123456789" };
  const baseUrl = await listening(http2.createServer(connectNodeAdapter({ routes: bff.routes })), closing);
  const sessionManager = new Http2SessionManager(baseUrl);
  closing.defer(() => sessionManager.abort());
  const remote = createClient(HomeService, createConnectTransport({ baseUrl, httpVersion: "2", sessionManager }));
  const local = createClient(HomeService, bff.transport());
  const calls = await compared({
    "connect-node over HTTP/2": () => cpuOf(() => remote.getHome(request)),
    transport: () => cpuOf(() => local.getHome(request)),
  });
  const { getHome: method } = HomeService.method;
  const served: Record<string, () => Promise<number>> = {};
  for (const [name, listener] of Object.entries(doors(bff))) {
    const origin = await listening(http.createServer(listener), closing);
    const prepared = jsonRequest({ method }, { url: origin }, forUser(method));
    served[name] = () => servingCpu(prepared);
  }
  const requests = await compared(served);
  await bff.close();
  const result = { calls, requests, starts: await starts() };
  if (json) console.log(JSON.stringify(result));
  else for (const rows of Object.values(result)) console.table(rows);
}
