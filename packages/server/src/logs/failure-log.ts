import { quoted, tame, thrownText } from "@protobff/runtime/internal/environment/one-line";
import { Code, codeName, type Failure, OVER, Reason } from "@protobff/runtime/internal/failure";
import { type CertificateEvent, type Observer, withoutPositions } from "@protobff/runtime/internal/observer";
import type { MirrorEvent, ResolverEvent } from "@protobff/runtime/internal/observer-calls";
import type {
  AuditEvent,
  Deprecation,
  DeprecationCaller,
  HeaderEvent,
  LimitEvent,
  ResponseEvent,
  SheddingEvent,
  StreamDegradedEvent,
} from "@protobff/runtime/internal/observer-requests";
import type { BreakerEvent, EjectionEvent, ShareEvent } from "@protobff/runtime/internal/observer-upstreams";
import { type DeprecatedCall, DeprecatedCalls } from "./deprecated-calls.ts";
import { placeOf } from "./expression-place.ts";
import { NoisyKeys } from "./noisy-keys.ts";
import { indented, type Line, type LoggedRequest, ServerLog } from "./server-log.ts";

/** Interval for refused credentials, which clients can send at any rate. */
const QUIET_REFUSALS_MS = 60_000;
/** Interval for differences of mirrors, of which there may be one in each call. */
const MIRROR_MS = 60_000;
const UNSET = "(not set)";
/** Maximum number of paths in a line. */
const MAX_PATHS = 5;

/**
 * Log of failures while the server runs. It alone contains messages of upstreams, which clients never receive. To
 * prevent floods, each kind of failure (RPC, upstream method and code) is logged at most once in ten seconds. The next
 * line has the count of the failures in between.
 */
export class FailureLog extends ServerLog implements Observer {
  readonly #deprecated = new DeprecatedCalls();
  readonly #noisy = new NoisyKeys();

  response(event: ResponseEvent): void {
    const { method, outcome, deprecated, deprecatedFields } = event;
    // Calls before the date of deprecation are not logged.
    if (deprecated !== undefined && this.clock.date().getTime() >= Date.parse(deprecated.since))
      this.#stillUsed(method, event, deprecated);
    if (deprecatedFields !== undefined)
      for (const path of deprecatedFields.paths) this.#stillUsed(method, event, deprecatedFields, path);
    if (!outcome.ok) this.#failed(method, event, outcome.failure);
    else if (outcome.degraded.length > 0) this.#degraded(method, event, outcome);
  }
  streamDegraded({ method, ...event }: StreamDegradedEvent): void {
    this.#degraded(method, event, event);
  }
  #failed(rpc: string, request: LoggedRequest, failure: Failure): void {
    if (!isOurs(failure)) return;
    const status = codeName(failure.clientCode);
    this.report(`${rpc} ${status} ${calleeOf(failure)} ${failure.code}`, () => {
      const { cause, fields } = explained(failure);
      return {
        event: "failed",
        text: `${rpc} failed with ${status}: ${cause}`,
        fields: { rpc, status, ...fields },
        request,
      };
    });
  }
  /** @param sends path of a deprecated field; undefined: the RPC is deprecated */
  #stillUsed(
    method: string,
    request: LoggedRequest,
    used: Partial<Deprecation> & DeprecationCaller,
    sends?: string,
  ): void {
    const call = this.#deprecated.called(method, used, this.clock.now(), sends);
    if (call !== undefined)
      this.print(
        deprecatedLine(call, used, request),
        call.more === 0 ? undefined : call.more,
        `${call.more} more calls in between`,
      );
  }
  /** A line for each method and code, with all that it has touched. */
  #degraded(
    rpc: string,
    request: LoggedRequest,
    { degraded, failures }: Pick<StreamDegradedEvent, "degraded" | "failures">,
  ): void {
    const keys = new Set<string>();
    for (const failure of new Set(failures)) {
      const { code } = failure;
      const callee = calleeOf(failure);
      const key = `${rpc} ${callee} ${code}`;
      if (keys.has(key) || !isOurs(failure)) continue;
      keys.add(key);
      this.report(key, () => {
        const same = failures.map((each) => calleeOf(each) === callee && each.code === code);
        const touched = degraded.filter((_, i) => same[i]);
        const paths = [...new Set(touched.map(({ path }) => withoutPositions(path)))];
        const { cause, fields } = explained(failure);
        return {
          event: "degraded",
          text: `${rpc} degraded in ${listed(paths)}: ${cause}`,
          fields: { rpc, paths, ...fields },
          request,
        };
      });
    }
  }
  limited({ method, header, trace, limit, outcome }: LimitEvent): void {
    if (outcome === "alone") return; // of counters that are away the server tells
    this.report(`limited ${method} ${limit} ${outcome}`, () => ({
      event: "limited",
      text:
        outcome === "dry"
          ? `${method} would be refused by limit ${limit}, which is in a dry run`
          : `${method} refused by limit ${limit}${WHY_LIMITED[outcome]}`,
      fields: { rpc: method, limit, outcome },
      request: { header, trace },
    }));
  }
  /** Logs a header that an answer lacks; its value is never logged. */
  headerLeftOut({ method, name, why, failure, header, trace }: HeaderEvent): void {
    this.report(`header ${method} ${name} ${why}`, () => {
      const { cause, fields } = failure === undefined ? { cause: WHY_LEFT_OUT[why], fields: {} } : explained(failure);
      return {
        event: "header",
        text: `${method} answered without header ${name}: ${cause}`,
        fields: { rpc: method, header: name, why, ...fields },
        request: { header, trace },
      };
    });
  }
  /** Logs the key with the most refusals, once a minute. */
  shareRefused(event: ShareEvent): void {
    const noisiest = this.#noisy.refused(event, this.clock.now());
    if (noisiest === undefined) return;
    const { place, branch, shard, key, count, total } = noisiest;
    const sides = [branch === undefined ? "" : `, branch ${branch}`, shard === undefined ? "" : `, shard ${shard}`];
    const of = key === "" ? "requests without a key" : `the key ${quoted(key)}`;
    const times = `${count} of ${total} ${total === 1 ? "refusal" : "refusals"}`;
    this.report(undefined, () => ({
      event: "share",
      text: `fair share: ${of} had ${times} at ${place === "door" ? "the door" : place}${sides.join("")}`,
      fields: { place, branch, shard, key: tame(key), refused: count, total },
    }));
  }
  shedding({ state, standingDelayMs, refused = 0, tookMs = 0 }: SheddingEvent): void {
    const ms = Math.round(standingDelayMs);
    this.report(undefined, () => ({
      event: "shedding",
      text:
        state === "begun"
          ? `overloaded: the event loop is ${ms} ms late, and requests are refused`
          : `no longer overloaded: ${refused} requests were refused within ${Math.round(tookMs / 100) / 10} s`,
      fields: {
        state,
        standing_delay_ms: ms,
        ...(state === "ended" && { refused, took_ms: Math.round(tookMs) }),
      },
    }));
  }
  /** Logs a refused credential, once a minute for each cause. A request without a credential is no fault. */
  audit({ event, reason = "", source, subject, expected, received, claim }: AuditEvent): void {
    if (event !== "unauthenticated" || source === undefined || subject !== undefined) return;
    // The received issuer is any text of a client's: as a part of the key it would make as many lines.
    this.report(
      `unauthenticated ${source} ${reason} ${claim}`,
      () => {
        const facts = [
          expected && `expected issuer ${quoted(expected)}`,
          received && `received ${quoted(received)}`,
          claim && `claim ${claim}`,
        ].filter(Boolean);
        return {
          event: "unauthenticated",
          text: `credential refused by ${source}: ${tame(reason)}${facts.length === 0 ? "" : ` (${facts.join(", ")})`}`,
          fields: {
            source,
            reason,
            ...(expected && { expected }),
            ...(received && { received: tame(received) }),
            claim,
          },
        };
      },
      QUIET_REFUSALS_MS,
    );
  }
  resolver({ name, header, trace, outcome }: ResolverEvent): void {
    if (outcome.ok || outcome.failure.cause === undefined) return;
    const thrown = thrownText(outcome.failure.cause);
    this.report(`resolver ${name}`, () => ({
      event: "resolver",
      text: `the resolver of ${name} threw: ${indented(thrown)}`,
      fields: { resolver: name, thrown },
      request: { header, trace },
    }));
  }
  /** Logs a rejected promise of the user's code that has no handler. */
  rejection(cause: unknown): void {
    const thrown = thrownText(cause);
    this.report("rejection", () => ({
      event: "rejection",
      text: `a rejected promise was not awaited: ${indented(thrown)}`,
      fields: { thrown },
    }));
  }
  breaker({ service, branch, shard, method, from, to }: BreakerEvent): void {
    const of = `${method ?? service}${sideText(branch, shard)}`;
    this.report(undefined, () => ({
      event: "breaker",
      text: `breaker of ${of}: ${from} -> ${to}`,
      fields: { breaker: method ?? service, branch, shard, from, to },
    }));
  }
  /** Logs a difference once a minute for each path. */
  mirrored({ service, branch, method, pair, differences }: MirrorEvent): void {
    if (pair === "control") return;
    for (const { path, served = UNSET, copy = UNSET } of differences)
      this.report(
        `mirror ${service} ${branch} ${method} ${path}`,
        () => ({
          event: "mirror",
          text: `mirror ${branch} differs in ${method} at ${path}: ${quoted(copy)}, and ${quoted(served)} was served`,
          fields: { call: method, branch, path, served: tame(served), mirror: tame(copy) },
        }),
        MIRROR_MS,
      );
  }
  ejection({ service, branch, shard, address, forMs, consecutive }: EjectionEvent): void {
    const of = `${service}${sideText(branch, shard)}`;
    const why = consecutive === 1 ? "a call there has failed" : `${consecutive} calls there have failed in a row`;
    this.report(undefined, () => ({
      event: "ejection",
      text: `address ${address} of ${of} gets no calls for ${Math.round(forMs / 100) / 10} s: ${why}`,
      fields: { upstream: service, branch, shard, address, for_ms: forMs, consecutive },
    }));
  }
  /** @param name of the event that the user's observer did not bear */
  observer(name: string, cause: unknown): void {
    const thrown = thrownText(cause);
    this.report(`observer ${name}`, () => ({
      event: "observer",
      text: `the observer threw at ${name}: ${indented(thrown)}`,
      fields: { at: name, thrown },
    }));
  }
  /** Redis cannot be reached, refuses a command, or talks nonsense. */
  redis(error: unknown): void {
    const message = tame(error instanceof Error && error.message !== "" ? error.message : String(error));
    this.report("redis", () => ({
      event: "redis",
      text: `Redis: ${message}; until it works, answers are not shared`,
      fields: { message },
    }));
  }

  /** Answers that may contain sensitive values are not in Redis. */
  unsealed(): void {
    this.report(undefined, () => ({
      event: "redis",
      text: "BFF_CACHE_KEYS is not set, so answers with sensitive values are kept in this process alone",
      fields: { variable: "BFF_CACHE_KEYS" },
    }));
  }
  certificate({ variable, outcome, ends, days, reason }: CertificateEvent): void {
    const text = {
      renewed: () => `${variable} is renewed${ends === undefined ? "" : `, and ends at ${ends.toISOString()}`}`,
      refused: () => `${variable} cannot be taken, and the one before stays: ${tame(reason ?? "")}`,
      ending: () =>
        `the certificate of ${variable} ${(days ?? 0) < 0 ? "has ended" : `ends in ${days} ${days === 1 ? "day" : "days"}`}, at ${ends?.toISOString()}`,
    }[outcome]();
    this.report(undefined, () => ({
      event: "certificate",
      text,
      fields: {
        variable,
        outcome,
        ends: ends?.toISOString(),
        days,
        ...(reason !== undefined && { reason: tame(reason) }),
      },
    }));
  }
  /** @param variables in which their addresses would be */
  branchesOff(variables: readonly string[]): void {
    const count = variables.length === 1 ? "1 branch is" : `${variables.length} branches are`;
    this.report(undefined, () => ({
      event: "branches",
      text: `${count} off: ${listed(variables)} ${variables.length === 1 ? "is" : "are"} not set`,
      fields: { off: variables },
    }));
  }
}

const WHY_LEFT_OUT = {
  failed: "its expression could not be evaluated",
  characters: "its value is not printable ASCII",
  length: "its value is longer than 1 KiB",
} as const;
const WHY_LIMITED = {
  exceeded: "",
  cost: ": it costs more than is ever allowed",
  unreachable: ": its counters cannot be reached",
} as const;

/**
 * True for failures of the server. Refusals by a guard or an `on_error` rule are intended. A client that has
 * disconnected or sent an invalid request is not the server's failure.
 */
function isOurs(failure: Failure): boolean {
  const isInvalid = failure.upstream === "" && failure.clientCode === Code.INVALID_ARGUMENT;
  return !failure.refusal && failure !== OVER && !isInvalid;
}
function calleeOf({ upstream, method }: Failure): string {
  return method === "" ? upstream : method;
}
/** Returns the cause for people, and its fields for machines. */
function explained(failure: Failure): { readonly cause: string; readonly fields: Readonly<Record<string, unknown>> } {
  const place = placeOf(failure.cause); // which reads a file
  return { cause: causeOf(failure, place), fields: fieldsOf(failure, place) };
}
function causeOf(failure: Failure, place: string | undefined): string {
  const { code, logText } = failure;
  const callee = calleeOf(failure);
  if (place !== undefined) return `${tame(logText)}, in ${place}`;
  return callee === "" ? tame(logText) : `${callee} ${codeName(code)}: ${tame(logText)}`;
}
function fieldsOf(
  { upstream, method, code, reason, logText }: Failure,
  place: string | undefined,
): Readonly<Record<string, unknown>> {
  return {
    ...(upstream !== "" && { upstream }),
    ...(method !== "" && { method }),
    code: codeName(code),
    reason: REASONS.get(reason) ?? String(reason),
    message: tame(logText),
    at: place, // JSON leaves out what is undefined
  };
}
function deprecatedLine(
  { rpc, sends, use }: DeprecatedCall,
  { since, sunset, successor }: Partial<Deprecation>,
  request: LoggedRequest,
): Line {
  const end = sunset === undefined ? "" : ` and may be gone from ${sunset} on`;
  const instead = successor === undefined ? "" : `, in favour of ${successor}`;
  const what =
    sends === undefined
      ? `is deprecated since ${since}${end}${instead}: called`
      : `receives the deprecated field ${sends}: sent`;
  const { source, issuer, subject, id } = use ?? {};
  const agent = use === undefined ? "" : tame(request.header("user-agent"));
  const known = { source, issuer: tame(issuer ?? ""), subject: tame(subject ?? ""), id: tame(id ?? "") };
  const caller = use === undefined ? "others" : callerText(known);
  return {
    event: "deprecated",
    text: `${rpc} ${what} by ${caller}${agent === "" ? "" : ` with ${quoted(agent)}`}`,
    fields: {
      rpc,
      since,
      sunset,
      successor,
      sends,
      ...Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined && value !== "")),
      ...(use === undefined && { others: true }),
      ...(agent !== "" && { user_agent: agent }),
    },
    request,
  };
}
function callerText({
  source,
  subject,
  id,
}: Record<"subject" | "id", string> & { source: string | undefined }): string {
  if (source === undefined) return "an anonymous caller";
  return `${subject === "" ? "somebody" : quoted(subject)} of ${source}${id === "" ? "" : ` (${quoted(id)})`}`;
}
function listed(paths: readonly string[]): string {
  const rest = paths.length - MAX_PATHS;
  return paths.slice(0, MAX_PATHS).join(", ") + (rest > 0 ? `, ${rest} more` : "");
}

const REASONS = new Map<number, string>(Object.entries(Reason).map(([name, reason]) => [reason, name]));

function sideText(branch: string | undefined, shard: string | undefined): string {
  if (branch !== undefined) return `, branch ${branch}`;
  return shard === undefined ? "" : `, shard ${shard}`;
}
