// Measures the doors of an embedded BFF by the CPU of one process, which has both ends: `transport` beside connect-node
// over HTTP/2, and `fetch` beside Connect's adapter with the same endpoints. Upstreams answer from memory.
import { once } from "node:events";
import * as http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { type DescMessage, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { connectNodeAdapter, createConnectTransport, Http2SessionManager } from "@connectrpc/connect-node";
import type { UnaryClient } from "@protobff/runtime";
import { type Bff, embed } from "@protobff/server/embed";
import { createHomeService, createUpstreams } from "./generated/bench/fanout/v1/fanout_bff.ts";
import { HomeService } from "./generated/bench/fanout/v1/fanout_pb.ts";
import { ItemsSchema, ProfileSchema, SettingsSchema } from "./generated/bench/types/v1/types_pb.ts";
import { ItemService, ProfileService, SettingsService } from "./generated/bench/up/v1/up_pb.ts";
import { median } from "./rig/statistics.ts";
import { items, profile, settings } from "./rig/upstream-data.ts";

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
  return embed(
    {
      name: "bench.fanout.v1",
      services: [HomeService],
      upstreams: { item: ItemService, profile: ProfileService, settings: SettingsService },
      env: () => ({}),
      create: ({ clients: upstreams, env, observer }) =>
        createHomeService({ upstreams: createUpstreams(upstreams, { observer }), env, observer }),
    },
    { env: { BFF_LOG: "off" }, clients },
  );
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

export async function runEmbedded(json: boolean): Promise<void> {
  const bff = await open();
  const server = http2.createServer(connectNodeAdapter({ routes: bff.routes })).listen(0, "127.0.0.1");
  await once(server, "listening");
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const sessionManager = new Http2SessionManager(baseUrl);
  const remote = createClient(HomeService, createConnectTransport({ baseUrl, httpVersion: "2", sessionManager }));
  const local = createClient(HomeService, bff.transport());
  const request = { userId: "user-0123456789" };
  const ways: Readonly<Record<string, () => Promise<unknown>>> = {
    "connect-node over HTTP/2": () => remote.getHome(request),
    transport: () => local.getHome(request),
  };
  const rounds: Record<string, number[]> = {};
  for (let round = 0; round <= ROUNDS; round++)
    for (const [name, call] of Object.entries(ways)) {
      const cpu = await cpuOf(call);
      if (round > 0) rounds[name] = [...(rounds[name] ?? []), cpu]; // the first one warms up
    }
  sessionManager.abort();
  server.close();
  await bff.close();
  const [base = []] = Object.values(rounds);
  const result = Object.entries(rounds).map(([name, all]) => {
    const ratios = all.map((cpu, round) => cpu / (base[round] ?? Number.NaN));
    return { name, cpu_us: median(all), ratio: median(ratios) };
  });
  if (json) console.log(JSON.stringify(result));
  else console.table(result);
}
