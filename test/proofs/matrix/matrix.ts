// Tests every fault on every edge: one request each, to a separate BFF, compared with the oracle.
import { rmSync } from "node:fs";
import { celMap } from "@bufbuild/cel";
import { type DescMethodUnary, type FileRegistry, toBinary, toJsonString } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { Cache, GrpcClient, systemClock, type UnaryClient, type Upstream } from "@protobff/runtime";
import type { OpenIdentity } from "@protobff/runtime/identity";
import { listen } from "../../../packages/server/src/listen.ts";
import type { Ir } from "../../../plugin/src/ir/ir.ts";
import { testedHttp2 } from "../../../runtime/src/testing/tested-http2.ts";
import { upstreamMethods } from "../../bffs/second/registry.ts";
import { more, resources, settled } from "../../support/resources.ts";
import { patientClock } from "../../support/setup/patient-clock.ts";
import type { BffRequest } from "../load/bff.ts";
import { generate, identityOf, instanceOf, modulesOf } from "../load/generate-bff.ts";
import { described, irOf, type Made } from "../load/load.ts";
import { breakerOpen, endOfCall, type Failing, late, type Prediction, queueFull } from "../oracle/faults.ts";
import { checkAnswer, globals, prepared } from "../oracle/oracle.ts";
import type { CallOutcome, LoggedCall } from "../oracle/outcomes.ts";
import { type Policy, policyOf } from "../oracle/policy.ts";
import type { Got } from "../oracle/verdict.ts";
import { CallLog, inTime, send, Wire } from "./both-sides.ts";
import { type Edge, edgesOf, type MatrixBff, principalOf } from "./edges.ts";
import { type Fault, faults } from "./faults.ts";
import { type Answer, type FaultyUpstream, NOBODY, startFaulty } from "./faulty-upstream.ts";

export interface MatrixOptions {
  /** Cells at a time. */
  readonly atOnce?: number;
  /** Only edges and faults whose names hold these. */
  readonly edge?: string;
  readonly fault?: string;
  /** Default: all of them. */
  readonly faults?: readonly Fault[];
  /** How the upstream of the call that meets the fault is called; all others are called over gRPC. Default: so is it. */
  readonly over?: Over;
}

/** A protocol of upstreams. */
export interface Over {
  readonly faults: readonly Fault[];
  client(url: string, methods: readonly DescMethodUnary[]): UnaryClient;
  start(play: Fault["play"], answer: Answer, methods: readonly DescMethodUnary[]): Promise<FaultyUpstream>;
}

export const overGrpc: Over = {
  faults,
  client: (url) => new GrpcClient(url, { http2: testedHttp2() }),
  start(play, answer) {
    if (typeof play === "object" && "http" in play) throw new Error("a play of another protocol");
    return startFaulty(play, answer);
  },
};

export interface MatrixReport {
  readonly name: string;
  readonly edges: number;
  readonly faults: number;
  readonly cells: number;
  /** Requests without a fault, of known and anonymous callers. */
  readonly others: number;
  /** Differences from the declaration, for people. */
  readonly wrong: readonly string[];
  readonly unreached: readonly string[];
  readonly unhandled: readonly string[];
  readonly leaked: readonly string[];
  readonly tookMs: number;
}

const NOW = Date.UTC(2026, 2, 5, 12, 34, 56, 789);
const CANCELLED = 1;
/** More than any `ttl` of the BFFs, less than any `stale`, in milliseconds. */
const PAST_TTL_MS = 6_000;
/** Number of faults that are printed in full. */
const SHOWN = 5;

export async function matrix(bff: MatrixBff, options: MatrixOptions = {}): Promise<MatrixReport> {
  const { atOnce = 24, over = overGrpc } = options;
  const all = options.faults ?? over.faults;
  const startedAt = performance.now();
  const ir = irOf(bff, true);
  const now = timestampFromMs(NOW);
  const found = edgesOf(bff, ir, now);
  const unhandled: string[] = [];
  const onUnhandled = (reason: unknown) => void unhandled.push(String(reason instanceof Error ? reason.stack : reason));
  process.on("unhandledRejection", onUnhandled);
  const dir = generate(bff, true);
  const wrong: string[] = [];
  let cells = 0;
  try {
    const modules = await modulesOf(bff, dir);
    const identity = await identityOf(bff, dir);
    const before = resources();
    const restore = patientClock(new Date(NOW));
    const world = new World(bff, ir, modules, all, over, identity);
    await world.start();
    const edges = found.edges.filter((edge) => edge.name.includes(options.edge ?? ""));
    const columns = all.filter((fault) => fault.name.includes(options.fault ?? ""));
    const todo = columns.flatMap((fault) => edges.map((edge) => ({ edge, fault })));
    let next = 0;
    const worker = async () => {
      for (let cell = todo[next++]; cell !== undefined; cell = todo[next++]) {
        cells++;
        const fault = await world.run(cell.edge, cell.fault);
        if (fault !== undefined) wrong.push(`${bff.name}: ${cell.edge.name} × ${cell.fault.name}\n${fault}`);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    for (const request of found.others) {
      const fault = await world.runHealthy(request);
      if (fault !== undefined) wrong.push(`${bff.name}: ${request.method.name} without a fault\n${fault}`);
    }
    const open = await world.close();
    await identity?.close();
    restore();
    await settled();
    return {
      name: bff.name,
      edges: edges.length,
      faults: columns.length,
      cells,
      others: found.others.length,
      wrong,
      unhandled,
      unreached: found.unreached,
      leaked: [...open, ...more(before, resources())],
      tookMs: performance.now() - startedAt,
    };
  } finally {
    process.off("unhandledRejection", onUnhandled);
    rmSync(dir, { recursive: true, force: true });
  }
}

/** One line for a report, and what is wrong. */
export function renderReport(report: MatrixReport): string {
  const { name, edges, faults, cells, others: healthy, wrong, unreached, unhandled, leaked, tookMs } = report;
  const others = [
    ...unreached.map((step) => `${name}: no request reaches ${step}`),
    ...unhandled.map((text) => `${name}: unhandled rejection ${text}`),
    ...leaked.map((text) => `${name}: left behind: ${text}`),
  ];
  const rest = wrong.slice(SHOWN).map((text) => text.split("\n")[0]);
  const shown = [...others, ...wrong.slice(0, SHOWN), rest.join("\n")].filter((text) => text !== "");
  const count = wrong.length + others.length;
  const end = count === 0 ? "all as declared" : `${count} not as declared`;
  const beside = healthy === 0 ? "" : ` and ${healthy} requests without a fault`;
  const line = `${name}: ${edges} edges × ${faults} faults = ${cells} cells${beside}, ${end} (${(tookMs / 1000).toFixed(1)} s)`;
  return [line, ...shown].join("\n\n");
}

/** The upstreams of all cells of a BFF, and how one cell is run. */
class World {
  readonly #bff: MatrixBff;
  readonly #ir: Ir;
  readonly #modules: readonly Record<string, unknown>[];
  readonly #methods: ReadonlyMap<string, DescMethodUnary>;
  readonly #faults: readonly Fault[];
  readonly #over: Over;
  readonly #identity: OpenIdentity | undefined;
  readonly #faulty = new Map<string, FaultyUpstream>();
  #good: FaultyUpstream | undefined;
  #client: GrpcClient | undefined;

  constructor(
    bff: MatrixBff,
    ir: Ir,
    modules: readonly Record<string, unknown>[],
    faults: readonly Fault[],
    over: Over,
    identity: OpenIdentity | undefined,
  ) {
    this.#over = over;
    this.#identity = identity;
    this.#faults = faults;
    this.#bff = bff;
    this.#ir = ir;
    this.#modules = modules;
    this.#methods = upstreamMethods(ir.registry as FileRegistry);
  }

  async start(): Promise<void> {
    this.#good = await startFaulty("answer", this.#answer);
    this.#client = new GrpcClient(this.#good.url, { http2: testedHttp2() });
    for (const { play } of this.#faults) {
      const key = JSON.stringify(play);
      if (play === "refuse connection" || play === "GOAWAY before" || this.#faulty.has(key)) continue;
      this.#faulty.set(key, await this.#start(play));
    }
  }

  #start(play: Fault["play"]): Promise<FaultyUpstream> {
    return this.#over.start(play, this.#answer, [...this.#methods.values()]);
  }
  #clientOf(url: string): UnaryClient {
    return this.#over.client(url, [...this.#methods.values()]);
  }

  /** Gives what stands open at upstreams. */
  async close(): Promise<string[]> {
    const all = [...this.#faulty].map(([name, upstream]) => ({ name, upstream }));
    if (this.#good !== undefined) all.push({ name: "good", upstream: this.#good });
    await this.#client?.close();
    const open: string[] = [];
    for (const { name, upstream } of all) {
      if (!(await inTime(upstream.idle()))) open.push(`${upstream.open} streams at ${name}`);
    }
    await Promise.all(all.map(({ upstream }) => upstream.close()));
    return open;
  }

  readonly #answer = (path: string, request: Uint8Array): Uint8Array => {
    const method = this.#methods.get(path);
    if (method === undefined) throw new Error(`no method ${path}`);
    return toBinary(method.output, this.#bff.answer(method, request));
  };

  async run(edge: Edge, fault: Fault): Promise<string | undefined> {
    const freshUpstream = fault.play === "GOAWAY before" ? await this.#start(fault.play) : undefined;
    const url =
      fault.play === "refuse connection"
        ? NOBODY
        : (freshUpstream ?? this.#faulty.get(JSON.stringify(fault.play)))?.url;
    if (url === undefined) throw new Error(`no upstream for ${fault.name}`);
    const log = new CallLog();
    const wire = new Wire(edge, fault, this.#clientOf(url), this.#client!);
    let olderMs = 0; // than it is by the system's clock
    const cache = new Cache({ clock: { ...systemClock, now: () => systemClock.now() + olderMs } });
    const { transport, upstreams, close } = await this.#serve(wire, log, cache);
    const wrong: string[] = [];
    const attempt = async (outcome?: CallOutcome): Promise<void> => {
      const got = await send(transport, edge.request);
      if (!(await inTime(log.ended()))) wrong.push("calls have not ended");
      wrong.push(...this.#faultsOf(edge, fault, log, wire, got, outcome));
    };
    const begins = (): void => {
      if (fault.prime !== undefined) for (const upstream of upstreams) prime(upstream, fault.prime, edge.method);
    };
    if (!edge.remembered) {
      begins();
      await attempt();
    } else {
      wire.faulty = false;
      await send(transport, edge.request);
      await inTime(log.ended());
      wire.faulty = true;
      begins();
      const { before, after } = this.#remembered(edge, fault);
      olderMs = PAST_TTL_MS;
      for (const outcome of [before, after]) {
        log.calls.splice(0);
        wire.sent.splice(0);
        if (wrong.length === 0) await attempt(outcome);
      }
    }
    await close();
    await wire.close();
    await freshUpstream?.close();
    return wrong.length === 0 ? undefined : [...described(this.#ir, log.calls), ...wrong].join("\n");
  }

  /** Sends a request whose calls all succeed. */
  async runHealthy(request: BffRequest): Promise<string | undefined> {
    const log = new CallLog();
    const wire = new Wire({ method: "", is: () => false }, {}, this.#client!, this.#client!);
    const { transport, close } = await this.#serve(wire, log);
    const got = await send(transport, request);
    await inTime(log.ended());
    await close();
    const calls = log.calls.map(({ method, message }) => ({
      method,
      message,
      outcome: { ok: this.#answer(`/${method}`, message) },
    }));
    const wrong = this.#compared(request, calls, got);
    return wrong && [...described(this.#ir, log.calls), wrong].join("\n");
  }

  async #serve(wire: Wire, log: CallLog, cache?: Cache) {
    const { env, resolvers } = this.#bff;
    const identity = this.#identity;
    const { endpoints, upstreams } = instanceOf(this.#modules, wire, log, env, resolvers?.functions, cache, identity);
    const server = await listen(endpoints, { ...(identity && { identity }) });
    const sessionManager = new Http2SessionManager(server.url);
    const transport = createGrpcTransport({ baseUrl: server.url, sessionManager });
    const close = async (): Promise<void> => {
      sessionManager.abort();
      await server.close();
    };
    return { transport, upstreams, close };
  }

  /** An old answer: with the first request it is renewed in the background, with the second it is known what came of that. */
  #remembered(edge: Edge, fault: Fault): { before: CallOutcome; after: CallOutcome } {
    const { method, message } = edge.alone;
    const ok = this.#answer(`/${method}`, message);
    const stale = ({ reason }: Failing): CallOutcome => ({ ok, stale: { reason, upstream: serviceOf(method) } });
    const policy = policyOf(prepared(this.#ir).program, edge.asker.place, edge.asker.call);
    if (fault.prime === "breaker" && policy.breaker !== "off")
      return { before: stale(breakerOpen), after: stale(breakerOpen) };
    // A refused call has failed at once, before the old answer is served.
    if (fault.prime === "limit") return { before: stale(queueFull), after: stale(queueFull) };
    const { failing } = this.#predicted(edge, fault, policy);
    return { before: { ok }, after: failing === undefined ? { ok } : stale(failing) };
  }

  #predicted(edge: Edge, fault: Fault, policy: Policy): Prediction {
    const { headers } = edge.request;
    const now = timestampFromMs(NOW);
    const sees = new Map(Object.entries(headers));
    const retryIf = (failing: Failing) => {
      if (policy.retryIf === undefined) return true;
      const error = new Map<string, bigint | string>([
        ["code", BigInt(failing.code)],
        ["message", failing.message ?? ""],
      ]);
      try {
        const bindings = { ...globals(this.#ir, sees, this.#bff.env, now), error: celMap(error) };
        return edge.asker.place.evaluator.value(policy.retryIf, bindings) === true;
      } catch {
        return false;
      }
    };
    return endOfCall(fault, policy, retryIf);
  }

  /** @param remembered how the call of the edge ends, whatever the call that renews it results in */
  #faultsOf(edge: Edge, fault: Fault, log: CallLog, wire: Wire, got: Got, remembered?: CallOutcome): string[] {
    const policy = policyOf(prepared(this.#ir).program, edge.asker.place, edge.asker.call);
    const predicted = this.#predicted(edge, fault, policy);
    const calls: LoggedCall[] = [];
    const wrong: string[] = [];
    if (remembered !== undefined) calls.push({ ...edge.alone, outcome: remembered });
    const sentOf = (call: Made) => wire.sent.filter((other) => same(other, call)).length;
    for (const call of log.calls) {
      if (remembered !== undefined && call.method === edge.method && edge.is(call.message)) continue;
      const hit = meets(edge, fault, policy, call);
      const waited = !hit && sentOf(call) === 0 && waitsBehind(edge, fault, call);
      // Side effects after a failed one never begin, so that they count as not called.
      if (waited && !partial(edge)) continue;
      const end: Prediction = waited
        ? { failing: late, sent: [0, 0] }
        : !hit
          ? { failing: undefined, sent: [1, 1] }
          : fault.prime === "breaker" || fault.prime === "limit"
            ? { failing: predicted.failing, sent: [0, 0] }
            : predicted;
      if (!call.outcome.ok && call.outcome.failure.code === CANCELLED && call.outcome.failure.upstream === "") {
        // The BFF cancelled the call, because the response was over. A call that was never sent counts as not made.
        if (call.attempts > 0) calls.push({ method: call.method, message: call.message, outcome: { cancelled: true } });
        continue;
      }
      const { failing } = end;
      calls.push({
        method: call.method,
        message: call.message,
        outcome:
          failing === undefined
            ? { ok: this.#answer(`/${call.method}`, call.message) }
            : { failed: { ...failing, upstream: call.service } },
      });
      const equal = log.calls.filter((other) => same(other, call));
      const sent = sentOf(call);
      const [least, most] = end.sent;
      const overlapping = equal.some((other) => other.outcome.ok !== call.outcome.ok);
      if (overlapping || (sent >= least && sent <= most * equal.length)) continue;
      wrong.push(`${call.method} was sent ${sent} times, expected ${least} to ${most * equal.length}`);
    }
    for (const sent of wire.sent) {
      if (!log.calls.some((call) => same(call, sent))) wrong.push(`${sent.method} was sent, and no call is known`);
    }
    const different = this.#compared(edge.request, calls, got);
    if (different !== undefined) wrong.push(different);
    const { method, message } = edge.request;
    if (wrong.length > 0) wrong.unshift(`to ${method.name} ${toJsonString(method.input, message)}`);
    return wrong;
  }

  /** Returns the differences from what the oracle accepts. */
  #compared(request: BffRequest, calls: readonly LoggedCall[], got: Got): string | undefined {
    const { env, resolvers } = this.#bff;
    const sees = new Map(Object.entries(request.headers));
    const now = timestampFromMs(NOW);
    const principal = principalOf(this.#bff, this.#ir, request);
    const { method, message } = request;
    try {
      return checkAnswer(
        this.#ir,
        method,
        message,
        sees,
        env,
        now,
        calls,
        got,
        resolvers?.oracle,
        undefined,
        principal,
      );
    } catch (error) {
      return `the oracle broke: ${error instanceof Error ? error.stack : error}`;
    }
  }
}

/** Reports whether the fault affects this call. */
function meets(edge: Edge, fault: Fault, policy: Policy, call: Made): boolean {
  switch (fault.prime) {
    case "breaker":
      if (policy.breaker === "off") return false;
      return policy.breaker === "method"
        ? call.method === edge.method
        : serviceOf(call.method) === serviceOf(edge.method);
    case "limit":
      return serviceOf(call.method) === serviceOf(edge.method);
    default:
      return call.method === edge.method && edge.is(call.message);
  }
}

/**
 * Reports whether a call that was never sent is another item of the same `each`: a timeout also runs while the item
 * waits for its turn.
 */
function waitsBehind({ asker, method }: Edge, fault: Fault, call: Made): boolean {
  const { source } = asker.step;
  return (
    source?.kind === "each" &&
    source.source?.kind === "call" &&
    fault.first.kind === "silence" &&
    call.method === method
  );
}

function partial({ asker }: Edge): boolean {
  return asker.step.source?.kind === "each" && asker.step.source.partial?.value === true;
}

/** Brings an upstream into a state that it may be in when a request comes. */
function prime(upstream: Upstream, state: NonNullable<Fault["prime"]>, method: string): void {
  if (upstream.service !== serviceOf(method)) return;
  if (state === "limit") {
    while (upstream.limit?.enter({ critical: true, admitted: () => {}, shed: () => {} }) !== "full");
  } else if (state === "budget") {
    for (let token = 0; token < 100; token++) upstream.throttle.failed();
  } else {
    const breaker = upstream.breakerOf(method);
    for (let sample = 0; breaker?.state === "closed" && sample < 1_000; sample++) {
      const ticket = breaker.admit();
      if (ticket !== undefined) breaker.sample(ticket, false);
    }
  }
}

function serviceOf(method: string): string {
  return method.slice(0, method.lastIndexOf("/"));
}
function same(a: { method: string; message: Uint8Array }, b: { method: string; message: Uint8Array }): boolean {
  return a.method === b.method && Buffer.compare(a.message, b.message) === 0;
}
