import type { DescMessage, DescMethodUnary, Message, MessageShape } from "@bufbuild/protobuf";
import { systemClock } from "../clock.ts";
import { asFailure, type Failure, OVER, timedOut } from "../failure.ts";
import type { IncomingHeaders } from "../identity/incoming.ts";
import { Judged } from "../identity/judged.ts";
import { type ResponseEvent, usedBy } from "../observer.ts";
import { beside } from "./admission.ts";
import { type AnswerMetadata, asStale, withHeaders } from "./answer-metadata.ts";
import { concluded } from "./cached-endpoint.ts";
import type { Degraded } from "./degrade.ts";
import type { Answering, EndpointOptions } from "./endpoint-options.ts";
import { Exchange } from "./exchange.ts";
import type { Gate } from "./gates.ts";
import { Request } from "./request.ts";
import type { Asker, ResponseCache } from "./response-cache.ts";
import { directOf, telemetryOf, tellRefused } from "./told.ts";

/** One rpc, and what stands before it. */
export interface Answered<App, I extends DescMessage, O extends DescMessage, C extends DescMessage, Principal> {
  readonly method: DescMethodUnary<I, O>;
  /** `package.Service/Method` */
  readonly name: string;
  readonly app: App;
  readonly gates: readonly Gate<App, MessageShape<I>, Principal>[];
  readonly answers: ResponseCache<App, MessageShape<I>, Principal> | undefined;
  readonly options: EndpointOptions<App, I, O, C, Principal>;
}

export function answer<App, I extends DescMessage, O extends DescMessage, C extends DescMessage, Principal>(
  { method, name, app, gates, answers, options }: Answered<App, I, O, C, Principal>,
  args: MessageShape<I>,
  headers: IncomingHeaders,
  clientMs: number | undefined,
  done: (response: MessageShape<O>, degraded: string, metadata?: AnswerMetadata) => void,
  failed: (failure: Failure, metadata?: AnswerMetadata) => void,
): Answering {
  const { timeoutMs: methodMs, concurrent = 10, version, telemetry, clock = systemClock, observer } = options;
  const judged = headers instanceof Judged ? headers : undefined;
  const metadata = judged && beside(judged);
  // The time that judging has taken is the request's.
  const startedAt = clock.now() - (judged?.tookMs ?? 0);
  const leftMs = judged === undefined || judged.tookMs === 0 ? clientMs : leftOf(methodMs - judged.tookMs, clientMs);
  if (leftMs !== undefined && leftMs <= 0) {
    const failure = timedOut("", "arrived with no time left");
    failed(failure, metadata);
    const about = { method: name, clock, observer, deprecation: version?.deprecation, telemetry };
    tellRefused(about, failure, { headers, startedAt });
    return GONE;
  }
  let gate = gates[0];
  const fail = (thrown: Failure): void => {
    const failure = gate?.told === undefined ? thrown : gate.told(thrown);
    failed(failure, withHeaders(metadata, failure.headers));
    gate?.refused?.(failure, judged);
    if (!exchange.sent) exchange.refund();
    observe({ ok: false, failure });
  };
  const given = { headers, judged, clock, observer };
  const exchange = new Exchange({ ...given, methodMs, clientMs: leftMs, concurrent, failed: fail });
  const cx = new Request<App, Principal>(app, exchange);
  const header = (name: string): string => exchange.header(name);
  exchange.trace = observer?.responseStart?.({
    request: cx,
    header,
    method: name,
    startedAt,
    direct: () => directOf(headers),
    telemetry: telemetry && telemetryOf(telemetry, cx, args),
  });
  const observe = (outcome: ResponseEvent["outcome"]): void =>
    observer?.response?.({
      request: cx,
      header,
      method: name,
      startedAt,
      endedAt: clock.now(),
      outcome,
      deprecated: version?.deprecation && usedBy(version.deprecation, judged?.caller?.credential),
      trace: exchange.trace,
      source: judged?.caller?.credential.source,
    });
  const deliver = (response: MessageShape<O>, found: Degraded | undefined, stale: boolean): void => {
    if (exchange.over) return;
    exchange.end();
    done(response, found?.header ?? "", stale ? asStale(metadata) : metadata);
    observe({ ok: true, degraded: found?.entries ?? NONE, failures: found?.failures ?? NONE });
    exchange.charged?.answered(response);
  };
  const composed = async (): Promise<void> => {
    try {
      for (let i = 0; gate !== undefined; gate = gates[++i]) {
        const passing = gate.pass(cx, args);
        if (passing !== undefined) await passing;
        if (exchange.over) return; // refused, or nobody waits any more: nothing is composed
      }
      if (answers !== undefined) {
        const admitted = options.cache?.admit?.(cx, args);
        if (admitted !== undefined) await admitted;
        if (!exchange.over) answers.serve(askerOf(cx, args, deliver));
        return;
      }
      const message = await options.compose(cx, args);
      await exchange.settled();
      if (exchange.over) return;
      const { response, found } = concluded(method, options, message, exchange);
      deliver(response, found, exchange.stale);
    } catch (thrown) {
      exchange.scope.fail(asFailure(thrown));
    }
  };
  void composed();
  return {
    cancel: (why = OVER) => {
      if (exchange.over) return;
      exchange.end();
      if (!exchange.sent) exchange.refund();
      observe({ ok: false, failure: why });
    },
  };
}

function askerOf<App, Args extends Message, Principal, Res extends Message>(
  cx: Request<App, Principal>,
  args: Args,
  deliver: (response: Res, found: Degraded | undefined, stale: boolean) => void,
): Asker<App, Args, Principal> {
  const { marginMs } = cx.exchange;
  return {
    ...{ cx, args, marginMs },
    // The cache knows its messages as the rpc's.
    answered: ({ response, degraded, stale, reused }) => {
      // What it has cost others have paid.
      if (reused) cx.exchange.refund();
      deliver(response as Res, degraded, stale);
    },
  };
}

export const nameOf = (method: DescMethodUnary): string => `${method.parent.typeName}/${method.name}`;
const leftOf = (ownMs: number, clientMs = Number.POSITIVE_INFINITY): number => Math.min(ownMs, clientMs);
/** Of a request that nobody composes. */
export const GONE: Answering = { cancel: () => {} };
const NONE: readonly never[] = [];
