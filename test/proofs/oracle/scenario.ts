// Hand-made logs and answers in JSON, for the oracle's own tests.
import { type DescMethod, fromJson, fromJsonString, type JsonValue, toBinary, toJson } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { Ir } from "../../../plugin/src/ir/ir.ts";
import { readIr } from "../../../plugin/src/read/read-ir.ts";
import { requestFor, schemaOf } from "../../support/request.ts";
import type { BffFunctions } from "./cel/user-functions.ts";
import { oracle } from "./oracle.ts";
import { type CallFailure, type LoggedCall, outcomesOf } from "./outcomes.ts";
import type { Resolvers } from "./response.ts";
import type { Beside } from "./result.ts";
import { Effect, Reason } from "./taints/taint.ts";
import type { Verdict } from "./verdict.ts";

/** The IR of protos held in memory. Throws on a fault of the declaration. */
export function irOf(files: Readonly<Record<string, string>>): Ir {
  return readIr(
    schemaOf(requestFor(files)),
    (name) => files[name],
    (diagnostic) => {
      if (diagnostic.severity === "error") throw new Error(`${diagnostic.code} ${diagnostic.message}`);
    },
  );
}

const CODES = {
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  PERMISSION_DENIED: 7,
  INTERNAL: 13,
  UNAVAILABLE: 14,
};

/** A failed call as runtime.md's table maps its code. */
export function fails(code: keyof typeof CODES, message?: string): Failing {
  const reason =
    code === "DEADLINE_EXCEEDED"
      ? Reason.TIMEOUT
      : code === "UNAVAILABLE" || code === "INTERNAL"
        ? Reason.UNAVAILABLE
        : Reason.REJECTED;
  const clientCode = reason === Reason.REJECTED ? CODES.INTERNAL : CODES[code];
  return { code: CODES[code], reason, clientCode, ...(message !== undefined && { message }) };
}

/** A failure of an upstream that the log names. */
type Failing = Omit<CallFailure, "upstream">;
/** An old answer out of the cache, which could not be renewed. */
interface Old {
  readonly old: JsonValue;
  readonly because: Failing;
}
export const old = (answer: JsonValue, because: Failing): Old => ({ old: answer, because });

/** One call of a log: method, request, and the response, `fails(…)` or `old(…)`; what came beside the response. */
export type Call = readonly [method: string, request: JsonValue, outcome: JsonValue | Failing | Old, beside?: Beside];

export interface Scenario {
  readonly request?: JsonValue;
  readonly headers?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, unknown>>;
  /** Milliseconds since the epoch. */
  readonly now?: number;
  readonly calls?: readonly Call[];
  readonly resolvers?: Readonly<Record<string, ReturnType<Resolvers["get"]>>>;
  readonly functions?: Readonly<Record<string, NonNullable<ReturnType<BffFunctions["get"]>>>>;
}

/** A result in a form for tests written by hand. */
export interface Outcome {
  /** The response without its Degradation entries. */
  readonly answer?: JsonValue;
  /** "path EFFECT REASON upstream"; "?" after the path: may be left out; alternatives are joined with "|". */
  readonly degraded?: readonly string[];
  readonly header?: string;
  readonly statuses?: readonly (readonly [code: number, message?: string])[];
  readonly missing?: readonly string[];
  readonly unasked?: readonly string[];
}

function methodOf(ir: Ir, name: string): DescMethod {
  const [service = "", method] = name.split("/");
  const found = ir.registry.getService(service)?.methods.find((m) => m.name === method);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
}

export function log(ir: Ir, calls: readonly Call[]): LoggedCall[] {
  return calls.map(([name, request, outcome, beside]) => {
    const method = methodOf(ir, name);
    const message = toBinary(method.input, fromJson(method.input, request));
    const upstream = method.parent.typeName;
    const bytes = (answer: JsonValue) => toBinary(method.output, fromJson(method.output, answer));
    if (isFailure(outcome)) return { method: name, message, outcome: { failed: { ...outcome, upstream } } };
    if (!isOld(outcome)) return { method: name, message, outcome: { ok: bytes(outcome), ...(beside && { beside }) } };
    const stale = { reason: outcome.because.reason, upstream };
    return { method: name, message, outcome: { ok: bytes(outcome.old), stale } };
  });
}

function isOld(outcome: Call[2]): outcome is Old {
  return typeof outcome === "object" && outcome !== null && "because" in outcome;
}
function isFailure(outcome: Call[2]): outcome is Failing {
  return typeof outcome === "object" && outcome !== null && "clientCode" in outcome && "reason" in outcome;
}

/** Runs the oracle over every order of the log's equal calls. */
export function verdicts(ir: Ir, rpc: string, scenario: Scenario): Verdict[] {
  const method = methodOf(ir, rpc);
  return Array.from(outcomesOf(log(ir, scenario.calls ?? [])), (outcomes) =>
    oracle(
      ir,
      method,
      fromJsonString(method.input, JSON.stringify(scenario.request ?? {})),
      new Map(Object.entries(scenario.headers ?? {})),
      scenario.env ?? {},
      scenario.now === undefined ? undefined : timestampFromMs(scenario.now),
      outcomes,
      new Map(Object.entries(scenario.resolvers ?? {}).flatMap(([name, run]) => (run ? [[name, run] as const] : []))),
      new Map(Object.entries(scenario.functions ?? {})),
    ),
  );
}

/** The only verdict, written down. */
export function run(ir: Ir, rpc: string, scenario: Scenario): Outcome {
  const [verdict] = verdicts(ir, rpc, scenario);
  if (verdict === undefined) throw new Error("no verdict");
  return written(verdict);
}

export function written(verdict: Verdict): Outcome {
  const [first] = verdict.acceptable;
  const callFaults = {
    ...(verdict.missing.length > 0 && { missing: verdict.missing.map((call) => `${call.method} ${call.request}`) }),
    ...(verdict.unasked.length > 0 && { unasked: verdict.unasked.map((call) => call.method) }),
  };
  if (first?.kind !== "answer") {
    const statuses = verdict.acceptable.flatMap((option) =>
      option.kind !== "status"
        ? []
        : [option.message === undefined ? ([option.code] as const) : ([option.code, option.message] as const)],
    );
    return statuses.length > 0 ? { statuses, ...callFaults } : callFaults;
  }
  const answer = toJson(verdict.schema, first.message) as Record<string, JsonValue>;
  delete answer.degraded;
  const degraded = first.entries.map((entry) => {
    const effect = entry.effects.map((number) => nameOf(Effect, number)).join("|");
    const causes = [
      ...new Set(entry.causes.map((cause) => `${nameOf(Reason, cause.reason)} ${cause.upstream}`.trim())),
    ];
    return `${entry.path}${entry.optional ? "?" : ""} ${effect} ${causes.join("|")}`;
  });
  return { answer, ...(degraded.length > 0 && { degraded, header: first.degradedHeader }), ...callFaults };
}

function nameOf(names: Readonly<Record<string, number>>, number: number): string {
  return Object.entries(names).find(([, value]) => value === number)?.[0] ?? String(number);
}
