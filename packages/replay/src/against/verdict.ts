// Runs a captured request through another build, and compares what the client would get and what upstreams would.
import { type DescMessage, fromBinary } from "@bufbuild/protobuf";
import { DegradationSchema } from "@protobff/messages/bff/v1/degradation_pb.js";
import { PartSchema } from "@protobff/messages/bff/v1/stream_pb.js";
import { codeName } from "@protobff/runtime/internal/failure";
import { type CapturedRequest, type CaptureHeader, maskOf } from "@protobff/server/capture";
import { CaptureError } from "../capture/capture-error.ts";
import { readCaptured } from "../capture/read-capture.ts";
import { type ChangedReplay, replayChanged } from "../change/replay-changed.ts";
import { batchAnswers, capturedCalls } from "../missing/batch-answers.ts";
import type { MissingAnswers } from "../missing/missing-answers.ts";
import type { Outcome } from "../tape/running.ts";
import type { SentAttempt } from "../tape/stage.ts";
import { protosOf, type World } from "../world/create-endpoints.ts";
import { callsOf, type TimedCalls } from "./captured-calls.ts";
import { fieldDifferences, lostField } from "./field-differences.ts";

/** Kinds of differences, in the order of reports. */
export const KINDS = ["answer", "status", "calls", "degradations", "slower", "faster"] as const;
/** One difference of a request. */
export interface Finding {
  readonly kind: (typeof KINDS)[number];
  /** The difference without values: `Item.price`, `+1 rating.v1.RatingService/Get`. */
  readonly what: string;
  /** The place and both values, for an example. */
  readonly example: string;
}

/** Result for one request. */
export interface Verdict {
  /** Undefined: comparable. Else why not. */
  readonly unknown?: string | undefined;
  /** Empty: the same. */
  readonly findings: readonly Finding[];
  /** Number of answers of equal calls that had another place. */
  readonly assumed: number;
  /** Kinds of answers that the capture lacks. */
  readonly supplied?: ChangedReplay["supplied"] | undefined;
  /** Paths of the calls of the build. Undefined: it is not comparable. */
  readonly calls?: readonly string[] | undefined;
}

/** Builds that take part. */
export interface Builds {
  readonly build: World;
  /** The build that wrote the captures. Undefined: it is not at hand. */
  readonly old: World | undefined;
  /** Answers that a capture lacks. Undefined: such requests are not comparable. */
  readonly missing?: MissingAnswers | undefined;
}

/**
 * Runs one request through the builds.
 *
 * @throws CaptureError if the capture is damaged
 */
export async function verdictOn(builds: Builds, header: CaptureHeader, request: CapturedRequest): Promise<Verdict> {
  const { build, old, missing } = builds;
  const method = methodOf(build, request.method);
  if (method === undefined) return unknown(`the build has no ${request.method}`);
  const bytes = Buffer.from(request.message, "base64");
  const lost = lostField(
    method.input,
    readCaptured(`\`message\` of request ${request.id}`, bytes, (read) => fromBinary(method.input, read)),
  );
  if (lost !== undefined) return unknown(`the request sets ${lost}, which the build has no field for`);
  // Their places are those of the build that wrote it.
  if (old === undefined && usesCache(request) && protosOf(build.declaration) !== header.digest) return unknown(CACHED);
  const calls = callsOf(request);
  const captured = { header, request, calls };
  const before = old === undefined ? capturedRun(captured) : await reproduced(old, captured);
  const { missed, cache, attempts } = before ?? {};
  const batches =
    attempts && batchAnswers(build.declaration, () => capturedCalls(request, calls.attempts, attempts), missing);
  const run = await runIn(build, { ...captured, calls: { ...calls, cache } }, { missed, missing: batches ?? missing });
  if (run.unknown !== undefined) return unknown((old === undefined && doubtOfCalls(request, run)) || run.unknown);
  if (before === undefined) return unknown("the build that wrote it does not answer as captured in this mode");
  // A busy process was late between the events, and a replay is not.
  const found = findingsOf(method.output, before, run, old && methodOf(old, request.method)?.output);
  const findings = found.filter(({ kind }) => kind !== "faster" || old !== undefined);
  const reason = findings.length === 0 ? undefined : doubtOf(request, run, old !== undefined);
  const { assumed, supplied } = run;
  const paths = run.calls.map(({ path }) => path);
  return { unknown: reason, findings: reason === undefined ? findings : [], assumed, supplied, calls: paths };
}
/** Result for a request that is not comparable. */
export const unknown = (reason: string): Verdict => ({ unknown: reason, findings: [], assumed: 0 });

/** Returns the rpc of a build. */
export function methodOf({ declaration: { services } }: World, name: string) {
  const methods = services.flatMap((service) => service.methods);
  return methods.find(({ parent, name: rpc }) => `${parent.typeName}/${rpc}` === name);
}

/** A captured request, with its calls. */
interface Captured {
  readonly header: CaptureHeader;
  readonly request: CapturedRequest;
  readonly calls: TimedCalls;
}
type SentCall = Pick<SentAttempt, "path" | "checksum">;
/** The outcome of a request, and its calls. */
interface Run {
  readonly outcome: Outcome;
  /** Messages of the client's stream. */
  readonly messages: readonly Uint8Array[];
  /** The attempts and streams, in their order. */
  readonly calls: readonly SentCall[];
  /** Undefined: it waited for what the mode does not have. */
  readonly tookUs: number | undefined;
  /** Timers that the captured process did not fire in time. */
  readonly missed?: ChangedReplay["fired"];
  /** Its attempts, with their messages. Undefined: unknown. */
  readonly attempts?: readonly SentAttempt[];
  /** Its look-ups in the cache. Undefined: unknown. */
  readonly cache?: TimedCalls["cache"];
}
/** A run in a build. `isClose`: a call was given up shortly before its answer. */
interface BuildRun extends Run {
  readonly unknown?: undefined;
  readonly assumed: number;
  readonly supplied: ChangedReplay["supplied"];
  readonly fired: ChangedReplay["fired"];
  readonly isClose: boolean;
  readonly isHeld: boolean;
}
type RunInBuild = BuildRun | ({ readonly unknown: string } & Partial<Pick<ChangedReplay, "fired" | "isClose">>);

/** Runs the request with the captured answers, and with others if `missing` has them. */
async function runIn(
  world: World,
  { header, request, calls }: Captured,
  mode: Pick<Parameters<typeof replayChanged>[4], "missed" | "missing">,
): Promise<RunInBuild> {
  let replay: ChangedReplay;
  try {
    const clients = [...new Set([...header.clients, ...Object.keys(world.declaration.upstreams)])];
    replay = await replayChanged(world, { ...header, clients }, request, calls, {
      changes: [],
      isStrict: true,
      ...mode,
    });
  } catch (thrown) {
    if (thrown instanceof CaptureError) return { unknown: thrown.message };
    return { unknown: `the build fails: ${thrown instanceof Error ? thrown.message : String(thrown)}` };
  }
  const { outcome, stage, sent, unread, unmatched, supplied, tookUs, assumed, fired, isClose } = replay;
  // Later calls may be wrong: an unknown header has no value here.
  if (unread !== undefined) return { unknown: `the header ${unread} was not captured` };
  const [call] = unmatched;
  if (call !== undefined)
    return {
      fired,
      isClose,
      unknown: `${call.path.slice(1)} has no captured answer to this message${call.why}`,
    };
  if (outcome === undefined) return { unknown: "it does not end with the captured answers" };
  return {
    outcome: masked(outcome, methodOf(world, request.method)?.output),
    messages: stage.messages,
    calls: [...stage.attempts.slice(0, sent), ...stage.streams],
    tookUs: waits(request) ? undefined : tookUs,
    fired,
    isClose,
    supplied,
    assumed,
    attempts: stage.attempts,
    isHeld: stage.isHeld,
    cache: stage.cache,
  };
}

/** Returns what the capture has. Its times have the work between the events in them, as those of its calls. */
function capturedRun({ request, calls: { attempts, streams, lastUs } }: Captured): Run {
  const messages = request.tape.flatMap((event) => (event[0] === "message" ? [Buffer.from(event[1], "base64")] : []));
  const calls = [...attempts, ...streams];
  return { outcome: request.outcome, messages, calls, tookUs: waits(request) ? undefined : lastUs };
}

/** Maximum number of timers of one request that the captured process did not fire in time. */
const MAX_MISSED = 8;

/**
 * Runs it in the build that wrote it. A timer that fires although the captured one did not fires later in the next try.
 * Undefined: the outcome or the calls are not the captured ones.
 */
async function reproduced(old: World, captured: Captured): Promise<Run | undefined> {
  const { request } = captured;
  const output = methodOf(old, request.method)?.output;
  if (output === undefined) return undefined;
  const came = new Set(request.tape.flatMap((event) => (event[0] === "timer" ? [event[4]] : [])));
  const before = { ...capturedRun(captured), tookUs: undefined };
  const missed: ChangedReplay["fired"][number][] = [];
  while (missed.length <= MAX_MISSED) {
    const run = await runIn(old, captured, { missed });
    if (run.unknown === undefined && findingsOf(output, before, { ...run, tookUs: undefined }).length === 0)
      return { ...run, missed };
    const early = run.fired?.find(({ index }) => !came.has(index) && !missed.some((other) => other.index === index));
    if (early === undefined) return undefined;
    missed.push(early);
  }
  return undefined;
}

/** True if a wait for a place or for another request is part of its time. */
const waits = ({ decisions }: CapturedRequest): boolean => decisions.some(([, , result]) => result === "wait");

/** Why a difference may come from the capture and not from the build. */
function doubtOf(request: CapturedRequest, run: BuildRun, hasOld: boolean): string | undefined {
  const { incomparable, masked: hasMasks, decisions, unkept } = request;
  if (incomparable !== undefined) return incomparable;
  if (unkept !== undefined) return "an answer was purged while it came";
  if (run.isHeld) return "a cancelled call kept its place in a limit";
  if (hasOld) return undefined;
  const doubts: readonly (readonly [holds: boolean, reason: string])[] = [
    [hasMasks === true, "it has masked fields"],
    [decisions.some(([, , , nth]) => nth === undefined), "guards of a former version refused it"],
    [run.messages.length > 0, "the items of a stream depend on when they are read"],
    [waits(request), "a call waited for its place"],
  ];
  const [, reason] = doubts.find(([holds]) => holds) ?? [];
  return reason === undefined ? doubtOfCalls(request, run) : reason + ADD_SERVER;
}
/** Why its calls may have other answers than those of the captured ones. */
function doubtOfCalls(request: CapturedRequest, { isClose }: { readonly isClose?: boolean }): string | undefined {
  if (usesCache(request)) return CACHED;
  return isClose ? `an answer came shortly after its time was over${ADD_SERVER}` : undefined;
}
const ADD_SERVER = ": add --server with the build that wrote it";
const CACHED = `it has answers of a cache${ADD_SERVER}`;
const usesCache = ({ entries = [], joins = [], queries = [] }: CapturedRequest): boolean =>
  entries.length + joins.length + queries.length > 0;

function masked(outcome: Outcome, output: DescMessage | undefined): Outcome {
  const mask = output && maskOf(output);
  if (mask === undefined || outcome.answer === undefined) return outcome;
  return { ...outcome, answer: Buffer.from(mask(Buffer.from(outcome.answer, "base64"))).toString("base64") };
}

function findingsOf(output: DescMessage, before: Run, after: Run, old?: DescMessage): readonly Finding[] {
  return [
    ...statusOf(before.outcome, after.outcome),
    ...answersOf(output, before, after, old),
    ...callsBetween(before.calls, after.calls),
    ...timeBetween(before.tookUs, after.tookUs),
  ];
}

function statusOf(before: Outcome, after: Outcome): readonly Finding[] {
  const [was, is] = [before, after].map(({ failure, answer, stream }) => {
    if (failure !== undefined) return codeName(failure.code);
    return answer === undefined ? (stream ?? "left") : "OK";
  });
  if (was !== is) return [{ kind: "status", what: `${was} -> ${is}`, example: after.failure?.message ?? "" }];
  if (before.failure?.message === after.failure?.message) return [];
  const example = `${before.failure?.message} -> ${after.failure?.message}`;
  return [{ kind: "status", what: `message of ${was}`, example }];
}

function answersOf(output: DescMessage, before: Run, after: Run, old?: DescMessage): readonly Finding[] {
  const found: Finding[] = [];
  const reports = fieldsOf(output, DegradationSchema);
  const parts = fieldsOf(output, PartSchema);
  const texts = ({ outcome, messages }: Run): readonly Uint8Array[] => {
    if (outcome.answer !== undefined) return [Buffer.from(outcome.answer, "base64")];
    // Parts that arrive in one turn are one message. The messages of a response, one after the other, are its whole.
    return parts.size > 0 && messages.length > 0 ? [Buffer.concat(messages)] : messages;
  };
  const [was, is] = [texts(before), texts(after)];
  if (was.length !== is.length && !(before.outcome.answer === undefined) === !(after.outcome.answer === undefined))
    found.push({ kind: "answer", what: "number of messages", example: `${was.length} -> ${is.length}` });
  for (let i = 0; i < Math.min(was.length, is.length); i++) {
    const [a, b] = [was[i], is[i]].map((bytes) =>
      readCaptured("the answer", bytes ?? new Uint8Array(), (read) => fromBinary(output, read)),
    );
    if (a === undefined || b === undefined) continue;
    for (const difference of fieldDifferences(output, a, b, old)) {
      const { field, at } = difference;
      const top = at.replace(/[.[].*/, "");
      if (parts.has(top)) continue;
      const isDegraded = reports.has(top);
      const example = `${at}: ${difference.before ?? "absent"} -> ${difference.after ?? "absent"}`;
      if (isDegraded) found.push({ kind: "degradations", what: at.replace(/\[\d+\]/g, "[]"), example });
      else found.push({ kind: "answer", what: field, example });
    }
  }
  const [were, are] = [before, after].map(({ outcome: { degraded = "" } }) => degraded);
  if (were !== are)
    found.push({ kind: "degradations", what: "bff-degraded", example: `${were || "none"} -> ${are || "none"}` });
  return found;
}

/** Names of the fields with messages of a type. */
const fieldsOf = (output: DescMessage, { typeName }: DescMessage): ReadonlySet<string> =>
  new Set(output.fields.filter(({ message }) => message?.typeName === typeName).map(({ name }) => name));

function callsBetween(before: readonly SentCall[], after: readonly SentCall[]): readonly Finding[] {
  const [was, is] = [before, after].map((calls) => Map.groupBy(calls, ({ path }) => path));
  return [...new Set([...before, ...after].map(({ path }) => path))].flatMap((path) => {
    const [had, has] = [was?.get(path) ?? [], is?.get(path) ?? []];
    const more = has.length - had.length;
    if (more !== 0) {
      const what = `${more > 0 ? "+" : ""}${more} ${path.slice(1)}`;
      return [{ kind: "calls" as const, what, example: `${had.length} -> ${has.length}` }];
    }
    const [sent, sends] = [had, has].map((calls) =>
      calls
        .map(({ checksum }) => checksum)
        .sort()
        .join(),
    );
    return sent === sends ? [] : [{ kind: "calls" as const, what: `other arguments of ${path.slice(1)}`, example: "" }];
  });
}

/** Smaller differences may be those of timers, in microseconds. */
const SMALL_US = 10_000;
const SMALL_SHARE = 0.1;

function timeBetween(before: number | undefined, after: number | undefined): readonly Finding[] {
  if (before === undefined || after === undefined) return [];
  if (Math.abs(after - before) <= Math.max(SMALL_US, before * SMALL_SHARE)) return [];
  const example = `${(before / 1_000).toFixed(1)} -> ${(after / 1_000).toFixed(1)} ms`;
  return [{ kind: after > before ? "slower" : "faster", what: "critical path", example }];
}
