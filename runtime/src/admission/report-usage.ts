// Usage events: one for each request whose charges of late limits are final.
import { randomUUID } from "node:crypto";
import type { Request } from "../compose/request.ts";
import type { ChargeResult } from "../limits/charge-result.ts";
import type { RateLimit } from "../limits/rate-limit.ts";
import type { UsageEvents, UsageValue } from "../usage/usage-event.ts";

/** Usage events of an RPC. */
export interface UsageUse<Cx, Args> {
  readonly events: UsageEvents;
  /** Undefined: events are appended to a file. */
  readonly subject?: string | undefined;
  /** Names and values. A value that is undefined, or that cannot be evaluated, is left out. */
  readonly fields: readonly (readonly [name: string, value: (cx: Cx, args: Args) => UsageValue | undefined])[];
}

interface Charged<App, Args, Principal> {
  readonly cx: Request<App, Principal>;
  readonly args: Args;
  readonly method: string;
  /** Limits, in the order of their charges. */
  readonly limits: readonly RateLimit[];
  readonly result: ChargeResult;
}

/** Reports the use of a request, unless nothing was charged: a limit in a dry run may be exceeded. */
export function reportUsage<App, Args, Principal>(
  { events, subject, fields }: UsageUse<Request<App, Principal>, Args>,
  { cx, args, method, limits, result }: Charged<App, Args, Principal>,
): void {
  const charged: Record<string, number> = {};
  for (const [index, { package: of, name }] of limits.entries()) {
    const units = result.charged(index);
    if (units !== undefined) charged[`${of}/${name}`] = (charged[`${of}/${name}`] ?? 0) + units;
  }
  if (Object.keys(charged).length === 0) return;
  const { exchange } = cx;
  const field: Record<string, UsageValue> = {};
  for (const [name, value] of fields) {
    const found = present(() => value(cx, args));
    if (found !== undefined) field[name] = found;
  }
  const { headers, clock } = exchange;
  const requestId = headers.requestId === "" ? undefined : headers.requestId;
  const source = headers.authentication?.caller?.credential.source;
  const event = { time: clock.date(), id: randomUUID(), rpc: method, requestId, source, charged, field };
  events.record(event, subject);
}

function present(value: () => UsageValue | undefined): UsageValue | undefined {
  try {
    return value();
  } catch {
    return undefined;
  }
}
