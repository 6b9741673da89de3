// The BFFs that the load test drives.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { create, type DescMethod, type FileRegistry } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { personIds, workspaceIds } from "../../../examples/dashboard/data.ts";
import { fullNames, serviceNames } from "../../../examples/dashboard/services.ts";
import { type Fault, startUpstreams } from "../../../examples/dashboard/upstreams.ts";
import type { Ir } from "../../../plugin/src/ir/ir.ts";
import { pick, seeded } from "../../bffs/second/random-message.ts";
import { isUnary } from "../../bffs/second/registry.ts";
import { secondRequest } from "../../bffs/second/requests.ts";
import { oracleResolvers, resolvers } from "../../bffs/second/resolvers.ts";
import { startSecondUpstreams } from "../../bffs/second/upstreams.ts";
import { attemptsOf, type Bff, type Faults, type Upstreams } from "./bff.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

export function protosIn(dir: string): Record<string, string> {
  const names = readdirSync(join(root, dir), { recursive: true, encoding: "utf8" });
  const protos = names.filter((name) => name.endsWith(".proto"));
  return Object.fromEntries(protos.map((name) => [name, readFileSync(join(root, dir, name), "utf8")]));
}

// ---- the worked example ----

const CODES = [
  Code.Unavailable,
  Code.Unavailable,
  Code.Internal,
  Code.NotFound,
  Code.PermissionDenied,
  Code.ResourceExhausted,
];

export const workedExample: Bff = {
  name: "worked-example",
  protos: {
    ...Object.fromEntries(
      Object.entries(protosIn("proto/example")).filter(([name]) =>
        serviceNames.some((serviceName) => name.startsWith(`${serviceName}/`)),
      ),
    ),
    ...protosIn("test/bffs/worked-example/proto"),
  },
  targets: ["web/v1/web.proto"],
  env: { DEFAULT_QUERY: "recent" },
  startUpstreams: startDashboardUpstreams,
  request(ir, number, seed) {
    const random = seeded("dashboard", seed, number);
    const method = rpc(ir, "web.v1.DashboardService", "GetDashboard");
    const workspaceId = random() < 0.02 ? "" : pick(random, [...workspaceIds, "nobody-made-this-up"]);
    const query = pick(random, ["", "", "tests", "deploy"]);
    const userId = random() < 0.9 ? pick(random, personIds) : "";
    return {
      method,
      message: create(method.input, { workspaceId, query, userId }),
      headers: { authorization: "Bearer made-up" },
    };
  },
};

async function startDashboardUpstreams({ seed, failing, hanging }: Faults): Promise<Upstreams> {
  const upstreams = await startUpstreams({ latencies: {} });
  const rule = (call: { readonly number: number }): Fault | undefined => {
    const random = seeded("fault", seed, call.number);
    const lot = random();
    if (lot < hanging) return { kind: "hang" };
    return lot < hanging + failing ? { kind: "fail", code: pick(random, CODES), message: "made to fail" } : undefined;
  };
  for (const name of serviceNames) upstreams.services[name].fault(rule);
  return {
    urls: Object.fromEntries(serviceNames.map((name) => [fullNames[name], upstreams.urls[name]])),
    attempts: () => attemptsOf(upstreams.calls),
    close: () => upstreams.close(),
  };
}

// ---- the second BFF ----

export const second: Bff = {
  name: "second",
  protos: protosIn("test/bffs/second/proto"),
  targets: Object.keys(protosIn("test/bffs/second/proto")).filter((name) => name.startsWith("shop/")),
  env: {
    SHOP_REGION: "fi",
    DEFAULT_CURRENCY: "EUR",
    SHELF_SIZE: 4n,
    LOYALTY_ON: true,
    KWH_PRICE: 0.31,
    NEW_FOR: durationFromMs(2_592_000_000),
    HOME_CATEGORIES: ["books", "garden", "toys"],
    HOLD_FOR: durationFromMs(900_000),
    OPS_MAILBOX: "ops@shop.example",
  },
  resolvers: { functions: resolvers, oracle: oracleResolvers },
  async startUpstreams({ seed, failing, hanging }) {
    const upstreams = await startSecondUpstreams({
      seed,
      failing: failing * 0.9,
      hanging,
      garbled: failing * 0.1,
      latencyMs: 2,
    });
    return {
      urls: upstreams.urls,
      attempts: () => attemptsOf(upstreams.calls),
      close: () => upstreams.close(),
    };
  },
  request(ir, number, seed) {
    const { headers, ...request } = secondRequest(ir.registry as FileRegistry, number, seed);
    const { "x-request-id": _, ...rest } = headers;
    return { ...request, headers: rest };
  },
};

function rpc(ir: Ir, service: string, name: string) {
  const method: DescMethod | undefined = ir.registry.getService(service)?.methods.find((m) => m.name === name);
  if (!isUnary(method)) throw new Error(`no rpc ${service}/${name}`);
  return method;
}
