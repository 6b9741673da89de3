// Spans as plain data, so that they can move to another thread unchanged. The telemetry/ room records observer events
// as spans, keeps some of them and exports those. It imports only the lowest rooms. Only the server imports it, and
// only if traces are on.

/** Value of an attribute. An integer is a `bigint`, even a small one: a `number` is a double. */
export type AttributeValue =
  | string
  | number
  | bigint
  | boolean
  | readonly string[]
  | readonly number[]
  | readonly bigint[]
  | readonly boolean[];

/** A name occurs once. */
export type Attributes = readonly (readonly [name: string, value: AttributeValue])[];

/** OTLP's numbers. */
export const SpanKind = { internal: 1, server: 2, client: 3 } as const;
/** OTLP's numbers. */
export const SpanStatus = { unset: 0, error: 2 } as const;

/** One span that has ended. */
export interface SpanRecord {
  /** 32 digits of lower-case hexadecimal. */
  readonly traceId: string;
  /** 16 digits of lower-case hexadecimal. */
  readonly spanId: string;
  /** The same; "" of a span without one. */
  readonly parentSpanId: string;
  /**
   * OTLP's `flags`: the trace flags of W3C in the lowest 8 bits, 0x100 (the parent's remoteness is known), 0x200 (the
   * parent is remote).
   */
  readonly flags: number;
  /** `tracestate` as it came; "" without one. */
  readonly traceState: string;
  readonly name: string;
  readonly kind: (typeof SpanKind)[keyof typeof SpanKind];
  /** Nanoseconds since 1970. */
  readonly startUnixNano: bigint;
  /** Not before the start. */
  readonly endUnixNano: bigint;
  readonly attributes: Attributes;
  readonly events: readonly SpanEvent[];
  readonly links: readonly SpanLink[];
  readonly status: (typeof SpanStatus)[keyof typeof SpanStatus];
  /** Message of an error; "" otherwise. */
  readonly message: string;
}

export interface SpanEvent {
  readonly name: string;
  readonly unixNano: bigint;
  readonly attributes: Attributes;
}

/** A related span, of this trace or of another. */
export interface SpanLink {
  readonly traceId: string;
  readonly spanId: string;
  /** As a span's. */
  readonly flags: number;
  readonly traceState: string;
  readonly attributes: Attributes;
}

/** Destination of kept spans. Neither method throws. */
export interface SpanSink {
  /**
   * Accepts ended spans: those of a request when it is over, later those of its calls that continued (a shared fetch of
   * the cache). Returns at once. Spans that do not fit are dropped and counted.
   */
  export(spans: readonly SpanRecord[]): void;
  /** Sends the waiting spans, for at most `deadlineMs` milliseconds. Later spans are dropped. */
  close(deadlineMs: number): Promise<void>;
}
