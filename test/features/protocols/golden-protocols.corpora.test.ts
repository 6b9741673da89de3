// Sends requests to the servers of all goldens over every protocol that can carry them, while all upstreams answer and
// while each fails: one answer, one status, one set of degradations, the same metrics but for the label of the protocol.
// PROTOBFF_SHARE=1 runs all goldens.
import { setTimeout as pause } from "node:timers/promises";
import {
  create,
  type DescMethod,
  type DescService,
  fromJson,
  getExtension,
  hasExtension,
  type JsonObject,
  type JsonValue,
  type Registry,
  toJson,
} from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { FieldDescriptorProto_Label } from "@bufbuild/protobuf/wkt";
import { sample } from "@protobff/runtime/internal/samples";
import { until } from "@protobff/runtime/internal/testing/redis-rig";
import { afterAll, beforeAll, expect, test } from "vitest";
import { GeneratedProject } from "../../support/generated-project.ts";
import { goldenCases, requestOf, UPSTREAMS } from "../../support/golden.ts";
import { type Samples, summed } from "../../support/metric-samples.ts";
import { schemaOf } from "../../support/request.ts";
import { sampled } from "../../support/seed/sampled.ts";
import { together } from "../../support/together.ts";
import { type GoldenServer, goldenServer } from "./golden-server.ts";
import { CARRIERS, MCP_HEADERS, type Refused, type Seen, type Target, toolOf } from "./protocol-carriers.ts";
import { cellOf, isRefusal } from "./protocol-cells.ts";
import { restPathOf } from "./rest-carrier.ts";

/** Drawn values differ. The clients of protobuf-es cannot write fields with names such as `hasOwnProperty`. */
const LEFT_OUT = /^(random$|names-inherited)/;
const GOLDENS = sampled(sampled(goldenCases("emit").filter(({ name }) => !LEFT_OUT.test(name))));
beforeAll(() =>
  together(
    UPSTREAMS,
    GOLDENS.map(({ protos }) => protos),
  ),
);

let served = 0;
let sent = 0;
const unserved: string[] = [];
const unending = new Set<string>();
afterAll(() =>
  console.log(
    `${served} servers, ${sent} requests; not served: ${unserved.join("; ")}; without an end: ${[...unending].join()}`,
  ),
);

test.for(GOLDENS)("$name", { timeout: 300_000 }, async ({ name, protos }) => {
  const project = new GeneratedProject(`protocols-${name}`, protos);
  try {
    const { files, registry } = schemaOf(requestOf({ protos }));
    const wrong: string[] = [];
    for (const path of project.generate("mock=true")) {
      const folder = path.slice(0, path.lastIndexOf("/") + 1);
      const services = files.filter((file) => file.proto.name.startsWith(folder)).flatMap((file) => file.services);
      const first = await goldenServer(project, path);
      if (typeof first === "string") {
        unserved.push(`${name} lacks ${first}`);
        continue;
      }
      wrong.push(...(await differences(first, services, registry, async () => first)));
      for (const failing of first.mocked) {
        const started = async (): Promise<GoldenServer> => {
          const server = (await goldenServer(project, path)) as GoldenServer;
          await server.switched(failing, "unavailable");
          return server;
        };
        const found = await differences(await started(), services, registry, started);
        wrong.push(...found.map((text) => `without ${failing}: ${text}`));
      }
    }
    expect(wrong.slice(0, 8)).toEqual([]);
  } finally {
    project.remove();
  }
});

async function differences(
  opened: GoldenServer,
  services: readonly DescService[],
  registry: Registry,
  restarted: () => Promise<GoldenServer>,
): Promise<readonly string[]> {
  let server = opened;
  const listed = await toolsOf(server.url);
  const wrong: string[] = [];
  served++;
  for (const service of services) {
    const tools = Object.fromEntries(service.methods.map((method) => [method.name, toolNameOf(method, registry)]));
    const target = (): Target => ({ url: server.url, service, registry, tools });
    for (const method of service.methods.filter(({ methodKind }) => /^(unary|server_streaming)$/.test(methodKind)))
      for (const request of requestsOf(method, registry)) {
        const unopened = async (): Promise<GoldenServer> => {
          if (!isOpen(await server.metrics())) return server;
          await server.stop();
          server = await restarted();
          return server;
        };
        const found = await differencesOf(unopened, target, listed, method, request);
        wrong.push(...found.map((text) => `${JSON.stringify(request)}: ${text}`));
      }
  }
  await server.stop();
  return wrong;
}
/** An open breaker decides earlier than its upstream: of several failures another may then come first. */
const isOpen = (samples: Samples): boolean => summed(samples, "bff_breaker_state", `state="open"`) > 0;

/** A sample whose path fields fit the rpc's path, and a message without fields. */
function requestsOf(method: DescMethod, registry: Registry): readonly JsonObject[] {
  const message = reflect(method.input, sample(method.input));
  for (const [field, pattern] of Object.entries(restPathOf(method)?.patterns ?? {})) {
    if (pattern === "*") continue;
    const names = field.split(".");
    let inner = message;
    for (const [i, name] of names.entries()) {
      const desc = inner.fields.find((candidate) => candidate.name === name);
      if (desc === undefined) throw new Error(`no ${field}`);
      if (i === names.length - 1) inner.set(desc, pattern.replaceAll(/\*+/g, "x1"));
      else inner = inner.get(desc) as typeof inner;
    }
  }
  const json = (of: typeof message.message) => toJson(method.input, of, { registry }) as JsonObject;
  // A message of proto2 may have required fields.
  const isWhole = method.input.fields.every(({ proto }) => proto.label !== FieldDescriptorProto_Label.REQUIRED);
  return [json(message.message), ...(isWhole ? [json(create(method.input))] : [])];
}

interface ListedTool {
  readonly name: string;
  readonly inputSchema: { readonly properties?: JsonObject };
}
/** Returns the listed tools by their names; none if callers need an identity. */
async function toolsOf(url: string): Promise<ReadonlyMap<string, ListedTool>> {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" });
  const answer = await fetch(`${url}/mcp`, { method: "POST", body, headers: MCP_HEADERS });
  if (!answer.ok) return new Map();
  const { result } = (await answer.json()) as { readonly result?: { readonly tools: readonly ListedTool[] } };
  return new Map(result?.tools.map((tool) => [tool.name, tool]));
}
/** Returns the name of an rpc's tool, if it is one. */
function toolNameOf({ name, proto }: DescMethod, registry: Registry): string {
  const extension = registry.getExtension("bff.v1.method");
  const options = proto.options;
  if (extension === undefined || options === undefined || !hasExtension(options, extension)) return toolOf(name);
  const { tool } = getExtension(options, extension) as { readonly tool?: { readonly name: string } };
  return tool?.name || toolOf(name);
}

async function differencesOf(
  unopened: () => Promise<GoldenServer>,
  targetOf: () => Target,
  listed: ReadonlyMap<string, ListedTool>,
  method: DescMethod,
  request: JsonObject,
): Promise<readonly string[]> {
  const wrong: string[] = [];
  let first: { readonly name: string; readonly seen: JsonObject; readonly counts: string } | undefined;
  for (const [row, name, carrier] of CARRIERS) {
    const server = await unopened();
    const target = targetOf();
    const before = await server.metrics();
    const cell = cellOf(row, method);
    if (isRefusal(cell) || cell === "JSON") continue;
    if (row === "REST" && !carriedByRest(method, request)) continue;
    if (row === "tools of MCP" && !carriedByTool(listed.get(target.tools?.[method.name] ?? ""), request)) continue;
    sent++;
    const answer = await Promise.race([carrier(target, method.name, request), endless()]);
    if (answer === undefined && first === undefined) {
      unending.add(`${target.service.typeName}/${method.name}`);
      return [];
    }
    if (isOpen(await server.metrics())) continue;
    const seen = answer === undefined ? {} : comparable(answer, method, target.registry);
    const counts = await countsOf(server, before, first?.counts);
    if (first !== undefined && counts !== first.counts && cell !== "newest item")
      wrong.push(`${method.name} counted over ${name}: ${counts}, over ${first.name}: ${first.counts}`);
    first ??= { name, seen, counts };
    const expected = cell === "newest item" ? newest(first.seen) : first.seen;
    if (JSON.stringify(seen) !== JSON.stringify(expected))
      wrong.push(
        `${method.name} over ${name}: ${JSON.stringify(seen)}, over ${first.name}: ${JSON.stringify(expected)}`,
      );
  }
  return wrong;
}

const COUNTS =
  /^(rpc_server_call_duration_seconds_count|bff_(degraded|stream_items|deprecated|rate_limited|shed)\w*_total)\{/;
/**
 * Returns what the metrics have counted since `before`, as soon as it is what another protocol has counted. A request
 * counts soon after its answer.
 */
async function countsOf(server: GoldenServer, before: Samples, expected: string | undefined): Promise<string> {
  let counts = "";
  const isCounted = async (): Promise<boolean> => {
    const all = new Map<string, number>();
    for (const [series, value] of await server.metrics()) {
      const more = COUNTS.test(series) ? value - (before.get(series) ?? 0) : 0;
      const name = sameReason(series);
      if (more !== 0) all.set(name, (all.get(name) ?? 0) + more);
    }
    counts = [...all]
      .map(([series, more]) => `${series} +${more}`)
      .sort()
      .join(", ");
    return expected === undefined ? counts !== "" : counts === expected;
  };
  await until(isCounted, 2_000).catch(() => undefined);
  return counts;
}
/** Behind failures a breaker opens, which changes the reason alone. */
const sameReason = (text: string): string => text.replaceAll("BREAKER_OPEN", "UNAVAILABLE");

/** A stream that follows a topic has no end. */
const endless = (): Promise<undefined> => pause(ENDLESS_MS, undefined, { ref: false });
const ENDLESS_MS = 10_000;

const newest = (seen: JsonObject): JsonObject => ({ ...seen, messages: (seen.messages as JsonValue[]).slice(-1) });

/** A tool hides fields that the server sets. */
const carriedByTool = (tool: ListedTool | undefined, request: JsonObject): boolean =>
  tool !== undefined && Object.keys(request).every((field) => Object.hasOwn(tool.inputSchema.properties ?? {}, field));

/** A path holds no empty text. */
function carriedByRest(method: DescMethod, request: JsonObject): boolean {
  const path = restPathOf(method);
  return path !== undefined && (Object.keys(path.patterns).length === 0 || Object.keys(request).length > 0);
}

/** Returns an answer in one form. */
function comparable(seen: Seen | Refused, method: DescMethod, registry: Registry | undefined): JsonObject {
  const options = registry === undefined ? {} : { registry };
  const text = JSON.stringify(
    "refused" in seen
      ? seen
      : {
          messages: seen.messages.map((json) => toJson(method.output, fromJson(method.output, json, options), options)),
          ...(seen.error !== undefined && { error: seen.error }),
        },
  );
  return JSON.parse(sameReason(text)) as JsonObject;
}
