// One cell of a table of faults: brings a BFF on mocks into the fault, calls it once, and checks the outcome against
// the prediction.
import type { Message } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import type { Degradation } from "@protobff/messages/bff/v1/degradation_pb.js";
import {
  Degradation_Effect as Effect,
  Degradation_Reason as Reason,
} from "@protobff/messages/bff/v1/degradation_pb.js";
import type { Upstream } from "@protobff/runtime/internal/call/upstream";
import { Code } from "@protobff/runtime/internal/failure";
import type { Behaviour } from "./behaviour.ts";
import type { FakeClock } from "./fake-clock.ts";
import { TestFollow } from "./follow.ts";
import type { MockCall } from "./mock-rpc.ts";
import type { MockUpstream } from "./mock-upstream.ts";

/**
 * Faults of a call; "one item": of a list of calls the first one fails; "anonymous": every call answers, and the caller of
 * the RPC is not known.
 */
export type MockFault =
  | "timeout"
  | "unavailable"
  | "refused"
  | "not found"
  | "exhausted"
  | "garbage"
  | "oversize"
  | "breaker open"
  | "limited"
  | "slow"
  | "stale"
  | "one item"
  | "anonymous"
  | MockLaterFault;
/** Faults of a followed call after its first matching item. */
export type MockLaterFault = "broken later" | "not found later" | "silent later" | "garbage later" | "oversize later";

/** The parts of `createTestBff`'s result that a fault needs. */
export interface FaultableBff {
  readonly clock: FakeClock;
  readonly mocks: Readonly<Record<string, MockUpstream>>;
  /** Their breakers and limits. */
  readonly upstreams: Readonly<Record<string, Upstream>>;
  close(): void;
}
/** A call of an upstream, its fault, and the values that the fault needs. */
export interface FaultCell {
  /** `package.Service/Method` of the upstream; for "anonymous" of the RPC itself */
  readonly call: string;
  readonly fault: MockFault;
  /** The followed call, with the number of items before a later fault. */
  readonly followed?: number;
  /** The response arrives in parts, all of which are awaited. */
  readonly parts?: true;
  /**
   * Delay of a slow answer, in milliseconds. For "stale", `ttlMs` and `staleMs` are the times for which answers are
   * fresh and stale.
   */
  readonly slowMs?: number;
  readonly ttlMs?: number;
  readonly staleMs?: number;
}

const TEXT = "made to fail";
const BEHAVIOURS: Readonly<Record<Exclude<MockFault, MockLaterFault>, Behaviour>> = {
  timeout: { kind: "hang" },
  unavailable: { kind: "status", code: Code.UNAVAILABLE, message: TEXT },
  refused: { kind: "refused" },
  "not found": { kind: "status", code: Code.NOT_FOUND, message: TEXT },
  exhausted: { kind: "status", code: Code.RESOURCE_EXHAUSTED, message: TEXT },
  garbage: { kind: "garbage" },
  oversize: { kind: "oversize" },
  "breaker open": { kind: "answer" },
  limited: { kind: "answer" },
  slow: { kind: "answer" },
  stale: { kind: "status", code: Code.UNAVAILABLE, message: TEXT },
  "one item": { kind: "status", code: Code.UNAVAILABLE, message: TEXT },
  anonymous: { kind: "answer" },
};

const LATER: Readonly<Record<MockLaterFault, (afterItems: number) => Behaviour>> = {
  "broken later": (afterItems) => ({ kind: "broken", afterItems }),
  "not found later": (afterItems) => ({ kind: "status", code: Code.NOT_FOUND, message: TEXT, afterItems }),
  "silent later": (afterItems) => ({ kind: "hang", afterItems }),
  "garbage later": (afterItems) => ({ kind: "garbage", afterItems }),
  "oversize later": (afterItems) => ({ kind: "oversize", afterItems }),
};
function behaviourOf({ fault, slowMs = 1, followed = 0 }: FaultCell): Behaviour {
  if (fault === "slow") return { kind: "answer", afterMs: slowMs };
  return isLater(fault) ? LATER[fault](followed) : BEHAVIOURS[fault];
}
const isLater = (fault: MockFault): fault is MockLaterFault => fault in LATER;

/**
 * Tests one cell: makes a BFF, and compares the outcome of the fault with the prediction.
 *
 * @param make returns a new BFF on mocks that answer with samples
 * @param predicted the text in generated code: `status UNAVAILABLE`, `answer`, or entries such as
 * `spent_cents MISSING TIMEOUT billing.v1.BillingService`; for a stream followed past its first item, with the outcome
 * after it: `answer; then status INTERNAL`, `answer; then item`, `answer; then end`
 * @throws Error with the difference from the prediction
 * @throws TypeError if the BFF does not have the call's upstream
 * @example
 * const cell = { call: "billing.v1.BillingService/GetUsage", fault: "unavailable" } as const;
 * const predicted = "spent_cents MISSING UNAVAILABLE billing.v1.BillingService";
 * await runFaultTest(() => createTestBff(), cell, predicted, (bff, call) => bff.getDashboard({}, call));
 */
export async function runFaultTest<Bff extends FaultableBff>(
  make: () => Bff,
  cell: FaultCell,
  predicted: string,
  runRpc: (bff: Bff, call: Parameters<RunRpc>[0]) => ReturnType<RunRpc>,
): Promise<void> {
  const bff = make();
  const wrong = await runFaultCell(bff, cell, predicted, (call) => runRpc(bff, call));
  if (wrong !== undefined) throw new Error(`${cell.call} × ${cell.fault}: ${wrong}`);
}

/** Calls the RPC with a listener for the answer's headers; a stream is followed. */
export type RunRpc = (call: {
  readonly onHeader: (headers: Headers) => void;
}) => Promise<Message> | TestFollow<Message>;

/**
 * Brings a new BFF into the fault, calls it, and closes it. Returns the difference from the prediction, or undefined if
 * there is none.
 *
 * @param predicted as for `runFaultTest`
 * @throws TypeError if the BFF does not have the call's upstream
 * @example
 * const cell = { call: "billing.v1.BillingService/GetUsage", fault: "unavailable" } as const;
 * const difference = await runFaultCell(bff, cell, "answer", (call) => bff.getDashboard({}, call));
 */
export async function runFaultCell(
  bff: FaultableBff,
  cell: FaultCell,
  predicted: string,
  runRpc: RunRpc,
): Promise<string | undefined> {
  try {
    await meet(bff, cell, runRpc);
    const [first = "", then] = predicted.split("; then ");
    const needed = then === undefined ? "first" : "another";
    const got = await outcomeOf(runRpc, cell.parts ? "all" : needed);
    const wrong = held(first, got);
    if (wrong !== undefined || then === undefined) return wrong;
    return got.then === then ? undefined : `predicted ${predicted}, got ${first}; then ${got.then}`;
  } finally {
    bff.close();
  }
}

async function meet(bff: FaultableBff, cell: FaultCell, runRpc: RunRpc): Promise<void> {
  const { call, fault } = cell;
  if (fault === "anonymous") return;
  const service = call.slice(0, call.lastIndexOf("/"));
  const mock = Object.values(bff.mocks).find((entry) => entry.service === service);
  const upstream = Object.values(bff.upstreams).find((entry) => entry.service === service);
  if (mock === undefined || upstream === undefined) throw new TypeError(`this BFF does not call ${service}`);
  const behave = (): void =>
    mock.setBehaviour(call, fault === "one item" ? onFirst(behaviourOf(cell)) : behaviourOf(cell));
  if (fault === "breaker open") openBreaker(upstream, call);
  if (fault === "limited") fill(cell.followed === undefined ? upstream.limit : upstream.streams);
  if (fault === "stale") {
    const { ttlMs = 0, staleMs = 0 } = cell;
    const step = Math.max(1, (staleMs - ttlMs) / 3);
    await outcomeOf(runRpc);
    await bff.clock.advance(ttlMs + step);
    behave();
    // The first call after expiry refreshes the answer, and the next call depends on the outcome.
    await outcomeOf(runRpc);
    await bff.clock.advance(step);
  }
  behave();
}

/** Returns the behaviour for the first request and its repetitions; all others are answered. */
function onFirst(behaviour: Behaviour): (call: MockCall) => Behaviour {
  let first: string | undefined;
  return ({ request }) => {
    const text = JSON.stringify(request, (_, value: unknown) => (typeof value === "bigint" ? `${value}n` : value));
    first ??= text;
    return text === first ? behaviour : { kind: "answer" };
  };
}

function openBreaker(upstream: Upstream, method: string): void {
  const breaker = upstream.breakerOf(method);
  for (let i = 0; breaker?.state === "closed" && i < 10_000; i++) {
    const ticket = breaker.admit();
    if (ticket !== undefined) breaker.sample(ticket, false);
  }
}
function fill(places: Upstream["limit"]): void {
  const waiter = { critical: true, admitted: () => {}, shed: () => {} };
  // In a full queue with fair shares no other key has more waiters per weight than that of a newcomer.
  const weight = Number.MAX_SAFE_INTEGER;
  for (let i = 0; i < 1_000_000; i++)
    if (places?.enter({ ...waiter, share: { key: `filler ${i}`, weight } }) === "full") return;
}

interface Got {
  readonly code: Code | undefined;
  readonly entries: readonly Degradation[];
  /** Degraded paths: of the entries if the response has a field for them, otherwise of the header. */
  readonly paths: readonly string[];
  /** Outcome after the first item of a stream, if requested. */
  readonly then?: string;
}
/**
 * @param part the part of a stream: its first item, the outcome after it as well, or all items until its end as one
 * response
 */
async function outcomeOf(runRpc: RunRpc, part: "first" | "another" | "all" = "first"): Promise<Got> {
  let header = "";
  const onHeader = (headers: Headers): void => {
    header = headers.get("bff-degraded") ?? "";
  };
  try {
    const answer = runRpc({ onHeader });
    const follow = answer instanceof TestFollow ? answer : undefined;
    const messages = [await (answer instanceof TestFollow ? firstItem(answer) : answer)];
    if (part === "all" && answer instanceof TestFollow) for await (const message of answer) messages.push(message);
    const entries = messages.flatMap((message) =>
      Object.values(message).flatMap((of: unknown) => (Array.isArray(of) ? of.filter(isDegradation) : [])),
    );
    const headerPaths = header.split(",").filter((path) => path !== "");
    // Headers do not cover items.
    const paths = follow === undefined ? headerPaths : entries.map(({ path }) => folded(path));
    const then = part === "another" && follow !== undefined ? { then: await behind(follow) } : {};
    return { code: undefined, entries, paths, ...then };
  } catch (thrown) {
    if (!(thrown instanceof ConnectError)) throw thrown;
    return { code: thrown.code as number as Code, entries: [], paths: [] };
  }
}
function isDegradation(of: unknown): of is Degradation {
  return typeof of === "object" && of !== null && "$typeName" in of && of.$typeName === "bff.v1.Degradation";
}

const folded = (path: string): string => path.replace(/\[("(\\.|[^"\\])*"|[^\]]*)\]/g, "[*]");

/** The first item of a stream; its end before that is an error. */
async function firstItem<Item>(follow: TestFollow<Item>): Promise<Item> {
  const item = await follow.next();
  if (item === undefined) throw new Error("the stream has ended before its first item");
  return item;
}

/** Returns the next outcome in the format of predictions. */
async function behind(follow: TestFollow<Message>): Promise<string> {
  try {
    return (await follow.next()) === undefined ? "end" : "item";
  } catch (thrown) {
    if (!(thrown instanceof ConnectError)) throw thrown;
    return `status ${nameOf(Code, thrown.code)}`;
  }
}

interface Predicted {
  readonly path: string;
  readonly optional: boolean;
  readonly effects: readonly string[];
  readonly reasons: readonly string[];
  readonly upstreams: readonly string[];
}

/** Returns the difference from the prediction. */
function held(text: string, { code, entries, paths }: Got): string | undefined {
  const shown =
    code === undefined ? entries.map(written).join(", ") || `an answer (${paths.join(",")})` : nameOf(Code, code);
  const wrong = `predicted ${text}, got ${shown}`;
  const status = /^status (.*)$/.exec(text)?.[1];
  if (status !== undefined)
    return code !== undefined && status.split("|").includes(nameOf(Code, code)) ? undefined : wrong;
  if (code !== undefined) return wrong;
  const expected = text === "answer" ? [] : text.split(", ").map(parsed);
  const known = new Set(expected.map(({ path }) => folded(path)));
  const missing = expected.filter(({ path, optional }) => !optional && !paths.includes(folded(path)));
  // Paths that do not fit into the header are counted there.
  if (paths.some((path) => !path.startsWith("+") && !known.has(path))) return wrong;
  if (missing.length > 0 && !paths.some((path) => path.startsWith("+"))) return wrong;
  if (entries.length === 0) return undefined;
  const left = new Set(entries);
  for (const predicted of expected) {
    const found = [...left].filter((entry) => fits(predicted, entry));
    if (found.length === 0 && !predicted.optional) return wrong;
    for (const entry of found) left.delete(entry);
  }
  return left.size > 0 ? wrong : undefined;
}
function parsed(text: string): Predicted {
  const [path = "", effects = "", reasons = "", upstreams = ""] = text.split(" ");
  const optional = path.endsWith("?");
  return {
    path: optional ? path.slice(0, -1) : path,
    optional,
    effects: effects.split("|"),
    reasons: reasons.split("|"),
    upstreams: upstreams.split("|"),
  };
}
function fits({ path, effects, reasons, upstreams }: Predicted, entry: Degradation): boolean {
  return (
    entry.path === path &&
    effects.includes(nameOf(Effect, entry.effect)) &&
    reasons.includes(nameOf(Reason, entry.reason)) &&
    upstreams.includes(entry.upstream)
  );
}
function written({ path, effect, reason, upstream }: Degradation): string {
  return `${path} ${nameOf(Effect, effect)} ${nameOf(Reason, reason)} ${upstream}`.trim();
}

function nameOf(names: Readonly<Record<string, string | number>>, number: number): string {
  return Object.entries(names).find(([, entry]) => entry === number)?.[0] ?? String(number);
}
