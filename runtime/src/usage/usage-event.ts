/** Value of a field of a usage event. Integers beyond 2^53 are texts in JSON. */
export type UsageValue = string | number | bigint | boolean;

/** Use of the service by one request whose charges of limits are final. */
export interface UsageEvent {
  readonly time: Date;
  /** Unique: consumers drop a second event of the same `id`. */
  readonly id: string;
  /** `package.Service/Method` */
  readonly rpc: string;
  /** Undefined: the request has none. */
  readonly requestId: string | undefined;
  /** Name of the source that identified the caller. */
  readonly source: string | undefined;
  /** Units by limit, `<package>/<name>`. */
  readonly charged: Readonly<Record<string, number>>;
  readonly field: Readonly<Record<string, UsageValue>>;
}

/** Receives usage events. */
export interface UsageEvents {
  /**
   * Records an event; never throws, and never waits.
   *
   * @param subject of NATS; undefined: the file
   */
  record(event: UsageEvent, subject: string | undefined): void;
}

/** Drops all events. */
export const NO_USAGE: UsageEvents = { record: () => {} };

/** Maximum length of a text, in UTF-16 code units. Longer ones are cut. */
export const MAX_TEXT_CHARACTERS = 1_024;

/** Returns the JSON of an event, in one line. */
export function usageJson({ time, id, rpc, requestId, source, charged, field }: UsageEvent): string {
  const written: Record<string, UsageValue> = {};
  for (const name in field) written[name] = writtenAs(field[name] ?? "");
  return JSON.stringify({ time, id, rpc, request_id: requestId, source, charged, field: written });
}

function writtenAs(value: UsageValue): UsageValue {
  if (typeof value === "string") return value.slice(0, MAX_TEXT_CHARACTERS);
  if (typeof value !== "bigint") return value;
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
}
