// Fires requests at a BFF over misbehaving upstreams and holds every answer against the oracle, and the log of its calls against
// the upstreams' own.
import { rmSync } from "node:fs";
import { type DescMessage, type DescMethod, fromBinary, toBinary, toJsonString } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { ConnectError, type Transport } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { type CallEvent, GrpcClient, type Observer, systemClock, type UnaryClient } from "@protobff/runtime";
import { listen } from "../../../packages/server/src/listen.ts";
import type { Ir } from "../../../plugin/src/ir/ir.ts";
import { readIr } from "../../../plugin/src/read/read-ir.ts";
import { requestFor, schemaOf } from "../../support/request.ts";
import { more, resources, settled } from "../../support/resources.ts";
import { breakerOpen, broken, late, queueFull, senseless, status } from "../oracle/faults.ts";
import { checkAnswer } from "../oracle/oracle.ts";
import type { LoggedCall } from "../oracle/outcomes.ts";
import type { Got } from "../oracle/verdict.ts";
import type { Attempt, Bff, BffRequest, Protos } from "./bff.ts";
import { endpoints, generate, protosOf } from "./generate-bff.ts";

export interface LoadOptions {
  /** Default 10,000. */
  readonly requests?: number;
  /** Default 64. */
  readonly inFlight?: number;
  readonly seed?: number;
  /** Parts of all attempts; defaults 0.07 and 0.03. */
  readonly failing?: number;
  readonly hanging?: number;
  readonly breakers: boolean;
}

export interface LoadReport {
  readonly requests: number;
  /** Results of the clients: whole answers, degraded ones, statuses by code. */
  readonly answers: number;
  readonly degraded: number;
  readonly statuses: Readonly<Record<number, number>>;
  readonly calls: number;
  readonly attempts: number;
  /** Answers that the oracle does not accept, each with its request and calls, for people. */
  readonly mismatches: readonly string[];
  /** Differences between the runtime's log and the upstreams'. */
  readonly logFaults: readonly string[];
  readonly unhandled: readonly string[];
  /** Kinds of handles and timers that are more than at the start, after drain and closing. */
  readonly leaked: readonly string[];
  /** Milliseconds of the load alone. */
  readonly tookMs: number;
}

/** Formats faults for people: the number of each kind, and the first few in full. */
export function summary(mismatches: readonly string[], shown = 3): string {
  const kinds = new Map<string, number>();
  for (const text of mismatches) {
    const [head = "", ...lines] = text.split("\n");
    const fault = lines.find((line) => !line.startsWith("  ")) ?? "";
    const kind = `${head.split(" ")[1]}: ${fault.replace(/\[\d+\]/g, "[]").replace(/\{.*|"[^"]*"| [0-9a-f]{8,}.*/g, "…")}`;
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  const counts = [...kinds].sort((a, b) => b[1] - a[1]).map(([kind, count]) => `${count} × ${kind}`);
  return [...counts, ...mismatches.slice(0, shown)].join("\n\n");
}

/** The IR of a BFF as the plugin reads it. */
export function irOf(bff: Protos, breakers: boolean): Ir {
  const protos = protosOf(bff, breakers);
  const faults: string[] = [];
  const ir = readIr(
    schemaOf(requestFor(protos, bff.targets)),
    (name) => protos[name],
    ({ severity, code, message }) => {
      if (severity === "error") faults.push(`${code} ${message}`);
    },
  );
  if (faults.length > 0) throw new Error(faults.join("\n"));
  return ir;
}

/** `now` in every request: the oracle has to know it. */
const NOW = Date.UTC(2026, 2, 5, 12, 34, 56, 789);

/** A call of the runtime's log, kept beyond its request. */
export interface Made extends Omit<CallEvent, "header" | "request" | "call"> {
  readonly requestId: string;
}

export async function load(bff: Bff, options: LoadOptions): Promise<LoadReport> {
  const { seed = 1, failing = 0.07, hanging = 0.03, breakers } = options;
  const ir = irOf(bff, breakers);
  const unhandled: string[] = [];
  const onUnhandled = (reason: unknown) => void unhandled.push(String(reason instanceof Error ? reason.stack : reason));
  process.on("unhandledRejection", onUnhandled);
  const clock = systemClock as { date: () => Date };
  const { date } = clock;
  clock.date = () => new Date(NOW);
  const dir = bff.endpoints === undefined ? generate(bff, breakers) : undefined;
  const before = resources();
  try {
    const upstreams = await bff.startUpstreams({ seed, failing, hanging });
    const log = new Map<string, Made[]>();
    const running = await start(bff, dir, upstreams.urls, log);
    const startedAt = performance.now();
    const exchanges = await fire(running.transport, options, (number) => bff.request(ir, number, seed));
    const tookMs = performance.now() - startedAt;
    await running.close();
    const attempts = upstreams.attempts();
    await upstreams.close();
    await settled();
    return {
      ...counted(exchanges),
      calls: [...log.values()].reduce((sum, events) => sum + events.length, 0),
      attempts: attempts.length,
      mismatches: exchanges.flatMap((exchange) => mismatchOf(bff, ir, exchange, log.get(exchange.id) ?? [])),
      logFaults: compareLogs([...log.values()].flat(), attempts),
      unhandled,
      leaked: more(before, resources()),
      tookMs,
    };
  } finally {
    clock.date = date;
    process.off("unhandledRejection", onUnhandled);
    if (dir !== undefined) rmSync(dir, { recursive: true, force: true });
  }
}

// ---- serving and calling ----

async function start(
  bff: Bff,
  dir: string | undefined,
  urls: Readonly<Record<string, string>>,
  log: Map<string, Made[]>,
) {
  const clients = new Map(Object.entries(urls).map(([service, url]) => [service, new GrpcClient(url)]));
  const client: UnaryClient = {
    send(path, ...rest) {
      const to = clients.get(path.slice(1, path.lastIndexOf("/")));
      if (to === undefined) throw new Error(`no upstream for ${path}`);
      return to.send(path, ...rest);
    },
  };
  const observer: Observer = {
    call(event) {
      const { request: _, call: __, header, ...rest } = event;
      const requestId = header("x-request-id");
      const events = log.get(requestId) ?? [];
      log.set(requestId, events);
      events.push({ ...rest, requestId });
    },
  };
  const made =
    dir === undefined
      ? bff.endpoints?.(client, observer)
      : await endpoints(bff, dir, client, observer, bff.env, bff.resolvers?.functions);
  const server = await listen(made ?? []);
  const sessionManager = new Http2SessionManager(server.url);
  return {
    transport: createGrpcTransport({ baseUrl: server.url, sessionManager }),
    async close() {
      sessionManager.abort();
      await server.close();
      await Promise.all([...clients.values()].map((client) => client.close()));
    },
  };
}

interface Exchange {
  readonly id: string;
  readonly request: BffRequest;
  readonly got: Got;
}

async function fire(
  transport: Transport,
  { requests = 10_000, inFlight = 64 }: LoadOptions,
  requestOf: (number: number) => BffRequest,
): Promise<Exchange[]> {
  const exchanges: Exchange[] = [];
  let next = 0;
  const worker = async () => {
    for (let number = next++; number < requests; number = next++) {
      const request = requestOf(number);
      const id = `load-${number}`;
      exchanges[number] = { id, request, got: await send(transport, id, request) };
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return exchanges;
}

async function send(transport: Transport, id: string, { method, message, headers }: BffRequest): Promise<Got> {
  try {
    const sent = { ...headers, "x-request-id": id };
    const { message: answer, header } = await transport.unary(method, undefined, undefined, sent, message);
    const bytes = toBinary(method.output, answer);
    return { kind: "answer", message: bytes, degradedHeader: header.get("bff-degraded") ?? undefined };
  } catch (thrown) {
    const error = ConnectError.from(thrown);
    return { kind: "status", code: error.code, message: error.rawMessage };
  }
}

function counted(exchanges: readonly Exchange[]) {
  const statuses: Record<number, number> = {};
  let degraded = 0;
  let answers = 0;
  for (const { got } of exchanges) {
    if (got.kind === "status") statuses[got.code] = (statuses[got.code] ?? 0) + 1;
    else if (got.degradedHeader === undefined) answers++;
    else degraded++;
  }
  return { requests: exchanges.length, answers, degraded, statuses };
}

// ---- comparison ----

const CANCELLED = 1;

/** The shortest timeout of a batched call in both BFFs, less what timers may be early. */
const SHORTEST_BATCH_MS = 240;

/** Converts an event into the oracle's form; undefined for a call that was given up before an attempt. */
export function logged({ method, message, attempts, outcome, startedAt, endedAt }: Made): LoggedCall | undefined {
  const late = endedAt - startedAt >= SHORTEST_BATCH_MS;
  if (outcome.ok) return { method, message, outcome: { ok: outcome.message }, late };
  const { failure } = outcome;
  // Ours: an upstream's own CANCELLED names the upstream.
  const cancelled = failure.code === CANCELLED && failure.upstream === "";
  if (!cancelled) return { method, message, outcome: { failed: failure }, late };
  return attempts === 0 ? undefined : { method, message, outcome: { cancelled: true }, late };
}

function mismatchOf(bff: Bff, ir: Ir, { id, request, got }: Exchange, events: readonly Made[]): string[] {
  const { method, message } = request;
  const headers = new Map(Object.entries({ ...request.headers, "x-request-id": id }));
  const calls = events.map(logged).filter((call) => call !== undefined);
  let fault: string | undefined;
  try {
    fault = checkAnswer(ir, method, message, headers, bff.env, timestampFromMs(NOW), calls, got, bff.resolvers?.oracle);
  } catch (error) {
    fault = `the oracle broke: ${error instanceof Error ? error.stack : error}`;
  }
  if (fault === undefined) return [];
  return [
    [
      `${id} ${method.name} ${text(method.input, toBinary(method.input, message))}`,
      ...described(ir, events),
      fault,
    ].join("\n"),
  ];
}

/** The calls of a log, for people. */
export function described(ir: Ir, events: readonly Made[]): string[] {
  return [...events]
    .sort((a, b) => a.startedAt - b.startedAt)
    .map(({ method, message, attempts, outcome, startedAt, endedAt }) => {
      const desc = methodOf(ir, method);
      const end = outcome.ok
        ? text(desc?.output, outcome.message)
        : `code ${outcome.failure.code}, reason ${outcome.failure.reason}, "${outcome.failure.message}"`;
      const took = `${startedAt.toFixed(0)}+${(endedAt - startedAt).toFixed(0)} ms`;
      return `  ${method} ${text(desc?.input, message)} → ${end} (${attempts} attempts, ${took})`;
    });
}

function methodOf(ir: Ir, name: string): DescMethod | undefined {
  const [service = "", method] = name.split("/");
  return ir.registry.getService(service)?.methods.find((m) => m.name === method);
}

function text(desc: DescMessage | undefined, bytes: Uint8Array): string {
  if (desc === undefined) return Buffer.from(bytes).toString("hex");
  let json: string;
  try {
    json = toJsonString(desc, fromBinary(desc, bytes));
  } catch {
    // The message contains an Any of an unknown type.
    return Buffer.from(bytes).toString("hex");
  }
  return json.length > 400 ? `${json.slice(0, 400)}…` : json;
}

/**
 * Compares the log with the upstreams. Every attempt that an upstream saw must belong to a call of the log. Every good
 * answer in the log must be from an upstream, and every failure must be listed in runtime.md; the oracle takes its
 * reason from this log. An attempt without `x-request-id` belongs to any call with its method and bytes.
 */
export function compareLogs(events: readonly Made[], attempts: readonly Attempt[]): string[] {
  const faults: string[] = [];
  const name = (method: string, bytes: Uint8Array) => `${method} ${Buffer.from(bytes).toString("base64")}`;
  const made = new Map<string, number>();
  const answered = new Set<string>();
  const add = (key: string, count: number) => made.set(key, (made.get(key) ?? 0) + count);
  for (const event of events) {
    const key = name(event.method, event.message);
    add(key, event.attempts);
    add(`${event.requestId} ${key}`, event.attempts);
  }
  const seen = new Map<string, number>();
  for (const { method, request, requestId, response } of attempts) {
    const key = name(method, request);
    for (const id of requestId === "" ? [key] : [key, `${requestId} ${key}`]) seen.set(id, (seen.get(id) ?? 0) + 1);
    if (response !== undefined) answered.add(`${key} ${Buffer.from(response).toString("base64")}`);
  }
  for (const [key, count] of seen) {
    const known = made.get(key) ?? 0;
    if (count > known) faults.push(`an upstream saw ${count} attempts of ${key}, the log has ${known}`);
  }
  for (const { method, message, outcome } of events) {
    if (!outcome.ok) {
      const { code, reason } = outcome.failure;
      if (!isKnown(code, reason))
        faults.push(`the log has a failure of ${method} with code ${code} and reason ${reason}`);
      continue;
    }
    const key = name(method, message);
    const answer = Buffer.from(outcome.message).toString("base64");
    if (!answered.has(`${key} ${answer}`))
      faults.push(`the log has an answer to ${key} that no upstream gave: ${answer}`);
  }
  return faults;
}
const OURS = [senseless, late, breakerOpen, queueFull];
/** As an upstream's status, as a broken connection, or of our own making. */
function isKnown(code: number, reason: number): boolean {
  return [status(code), broken(code), ...OURS].some((failing) => failing.code === code && failing.reason === reason);
}
