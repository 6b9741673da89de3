// An error as expressions see it: `error` of rules, and what `failure(step)` gives.
import { REASONS, type Why } from "./results.ts";
import { MapValue, UNKNOWN, type Value } from "./values.ts";

export function errorValue({ code, reason, upstream, message }: Why): Value {
  const fields: readonly (readonly [string, Value])[] = [
    ["code", BigInt(code)],
    ["reason", REASONS[reason]],
    ["upstream", upstream],
    ["message", message ?? UNKNOWN],
  ];
  return new MapValue(fields);
}
