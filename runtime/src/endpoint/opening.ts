// One request of an RPC, unary or streaming, from its headers to its admission, with its events for observers.
import type { DescMessage, Message, MessageShape } from "@bufbuild/protobuf";
import { auditRefusal, beside } from "../admission/admission.ts";
import { type AnswerMetadata, withDeclared, withHeaders } from "../admission/answer-metadata.ts";
import type { Door, Gate } from "../admission/gates.ts";
import { MeterReadings } from "../admission/meters.ts";
import { directAddress, reportRefusal, type Telemetry, telemetryOf, usedBy } from "../admission/telemetry.ts";
import { type Clock, systemClock } from "../clock.ts";
import type { StreamCharges } from "../compose/charges.ts";
import type { Degraded } from "../compose/degrade.ts";
import { Exchange, type ExchangeOptions } from "../compose/exchange.ts";
import { ExpressionBudget } from "../compose/expression-budget.ts";
import { Request } from "../compose/request.ts";
import { Failure, timedOut } from "../failure.ts";
import type { ShareRule } from "../guard/limit.ts";
import { AuthenticatedRequest, type Recheck } from "../identity/authenticated-request.ts";
import type { IncomingHeaders } from "../identity/incoming-request.ts";
import type { Observer } from "../observer.ts";
import type { ResponseEvent, StreamUse } from "../observer-requests.ts";
import { Masks } from "../selection/masks.ts";
import { AnswerHeaders } from "./answer-headers.ts";
import { DeprecatedFields } from "./deprecated-fields.ts";
import { type FrontOptions, gatesOf, nameOf, type ServedMethod } from "./front.ts";
import type { Version } from "./version.ts";

/** Options that the requests of one RPC share. */
export interface OpeningOptions<App, Args extends Message, Principal> {
  /** `package.Service/Method` */
  readonly name: string;
  readonly app: App;
  gates: readonly Gate<App, Args, Principal>[];
  /** Undefined: every answer has all fields. */
  readonly masks: Masks | undefined;
  readonly timeoutMs: number;
  /** Time limit of deferred parts, in milliseconds; undefined: no longer than the rest. */
  readonly partsTimeoutMs?: number | undefined;
  readonly concurrent: number;
  readonly clock: Clock;
  readonly observer: Observer | undefined;
  readonly version: Version | undefined;
  readonly deprecatedFields: DeprecatedFields | undefined;
  readonly headers: AnswerHeaders<App, Args, Principal> | undefined;
  readonly telemetry: Telemetry<App, Args, Principal> | undefined;
  readonly share: ShareRule<Request<App, Principal>> | undefined;
}

/** Returns these options for the options of an RPC. */
export function openingOf<App, I extends DescMessage, O extends DescMessage, Principal>(
  method: ServedMethod<I, O>,
  app: App,
  options: FrontOptions<App, I, O, Principal> & {
    readonly concurrent?: number | undefined;
    readonly partsTimeoutMs?: number | undefined;
  },
): OpeningOptions<App, MessageShape<I>, Principal> {
  const { timeoutMs, concurrent = 10, version, telemetry, share, clock = systemClock, observer } = options;
  const masks = options.fields && new Masks(method.input, method.output, options.fields);
  const gates = gatesOf(method, options, masks);
  // Deferred parts have at least as much time as the rest.
  const partsTimeoutMs = options.partsTimeoutMs && Math.max(options.partsTimeoutMs, timeoutMs);
  const name = nameOf(method);
  const deprecatedFields = options.deprecatedFields && new DeprecatedFields(method.input);
  const common = {
    name,
    app,
    gates,
    masks,
    timeoutMs,
    partsTimeoutMs,
    concurrent,
    clock,
    observer,
    version,
    telemetry,
    share,
  };
  const headers = options.headers && new AnswerHeaders(options.headers, name, observer);
  return { ...common, deprecatedFields, headers };
}

/** Returns the function that places a server's door before the gates of an RPC. */
export function behindOf<App, Args extends Message, Principal>(
  opening: OpeningOptions<App, Args, Principal>,
): (door: Door) => void {
  const { gates } = opening;
  return (door) => {
    opening.gates = [door, ...gates];
  };
}

/** Receives one failure, if there is one. */
type FailureCallback = (failure: Failure, metadata: AnswerMetadata | undefined) => void;

export class Opening<App, Args extends Message, Principal> {
  readonly cx: Request<App, Principal>;
  readonly exchange: Exchange;
  /** Start by the clock. It includes the time of authentication. */
  readonly startedAt: number;
  readonly #options: OpeningOptions<App, Args, Principal>;
  readonly #args: Args;
  readonly #authentication: AuthenticatedRequest | undefined;
  readonly #failed: FailureCallback;
  /** Paths of deprecated fields that the request sets. */
  readonly #deprecated: readonly string[];
  #gate: Gate<App, Args, Principal> | undefined;
  #charges: StreamCharges | undefined;
  /** Set for a stream with meters. */
  #readings: MeterReadings<App, Args, Principal> | undefined;
  #use: (() => StreamUse) | undefined;

  private constructor(
    options: OpeningOptions<App, Args, Principal>,
    args: Args,
    { headers, authentication, startedAt, clientMs, first, failed }: Arrived,
  ) {
    const { app, gates, timeoutMs, partsTimeoutMs: methodMs = timeoutMs } = options;
    const { concurrent, clock, observer, name, telemetry, share } = options;
    this.#options = options;
    this.#args = args;
    this.#authentication = authentication;
    this.#failed = failed;
    this.#deprecated = options.deprecatedFields?.of(args) ?? NONE;
    this.#gate = gates[0];
    this.startedAt = startedAt;
    const failing = (failure: Failure): void => this.#fail(failure);
    const exchange = new Exchange({ clock, headers, methodMs, first, clientMs, concurrent, observer, failed: failing });
    const cx = Request.first<App, Principal>(app, exchange);
    this.exchange = exchange;
    this.cx = cx;
    exchange.calls.share = share;
    exchange.steps = ExpressionBudget.ofGates(exchange.scope);
    exchange.trace = observer?.responseStart?.({
      request: cx.root,
      header: (name) => exchange.headers.text(name),
      method: name,
      startedAt,
      direct: () => directAddress(headers),
      telemetry: telemetry && telemetryOf(telemetry, cx, args),
    });
  }

  /**
   * @param failed called at most once, and never after the end of the request
   * @returns undefined if no time is left, which has then been reported to the client and to observers
   */
  static begin<App, Args extends Message, Principal>(
    options: OpeningOptions<App, Args, Principal>,
    args: Args,
    headers: IncomingHeaders,
    clientMs: number | undefined,
    failed: FailureCallback,
  ): Opening<App, Args, Principal> | undefined {
    const { timeoutMs, partsTimeoutMs, clock, observer, name, version, telemetry } = options;
    const authentication = headers instanceof AuthenticatedRequest ? headers : undefined;
    const tookMs = authentication?.tookMs ?? 0;
    const startedAt = clock.now() - tookMs;
    const leftOf = (limitMs: number): number | undefined =>
      tookMs === 0 ? clientMs : Math.min(limitMs - tookMs, clientMs ?? Number.POSITIVE_INFINITY);
    const firstMs = leftOf(timeoutMs);
    if (firstMs === undefined || firstMs > 0) {
      const arrived = { headers, authentication, startedAt, failed };
      if (partsTimeoutMs === undefined) return new Opening(options, args, { ...arrived, clientMs: firstMs });
      const first = { methodMs: timeoutMs, clientMs: firstMs };
      return new Opening(options, args, { ...arrived, clientMs: leftOf(partsTimeoutMs), first });
    }
    const failure = timedOut("", "arrived with no time left");
    failed(failure, authentication && beside(authentication));
    const about = { method: name, clock, observer, deprecation: version?.deprecation, telemetry };
    reportRefusal(about, failure, { headers, startedAt });
    return undefined;
  }

  /** Metadata that accompanies the answer. */
  get metadata(): AnswerMetadata | undefined {
    const metadata = this.#authentication && beside(this.#authentication);
    if (this.#deprecated.length === 0) return metadata;
    return withHeaders(metadata, ["bff-deprecated-fields", this.#deprecated.join(", ")]);
  }

  /** Returns the metadata of a stream that opens, with the declared headers. Called once. */
  metadataToOpen(): AnswerMetadata | undefined {
    return withDeclared(this.metadata, this.#options.headers?.of(this.cx, this.#args, undefined) ?? NONE);
  }

  /**
   * Reports whether the request is admitted; otherwise it is over. Throws, or rejects with, the failure that ends it.
   * Returns a promise only if a gate waits.
   */
  passes(): boolean | Promise<boolean> {
    for (let i = 0; this.#gate !== undefined; this.#gate = this.#options.gates[++i]) {
      const passing = this.#gate.pass(this.cx, this.#args);
      if (passing instanceof Failure) {
        this.exchange.scope.fail(passing);
        return false;
      }
      if (passing !== undefined) return this.#passing(passing, i);
      if (this.exchange.over) return false; // refused, or nobody waits any more: nothing is composed
    }
    this.exchange.steps = undefined;
    return true;
  }
  async #passing(first: Promise<void>, at: number): Promise<boolean> {
    let passing: Failure | void | Promise<void> = first;
    for (let i = at; this.#gate !== undefined; ) {
      if (passing instanceof Failure) throw passing;
      if (passing !== undefined) await passing;
      if (this.exchange.over) return false;
      this.#gate = this.#options.gates[++i];
      passing = this.#gate?.pass(this.cx, this.#args);
    }
    this.exchange.steps = undefined;
    return true;
  }

  /** Returns the readings of the RPC's meters; undefined: it has none, or no observer counts them. */
  #meters(): MeterReadings<App, Args, Principal> | undefined {
    const { telemetry, observer } = this.#options;
    if (telemetry?.meters === undefined || observer?.metered === undefined) return undefined;
    return new MeterReadings(telemetry.meters, this.cx, this.#args);
  }
  #count(readings: MeterReadings<App, Args, Principal>): void {
    const { observer, name: method } = this.#options;
    for (const count of readings.counts) observer?.metered?.({ ...count, request: this.cx.root, method });
  }
  /** Counts an answer that was composed for this request and sent. Streams count at their end. */
  answered(response: Message): void {
    const readings = this.#meters();
    if (readings === undefined) return;
    readings.read(response);
    this.#count(readings);
  }

  /** Records that a stream has been opened: charges of limits are final, and its end reports this use. */
  opened(use: () => StreamUse): void {
    const { exchange, cx, startedAt } = this;
    exchange.gates.vacate();
    this.#readings = this.#meters();
    this.#charges = exchange.gates.charged?.streamed();
    exchange.gates.charged = undefined;
    this.#use = use;
    this.#options.observer?.streamOpen?.({
      request: cx.root,
      header: (name) => exchange.headers.text(name),
      method: this.#options.name,
      startedAt,
      openedAt: this.#options.clock.now(),
      items: () => use().items,
      trace: exchange.trace,
      source: this.#authentication?.caller?.credential.source,
    });
  }

  /** Counts an item of the source for limits that are settled by items. */
  received(item: unknown): void {
    this.#charges?.item(item);
  }
  /**
   * Counts a message for meters, and for limits that are settled by messages. Reports its degradations.
   *
   * @param lacking undefined: it is complete
   */
  delivered(message: Message, lacking: Degraded | undefined): void {
    this.#charges?.message(() => message);
    this.#readings?.read(message);
    if (lacking !== undefined) this.lacked(lacking);
  }
  /** Counts the whole answer that was sent in parts. `whole` returns it, and is called only for such meters and limits. */
  completed(whole: () => Message): void {
    this.#charges?.message(whole);
    this.#readings?.read(whole());
  }
  /** Reports a message with degradations that a follower has received. */
  lacked({ entries, failures }: Degraded): void {
    const { exchange } = this;
    this.#options.observer?.streamDegraded?.({
      request: this.cx.root,
      header: (name) => exchange.headers.text(name),
      method: this.#options.name,
      degraded: entries,
      failures,
      trace: exchange.trace,
    });
  }

  /** End of the caller's credential, in milliseconds of the wall clock; Infinity: no end, or no known caller. */
  get expiresAt(): number {
    const expires = this.#authentication?.caller?.credential.expires ?? 0n;
    return expires === 0n ? Number.POSITIVE_INFINITY : Number(expires) * 1_000;
  }

  /** Check of an open stream's caller. Undefined if no caller can be denied or lose its credential. */
  get recheck(): Recheck | undefined {
    return this.#authentication?.recheck;
  }
  /** Audits the refusal of a caller whose stream was open. */
  auditDenial(failure: Failure): void {
    const authentication = this.#authentication;
    const { observer, name: method, clock } = this.#options;
    if (authentication !== undefined) auditRefusal(observer, failure, { authentication, method, at: clock.date() });
  }

  /** Ends the request because an answer is no longer needed. */
  leave(why: Failure): void {
    const { exchange } = this;
    if (exchange.over) return;
    exchange.end();
    exchange.gates.discharge(exchange.calls.sent);
    this.observe({ ok: false, failure: why });
  }

  #fail(thrown: Failure): void {
    const { exchange } = this;
    const gate = this.#gate;
    const failure = gate?.clientFailure === undefined ? thrown : gate.clientFailure(thrown);
    this.#failed(failure, withHeaders(this.metadata, failure.headers));
    gate?.refused?.(failure, this.#authentication);
    exchange.gates.discharge(exchange.calls.sent);
    this.observe({ ok: false, failure });
  }

  /** Settles limits and meters of a stream, and reports the end to observers. */
  observe(outcome: ResponseEvent["outcome"]): void {
    this.#charges?.ended(outcome.ok, this.exchange.calls.sent);
    this.#charges = undefined;
    if (this.#readings !== undefined) this.#count(this.#readings);
    this.#readings = undefined;
    const { observer, name, clock, version } = this.#options;
    if (observer?.response === undefined) return;
    const { exchange } = this;
    const credential = this.#authentication?.caller?.credential;
    observer.response({
      request: this.cx.root,
      header: (name) => exchange.headers.text(name),
      method: name,
      startedAt: this.startedAt,
      endedAt: clock.now(),
      outcome,
      deprecated: version?.deprecation && usedBy(version.deprecation, credential),
      deprecatedFields: this.#deprecated.length === 0 ? undefined : usedBy({ paths: this.#deprecated }, credential),
      trace: exchange.trace,
      source: credential?.source,
      stream: this.#use?.(),
    });
  }
}

const NONE: readonly never[] = [];

/** A request, and the time of its arrival. */
interface Arrived {
  readonly headers: IncomingHeaders;
  readonly authentication: AuthenticatedRequest | undefined;
  readonly startedAt: number;
  readonly clientMs: number | undefined;
  readonly first?: ExchangeOptions["first"];
  readonly failed: FailureCallback;
}
