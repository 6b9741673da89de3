// Limits that precede authentication. They bound the load of a flood of requests on sources and on the decoder.

import { ExpressionBudget } from "../compose/expression-budget.ts";
import { counted, useMeter } from "../expressions/value/meter.ts";
import { asFailure, type Failure } from "../failure.ts";
import { AuthenticatedRequest } from "../identity/authenticated-request.ts";
import { type IncomingHeaders, incomingOf, type Peer } from "../identity/incoming-request.ts";
import type { ChargeResult, Refusal } from "../limits/charge-result.ts";
import type { Limits } from "../limits/limits.ts";
import type { Trace } from "../observer-requests.ts";
import { type AdmissionCheck, type ArrivalCheck, Denied, type Verdict } from "./admission.ts";
import { withHeaders } from "./answer-metadata.ts";
import { chargeLimits } from "./charge-limits.ts";
import { type Arrival, chargesOf, isReported, type LimitUse, reportLimits } from "./limit-uses.ts";
import { type RefusedParts, reportRefusal } from "./telemetry.ts";

interface EarlyLimitsOptions<App> extends RefusedParts {
  readonly app: App;
  readonly counters: Limits;
  readonly early: readonly LimitUse<Arrival<App>, undefined, never>[];
  /** The check behind these limits; undefined: every caller is admitted. */
  readonly admission: AdmissionCheck | undefined;
  /** Names of headers that hold credentials, lower-case. */
  readonly hidden: ReadonlySet<string>;
}

type Uses<App> = EarlyLimitsOptions<App>["early"];
type Outcome = ChargeResult | Refusal;

export class EarlyLimits<App> implements AdmissionCheck, ArrivalCheck {
  readonly #options: EarlyLimitsOptions<App>;
  readonly #ofPackage: Uses<App>;
  readonly #ofRpc: Uses<App>;

  constructor(options: EarlyLimitsOptions<App>) {
    this.#options = options;
    this.#ofPackage = options.early.filter(({ of }) => of === "file");
    this.#ofRpc = options.early.filter(({ of }) => of !== "file");
  }
  get arrival(): ArrivalCheck | undefined {
    return this.#ofPackage.length === 0 ? undefined : this;
  }

  /** Returns a promise only if counters, or a credential's source, have to be queried. */
  authenticate(headers: IncomingHeaders): Verdict | Promise<Verdict> {
    if (headers instanceof AuthenticatedRequest && (headers.passed === this || headers.passed === "all"))
      return this.#next(headers, 0);
    return this.#charged(headers, this.#options.early);
  }
  identify(headers: IncomingHeaders): Verdict | Promise<Verdict> {
    return this.#options.admission?.identify(headers) ?? this.#anonymous(headers);
  }
  authenticateArrived(headers: IncomingHeaders): Verdict | Promise<Verdict> {
    return this.#charged(headers, this.#ofRpc);
  }
  arrive(headers: IncomingHeaders, method: string): Denied | undefined | Promise<Denied | undefined> {
    const { app, hidden, observer } = this.#options;
    const arrived = new Arrived(app, headers, hidden);
    const after = (outcome: Outcome | undefined): Denied | undefined => {
      if (outcome === undefined) return undefined;
      if (isReported(outcome))
        reportLimits(observer, outcome, { request: arrived, header: (name) => arrived.header(name), method });
      if (!("failure" in outcome)) return undefined;
      return new Denied(outcome.failure, withHeaders(undefined, outcome.failure.headers));
    };
    try {
      const outcome = this.#charge(this.#ofPackage, arrived);
      return outcome instanceof Promise ? outcome.then(after) : after(outcome);
    } catch (thrown) {
      return new Denied(asFailure(thrown));
    }
  }

  #charged(headers: IncomingHeaders, uses: Uses<App>): Verdict | Promise<Verdict> {
    const { app, hidden, clock } = this.#options;
    const startedAt = clock.now();
    const arrived = new Arrived(app, headers, hidden);
    let outcome: Outcome | undefined | Promise<Outcome>;
    try {
      outcome = this.#charge(uses, arrived);
    } catch (thrown) {
      return this.#denied(asFailure(thrown), arrived, startedAt);
    }
    if (outcome === undefined) return this.#next(headers, 0);
    if (!(outcome instanceof Promise)) return this.#after(outcome, arrived, 0, startedAt);
    return outcome.then((found) => this.#after(found, arrived, clock.now() - startedAt, startedAt));
  }
  /** Returns undefined if no limit applies. */
  #charge(uses: Uses<App>, arrived: Arrived<App>): Outcome | undefined | Promise<Outcome> {
    const { charges, failed } = chargesOf(uses, arrived, undefined);
    if (charges.length + failed.length === 0) return undefined;
    return chargeLimits(this.#options.counters, charges, failed);
  }
  #after(outcome: Outcome, arrived: Arrived<App>, tookMs: number, startedAt: number): Verdict | Promise<Verdict> {
    const { method, observer } = this.#options;
    const report = (trace?: Trace): void =>
      reportLimits(observer, outcome, { request: arrived, header: (name) => arrived.header(name), method, trace });
    if ("failure" in outcome) return this.#denied(outcome.failure, arrived, startedAt, report);
    // The trace of an admitted request starts later.
    if (isReported(outcome)) report();
    return this.#next(arrived.headers, tookMs);
  }
  #next(headers: IncomingHeaders, tookMs: number): Verdict | Promise<Verdict> {
    const { admission } = this.#options;
    const passed = (verdict: Verdict): Verdict => {
      if (verdict instanceof Denied) return verdict;
      verdict.passed = this;
      verdict.tookMs += tookMs;
      return verdict;
    };
    if (admission === undefined) return passed(this.#anonymous(headers));
    const verdict = admission.authenticate(headers);
    return verdict instanceof Promise ? verdict.then(passed) : passed(verdict);
  }
  #anonymous(headers: IncomingHeaders): AuthenticatedRequest {
    if (headers instanceof AuthenticatedRequest) return headers;
    const parts = { caller: undefined, peer: incomingOf(headers).peer, answer: [] };
    return new AuthenticatedRequest(headers, this.#options.hidden, parts);
  }
  #denied(failure: Failure, request: Arrived<App>, startedAt: number, also?: (trace?: Trace) => void): Denied {
    const { headers } = request;
    reportRefusal(this.#options, failure, { request, headers, hidden: this.#options.hidden, startedAt, also });
    return new Denied(failure, withHeaders(undefined, failure.headers));
  }
}

/** A request before any check. */
class Arrived<App> implements Arrival<App> {
  readonly app: App;
  readonly headers: IncomingHeaders;
  readonly #hidden: ReadonlySet<string>;
  #steps: ExpressionBudget | undefined;

  constructor(app: App, headers: IncomingHeaders, hidden: ReadonlySet<string>) {
    this.app = app;
    this.headers = headers;
    this.#hidden = hidden;
  }
  get peer(): Peer {
    return this.headers instanceof AuthenticatedRequest ? this.headers.peer : incomingOf(this.headers).peer;
  }
  counted<T>(value: T): T {
    this.#steps ??= ExpressionBudget.ofGates(undefined);
    useMeter(this.#steps);
    return counted(value);
  }
  header(name: string): string {
    return name.endsWith("-bin") || this.#hidden.has(name) ? "" : (this.headers.get(name) ?? "");
  }
}
