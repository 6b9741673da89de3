// The interface of observers, with the events of certificates.
import type {
  AttemptEvent,
  CacheEvent,
  CallEvent,
  CallStartEvent,
  JoinEvent,
  MirrorEvent,
  ResolverEvent,
} from "./observer-calls.ts";
import type {
  AuditEvent,
  HeaderEvent,
  LimitEvent,
  MeterEvent,
  ResponseEvent,
  ResponseStartEvent,
  RpcEvent,
  SheddingEvent,
  ShedEvent,
  StreamDegradedEvent,
  StreamOpenEvent,
  Trace,
} from "./observer-requests.ts";
import type {
  BreakerEvent,
  BudgetEvent,
  EjectionEvent,
  ShareEvent,
  TopicEvent,
  UpstreamEvent,
} from "./observer-upstreams.ts";

/** Certificate of this server, or its client certificate for an upstream. */
export interface CertificateEvent {
  /** Environment variable with its path, or with that of the authorities if there is no certificate. */
  readonly variable: string;
  /**
   * `renewed`: new connections use it; `refused`: the files are unusable, and the old certificate stays; `ending`: it
   * expires in less than 14 days, and in less than a quarter of its validity. `ending` is reported once a day.
   */
  readonly outcome: "renewed" | "refused" | "ending";
  /** Expiry of the certificate in use; undefined: only authorities are configured. */
  readonly ends: Date | undefined;
  /** Days until the expiry of an `ending` certificate, rounded down; negative: it has expired. */
  readonly days?: number | undefined;
  /** Reason of `refused`. */
  readonly reason?: string | undefined;
}

/**
 * Receiver of the runtime's events. Undefined members cost nothing. The runtime does not catch errors that a member
 * throws.
 *
 * @example
 * const observer: Observer = {
 *   response: ({ method, startedAt, endedAt }) => console.log(method, endedAt - startedAt),
 * };
 */
export interface Observer {
  rpc?(event: RpcEvent): void;
  upstream?(event: UpstreamEvent): void;
  topic?(event: TopicEvent): void;
  /** Returns the trace of a request, if it has one. If several observers return one, the first applies. */
  responseStart?(event: ResponseStartEvent): Trace | undefined;
  callStart?(event: CallStartEvent): void;
  call?(event: CallEvent): void;
  streamOpen?(event: StreamOpenEvent): void;
  streamDegraded?(event: StreamDegradedEvent): void;
  response?(event: ResponseEvent): void;
  resolver?(event: ResolverEvent): void;
  attempt?(event: AttemptEvent): void;
  breaker?(event: BreakerEvent): void;
  ejection?(event: EjectionEvent): void;
  budgetRefused?(event: BudgetEvent): void;
  cache?(event: CacheEvent): void;
  joined?(event: JoinEvent): void;
  mirrored?(event: MirrorEvent): void;
  limited?(event: LimitEvent): void;
  headerLeftOut?(event: HeaderEvent): void;
  metered?(event: MeterEvent): void;
  shareRefused?(event: ShareEvent): void;
  shed?(event: ShedEvent): void;
  shedding?(event: SheddingEvent): void;
  audit?(event: AuditEvent): void;
  certificate?(event: CertificateEvent): void;
}

/**
 * Returns the path of a field without the positions of list items and map entries.
 *
 * @example
 * withoutPositions('runs[3].owner'); // "runs[*].owner", as for `runs["a"].owner`
 */
export function withoutPositions(path: string): string {
  return path.includes("[") ? path.replace(POSITION, "[*]") : path;
}
const POSITION = /\[(?:"(?:[^"\\]|\\.)*"|[^\]"]*)\]/g;
