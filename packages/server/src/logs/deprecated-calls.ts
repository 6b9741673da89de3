import type { DeprecationCaller } from "@protobff/runtime/internal/observer-requests";

/** Interval between two lines about the same caller, RPC and field, in milliseconds. Calls within it are only counted. */
const QUIET_MS = 3_600_000;
/** Maximum number of callers that are counted apart. Calls of further callers are counted by RPC and field. */
const MAX_CALLERS = 1_000;

/** One line of the log. */
export interface DeprecatedCall {
  readonly rpc: string;
  /** Path of the deprecated field that the caller sets; undefined: the RPC is deprecated. */
  readonly sends: string | undefined;
  /** Undefined: a caller beyond the maximum number of callers. */
  readonly use: DeprecationCaller | undefined;
  /** Number of unreported calls since the previous line. */
  readonly more: number;
}

/** Calls of deprecated RPCs, or with deprecated fields: reports each caller of each once in an hour, up to a maximum. */
export class DeprecatedCalls {
  readonly #most: number;
  /** By RPC, field and caller, the one reported longest ago first. */
  readonly #reports = new Map<string, LastReport>();
  /** Calls of all other callers, by RPC and field. */
  readonly #others = new Map<string, LastReport>();

  constructor(most: number = MAX_CALLERS) {
    this.#most = most;
  }

  /** @returns the line to be logged; undefined: none */
  called(rpc: string, use: DeprecationCaller, now: number, sends?: string): DeprecatedCall | undefined {
    const key = JSON.stringify([rpc, sends, use.source, use.issuer, use.subject, use.id]);
    const before = this.#reports.get(key);
    if (before !== undefined)
      return quiet(before, now) ? undefined : this.#report(key, { rpc, sends, use, more: before.more }, now);
    this.#forget(now);
    if (this.#reports.size < this.#most) return this.#report(key, { rpc, sends, use, more: 0 }, now);
    const callee = `${rpc} ${sends}`;
    const others = this.#others.get(callee);
    if (others !== undefined && quiet(others, now)) return undefined;
    this.#others.set(callee, { at: now, more: 0 });
    return { rpc, sends, use: undefined, more: others?.more ?? 0 };
  }
  #report(key: string, call: DeprecatedCall, now: number): DeprecatedCall {
    this.#reports.delete(key); // it stands last from now on
    this.#reports.set(key, { at: now, more: 0 });
    return call;
  }
  /** Callers that have not called for an hour, or only once. */
  #forget(now: number): void {
    for (const [key, { at }] of this.#reports) {
      if (now - at < QUIET_MS) return;
      this.#reports.delete(key);
    }
  }
}

interface LastReport {
  readonly at: number;
  /** Number of calls since the report. */
  more: number;
}
function quiet(lastReport: LastReport, now: number): boolean {
  if (now - lastReport.at >= QUIET_MS) return false;
  lastReport.more++;
  return true;
}
