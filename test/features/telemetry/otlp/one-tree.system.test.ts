// One request as a receiver of traces sees it: a client, a generated BFF as a process, and its upstreams, of which only the BFF is ours.
import { once } from "node:events";
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { Code, type ConnectRouter } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { afterEach, expect, test } from "vitest";
import { ItemService, ProfileService, SettingsService } from "../../../../bench/generated/bench/up/v1/up_pb.ts";
import { addressVariables, type BffProcess, startBff } from "../../../../examples/dashboard/bff-process.ts";
import { fullNames, serviceNames } from "../../../../examples/dashboard/services.ts";
import { startUpstreams, type Upstreams } from "../../../../examples/dashboard/upstreams.ts";
import { type CollectedSpan, type SpanReceiver, startReceiver } from "./receiver.ts";
import { type Traced, traced } from "./tracing-client.ts";

const ended: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

interface Rig {
  readonly upstreams: Upstreams;
  readonly receiver: SpanReceiver;
  readonly client: Traced;
  start(entry: string, env?: Readonly<Record<string, string>>): Promise<BffProcess>;
  /** Ends all of it, which sends what waits, and gives what has come. */
  spans(): Promise<readonly CollectedSpan[]>;
}

async function rig(): Promise<Rig> {
  const receiver = await startReceiver();
  const upstreams = await startUpstreams();
  ended.push(() => upstreams.close());
  const client = traced("client", receiver.url);
  const upstream = traced("upstream", receiver.url);
  const bffs: BffProcess[] = [];
  return {
    upstreams,
    receiver,
    client,
    start: async (entry, env = {}) => {
      const addresses = addressVariables(
        Object.fromEntries(serviceNames.map((name) => [fullNames[name], upstreams.urls[name]])),
      );
      const telemetry = {
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        OTEL_TRACES_SAMPLER: "parentbased_traceidratio",
        OTEL_TRACES_SAMPLER_ARG: "0",
      };
      const bff = await startBff(entry, { ...addresses, ...telemetry, ...env });
      bffs.push(bff);
      ended.push(() => bff.stop());
      return bff;
    },
    spans: async () => {
      // What waits in the BFF is sent while it drains.
      expect(await Promise.all(bffs.map((bff) => bff.stop()))).toEqual(bffs.map(() => 0));
      for (const call of upstreams.calls) upstream.served(call);
      await Promise.all([client.end(), upstream.end()]);
      const all = await receiver.end();
      const traceIds = new Set(all.filter(({ service }) => service === "client").map(({ traceId }) => traceId));
      return all.filter(({ traceId }) => traceIds.has(traceId));
    },
  };
}

const DASHBOARD = "web.v1.DashboardService/GetDashboard";
const CALLS = [
  "agent.v1.AgentService/GetSession",
  "agent.v1.AgentService/GetSummary",
  "billing.v1.BillingService/GetUsage",
  "memory.v1.MemoryService/Search",
  "notify.v1.NotifyService/CountUnread",
  "user.v1.UserService/BatchGetUsers",
];
const ATLAS = { workspaceId: "atlas", userId: "u-ada" };
const sendToWeb = ({ client }: Rig, bff: BffProcess) => client.send(`${bff.url}/${DASHBOARD}`, ATLAS);

/** A call may take 80 ms, which a process that has just begun may miss. These requests are not the client's: not sampled, and forgotten. */
async function warmUp({ upstreams }: Rig, path: string, request: object): Promise<void> {
  const headers = { "content-type": "application/json" };
  for (let i = 0; i < 20; i++) {
    await (await fetch(path, { method: "POST", headers, body: JSON.stringify(request) })).text();
  }
  upstreams.calls.length = 0;
}
const below = (spans: readonly CollectedSpan[], parent: CollectedSpan) =>
  spans.filter(({ parentSpanId, traceId }) => parentSpanId === parent.spanId && traceId === parent.traceId);
const names = (spans: readonly CollectedSpan[]) => spans.map(({ name }) => name).sort();
const only = <T>(all: readonly T[]): T => {
  expect(all).toHaveLength(1);
  return all[0] as T;
};

test("a request is one tree: spans of the client, the BFF, its six calls, and the upstreams below these", async () => {
  const on = await rig();
  const bff = await on.start("generated/web/v1/server.ts");
  await warmUp(on, `${bff.url}/${DASHBOARD}`, ATLAS);
  expect((await sendToWeb(on, bff)).status).toBe(200);
  const spans = await on.spans();
  const root = only(spans.filter(({ parentSpanId }) => parentSpanId === ""));
  expect([root.service, root.name]).toEqual(["client", "ask"]);
  expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([root.traceId]));
  const server = only(below(spans, root));
  expect(server).toMatchObject({ service: "web.v1", name: DASHBOARD, kind: 2, failed: false });
  const calls = below(spans, server);
  expect(names(calls)).toEqual(CALLS);
  for (const call of calls) {
    expect(call).toMatchObject({ service: "web.v1", kind: 3, failed: false });
    const upstream = only(below(spans, call));
    expect(upstream).toMatchObject({ service: "upstream", name: call.name, kind: 2 });
    // One clock: whoever draws it sees each span within the one above.
    expect(BigInt(upstream.startTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(call.startTimeUnixNano) - MILLISECOND);
    expect(BigInt(call.startTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(server.startTimeUnixNano));
    expect(BigInt(call.endTimeUnixNano)).toBeLessThanOrEqual(BigInt(server.endTimeUnixNano));
  }
  expect(spans).toHaveLength(1 + 1 + 6 + 6);
});
const MILLISECOND = 1_000_000n;

test("with BFF_OTEL=sdk the author's own provider exports the same tree, even during the shutdown", async () => {
  const on = await rig();
  const provider = new URL("./user-provider.ts", import.meta.url).href;
  const bff = await on.start("generated/web/v1/server.ts", { BFF_OTEL: "sdk", NODE_OPTIONS: `--import=${provider}` });
  await warmUp(on, `${bff.url}/${DASHBOARD}`, ATLAS);
  expect((await sendToWeb(on, bff)).status).toBe(200);
  const spans = await on.spans();
  const root = only(spans.filter(({ parentSpanId }) => parentSpanId === ""));
  const server = only(below(spans, root));
  expect(server).toMatchObject({ service: "own", name: DASHBOARD, kind: 2 });
  const calls = below(spans, server);
  expect(names(calls)).toEqual(CALLS);
  for (const call of calls) expect(only(below(spans, call))).toMatchObject({ service: "upstream", name: call.name });
});

test("BFF_OTEL=sdk without a provider prevents the start with an instruction", async () => {
  const on = await rig();
  await expect(on.start("generated/web/v1/server.ts", { BFF_OTEL: "sdk" })).rejects.toThrow(
    "  BFF_OTEL is sdk, but no OpenTelemetry provider is registered in this process; write own, or start with NODE_OPTIONS='--import ./telemetry.mjs', a module of yours that registers one",
  );
});

test("attempts of a retried call have separate spans, each with its span at the upstream", async () => {
  const on = await rig();
  const bff = await on.start("generated/web/v1/server.ts");
  await warmUp(on, `${bff.url}/${DASHBOARD}`, ATLAS);
  let failures = 0;
  on.upstreams.services.notify.fault(() =>
    failures++ === 0 ? { kind: "fail", code: Code.Unavailable, message: "not yet" } : undefined,
  );
  expect((await sendToWeb(on, bff)).status).toBe(200);
  const spans = await on.spans();
  const call = only(spans.filter(({ name, kind }) => name === "notify.v1.NotifyService/CountUnread" && kind === 3));
  const attempts = below(spans, call).filter(({ service }) => service === "web.v1");
  expect(attempts.map(({ attributes, failed }) => [attributes["bff.attempt.kind"], failed])).toEqual([
    ["first", true],
    ["retry", false],
  ]);
  expect(below(spans, call).filter(({ service }) => service === "upstream")).toHaveLength(2);
});

test("attempts of a hedged call have separate spans", async () => {
  const on = await rig();
  let profiles = 0;
  const routes = (router: ConnectRouter) => {
    router.service(ProfileService, {
      getProfile: async (_, { signal }) => {
        if (++profiles === 1) await once(signal, "abort");
        return {};
      },
    });
    router.service(ItemService, { listItems: () => ({}) });
    router.service(SettingsService, { getSettings: () => ({}) });
  };
  const server = createServer(connectNodeAdapter({ routes, grpc: true }));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  ended.push(async () => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const services = [ProfileService, ItemService, SettingsService].map(({ typeName }) => [typeName, url]);
  const bff = await on.start(
    "bench/generated/bench/hedged/v1/server.ts",
    addressVariables(Object.fromEntries(services)),
  );
  expect((await on.client.send(`${bff.url}/bench.hedged.v1.HomeService/GetHome`, { userId: "u" })).status).toBe(200);
  const spans = await on.spans();
  const call = only(spans.filter(({ name }) => name === "bench.up.v1.ProfileService/GetProfile"));
  const attempts = below(spans, call).map(({ attributes }) => [
    attributes["bff.attempt.kind"],
    attributes["bff.attempt.outcome"],
  ]);
  expect(attempts.sort()).toEqual([
    ["first", "cancelled"],
    ["hedge", "ok"],
  ]);
});

const HOME = "mobile.v1.HomeService/GetHome";
const USAGE = "billing.v1.BillingService/GetUsage";

test("answers from a cache, or from another request's call, are in the trace of each request", async () => {
  const on = await rig();
  const bff = await on.start("generated/mobile/v1/server.ts");
  const url = `${bff.url}/${HOME}`;
  await warmUp(on, url, { workspaceId: "quarry", userId: "u-ada" });
  on.upstreams.services.billing.fault({ kind: "delay", ms: 20 });
  let traceIds: readonly string[] = [];
  const fetches = () => on.upstreams.calls.filter(({ method }) => method === USAGE).length;
  // Two that wait for one fetch, and one that has its answer at once: where the machine was too slow for that, once more.
  for (const workspaceId of ["atlas", "lumen", "harbor"]) {
    on.upstreams.calls.length = 0;
    const send = () => on.client.send(url, { workspaceId, userId: "u-ada" });
    const answers = [...(await Promise.all([send(), send()])), await send()];
    traceIds = answers.map(({ traceId }) => traceId);
    if (fetches() === 1 && answers.every(({ status }) => status === 200)) break;
  }
  expect([fetches(), traceIds.length]).toEqual([1, 3]);
  const spans = (await on.spans()).filter(({ traceId }) => traceIds.includes(traceId));
  const servers = spans.filter(({ name, service }) => name === HOME && service === "mobile.v1");
  expect(new Set(servers.map(({ traceId }) => traceId)).size).toBe(3);
  const usages = servers.map((server) => only(below(spans, server).filter(({ name }) => name === USAGE)));
  const call = only(usages.filter(({ kind }) => kind === 3));
  const others = usages.filter((usage) => usage !== call);
  expect(others.map(({ attributes }) => attributes["bff.cache.outcome"]).sort()).toEqual(["fresh", "joined"]);
  const joined = only(others.filter(({ attributes }) => attributes["bff.cache.outcome"] === "joined"));
  expect(joined.links).toMatchObject([{ traceId: call.traceId, spanId: call.spanId }]);
  expect(only(below(spans, call))).toMatchObject({ service: "upstream", name: USAGE });
});
