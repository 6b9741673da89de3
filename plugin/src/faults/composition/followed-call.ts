// Effects of faults of a followed call: a stream that ends without an item, or its end after the first item.

import type { StreamBehaviour } from "../behaviour.ts";
import { type Ending, endingOf, type FaultName, type FollowedFault, type LaterFault } from "../values/endings.ts";
import { type Locals, type Result, valueResult } from "../values/results.ts";
import { fromReport, Untold, type Value } from "../values/values.ts";
import type { RequestCase } from "./admission.ts";
import { Block } from "./block.ts";
import type { Response } from "./composition.ts";

/** The first item that counts. */
interface FirstItem {
  readonly value: Value;
  /** Items up to it, itself among them. */
  readonly number: number;
  /** True if no further item follows. */
  readonly last: boolean;
}
/** End of a stream after its first item. */
export type Then =
  | { readonly kind: "end" }
  | { readonly kind: "goes on" }
  | { readonly kind: "status"; readonly code: number };

const INVALID_ARGUMENT = 3;
const UNAVAILABLE = 14;

/** Characters that no key of a topic contains. */
const UNFIT = /[.*>\s\p{Cc}]/u;
const MAX_KEY_BYTES = 256;

/** Returns the first matching item of the mock. A number: the code with which the stream fails before one. */
export function firstItem(response: Response, stream: StreamBehaviour, request: RequestCase): FirstItem | number {
  const block = new Block(response, { steps: [], fields: [] }, request);
  if (stream.key !== undefined && !isKey(block.evaluate(stream.key))) return INVALID_ARGUMENT;
  for (const [i, valueReport] of stream.items.entries()) {
    const value = fromReport(valueReport);
    const item = valueResult(value);
    const locals: Locals = new Map([
      [stream.var, item],
      ["event", item],
    ]);
    const holds = (condition: StreamBehaviour["if"]): boolean => {
      const held = condition && block.condition(condition, locals);
      return held?.state === "value" && held.value === true;
    };
    const last = holds(stream.until) || holds(stream.topic_until);
    if (stream.if === undefined || holds(stream.if)) return { value, number: i + 1, last };
    if (last) break;
  }
  throw new Untold("no item of the sample counts");
}
function isKey(result: Result): boolean {
  if (result.state !== "value") return true;
  const { value } = result;
  if (typeof value !== "string") throw new Untold("its key is not known");
  return value !== "" && !UNFIT.test(value) && new TextEncoder().encode(value).length <= MAX_KEY_BYTES;
}

/** The code with which a stream fails whose call meets this from its first opening on; undefined: it does not. */
export function openingFault(stream: StreamBehaviour, fault: FaultName): number | undefined {
  switch (fault) {
    case "slow":
      return undefined;
    case "timeout":
      return UNAVAILABLE; // it is as old as it may be, or was silent for as long as it may be
    case "breaker open":
      if (stream.reopens) throw new Untold("it is opened when the breaker lets it");
      return UNAVAILABLE;
    default: {
      const ending = endingOf(fault);
      if (ending.kind !== "failure") throw new Error(`${fault} is no failure`);
      return ending.clientCode; // those that may be there again soon are opened again for a while
    }
  }
}

/** Returns the end of the stream after its first item, for a later fault of the source. */
export function behindFirst(stream: StreamBehaviour, fault: LaterFault, { last }: FirstItem): Then {
  if (last) return { kind: "end" };
  const goesOn = stream.reopens === true && stream.position === true;
  switch (fault) {
    case "broken later":
      return goesOn ? { kind: "goes on" } : { kind: "status", code: UNAVAILABLE };
    case "silent later":
      return goesOn && stream.idle === true ? { kind: "goes on" } : { kind: "status", code: UNAVAILABLE };
    default:
      return { kind: "status", code: laterEnding(fault).clientCode };
  }
}
/** The fault of a call that ends as the stream does. */
const AT_ONCE = {
  "not found later": "not found",
  "garbage later": "garbage",
  "oversize later": "oversize",
} as const;
function laterEnding(
  fault: Exclude<LaterFault, "broken later" | "silent later">,
): Ending & { readonly kind: "failure" } {
  const ending = endingOf(AT_ONCE[fault]);
  if (ending.kind !== "failure") throw new Error(`${fault} is no failure`);
  return ending;
}

export const isLater = (fault: FollowedFault): fault is LaterFault => fault.endsWith(" later");
