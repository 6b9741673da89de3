// Counts verdicts, and decides whether a release is let through.
import type { ReachedDifference, ReportedRequest } from "./plan-reach.ts";
import { type Finding, KINDS, type Verdict } from "./verdict.ts";

/** A request, and its difference. */
interface Example extends ReportedRequest {
  readonly text: string;
}
/** Requests with one difference, or that one reason makes incomparable. */
export interface Group {
  readonly what: string;
  readonly kind: Finding["kind"] | "unknown";
  /** False if `--allow` names it. */
  readonly isCounted: boolean;
  requests: number;
  readonly examples: Example[];
}

/** Result of all requests. */
export interface GateReport {
  readonly requests: number;
  readonly same: number;
  readonly unknown: number;
  /** Requests with a difference that is not allowed. */
  readonly beyond: number;
  /** Answers of equal calls that had another place, and of batches with other keys. */
  readonly assumed: number;
  /** Answers that the captures lack: samples of mocks, and those of live upstreams. */
  readonly sampled: number;
  readonly live: number;
  /** By kind and number of requests. */
  readonly groups: readonly Group[];
  /** By rpc. */
  readonly rpcs: readonly { readonly method: string; readonly requests: number; readonly beyond: number }[];
  /** Differences of the plans, or why they are not compared. Undefined: the old build is not at hand. */
  readonly plan?: readonly ReachedDifference[] | string | undefined;
  /** Files and lines that could not be used. */
  readonly unusable: readonly string[];
}

const COUNTS = { batch: "assumed", sample: "sampled", live: "live" } as const;
const EXAMPLES = 2;
/** Maximum number of groups that are counted separately. Later ones are counted together. */
const MAX_GROUPS = 1_000;

/** Counts requests one after the other. */
export class Counter {
  readonly unusable: string[] = [];
  readonly #isAllowed: (finding: Finding) => boolean;
  readonly #groups = new Map<string, Group>();
  readonly #rpcs = new Map<string, { method: string; requests: number; beyond: number }>();
  #counts = { requests: 0, same: 0, unknown: 0, beyond: 0, assumed: 0, sampled: 0, live: 0 };

  constructor(isAllowed: (finding: Finding) => boolean) {
    this.#isAllowed = isAllowed;
  }
  get requests(): number {
    return this.#counts.requests;
  }
  add(request: ReportedRequest, { unknown, findings, assumed, supplied = [] }: Verdict): void {
    const counts = this.#counts;
    const rpc = this.#rpcs.get(request.method) ?? { method: request.method, requests: 0, beyond: 0 };
    if (request.method !== "") this.#rpcs.set(request.method, rpc);
    counts.requests++;
    rpc.requests++;
    counts.assumed += assumed;
    for (const kind of unknown === undefined ? supplied : []) counts[COUNTS[kind]]++;
    if (unknown !== undefined) {
      counts.unknown++;
      this.#count({ kind: "unknown", what: unknown, isCounted: true }, request, "");
      return;
    }
    if (findings.length === 0) counts.same++;
    let isBeyond = false;
    const seen = new Set<string>();
    for (const finding of findings) {
      const isCounted = finding.kind !== "faster" && !this.#isAllowed(finding);
      isBeyond ||= isCounted;
      const { kind, what } = finding;
      if (!seen.has(`${kind} ${what}`)) this.#count({ kind, what, isCounted }, request, finding.example);
      seen.add(`${kind} ${what}`);
    }
    if (!isBeyond) return;
    counts.beyond++;
    rpc.beyond++;
  }
  #count(of: Pick<Group, "kind" | "what" | "isCounted">, request: ReportedRequest, text: string): void {
    const what = this.#groups.size < MAX_GROUPS ? of.what : "others";
    const key = `${of.kind} ${of.isCounted} ${what}`;
    const group = this.#groups.get(key) ?? { ...of, what, requests: 0, examples: [] };
    this.#groups.set(key, group);
    group.requests++;
    if (group.examples.length < EXAMPLES) group.examples.push({ ...request, text });
  }
  total(plan?: GateReport["plan"]): GateReport {
    const order: readonly string[] = [...KINDS, "unknown"];
    const groups = [...this.#groups.values()].sort(
      (a, b) => order.indexOf(a.kind) - order.indexOf(b.kind) || b.requests - a.requests,
    );
    return { ...this.#counts, groups, rpcs: [...this.#rpcs.values()], plan, unusable: this.unusable };
  }
}

/** Words of `--allow` for whole kinds, and for a number of calls. */
const CALLS = /^calls(?:([+-])(\d{1,4}))?$/;
const FIELD = /^[A-Za-z_]\w*\.(?:[A-Za-z_]\w*|#\d+)$/;

/**
 * Parses the texts of `--allow`: `Item.price`, `calls+1`, `calls`, `status`, `degradations`, `slower`.
 *
 * @throws TypeError that names a word of another form
 */
export function allowing(texts: readonly string[]): (finding: Finding) => boolean {
  const tests = texts
    .flatMap((text) => text.split(","))
    .map((text) => text.trim())
    .filter((word) => word !== "")
    .map((word): ((finding: Finding) => boolean) => {
      const [, sign, most = ""] = CALLS.exec(word) ?? [];
      if (sign !== undefined)
        return ({ kind, what }) =>
          kind === "calls" &&
          Math.sign(Number.parseInt(what, 10)) === Number(`${sign}1`) &&
          Math.abs(Number.parseInt(what, 10)) <= Number(most);
      if (["calls", "status", "degradations", "slower"].includes(word)) return ({ kind }) => kind === word;
      if (FIELD.test(word)) return ({ kind, what }) => kind === "answer" && what === word;
      throw new TypeError(
        `--allow ${JSON.stringify(word)} is no difference: write Message.field, calls+1, calls-1, calls, status, degradations or slower`,
      );
    });
  return (finding) => tests.some((test) => test(finding));
}

/** The exit code: 2 for unusable captures before 3 for too many that are not comparable before 1 for differences. */
export function exitCodeOf({ requests, unknown, beyond, unusable }: GateReport, maxUnknown: number): 0 | 1 | 2 | 3 {
  if (unusable.length > 0 || requests === 0) return 2;
  if (unknown > requests * maxUnknown) return 3;
  return beyond > 0 ? 1 : 0;
}
