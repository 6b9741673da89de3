// Compares idempotency levels. A change breaks a consumer only if it revokes a level that the consumer depends on.
import { type Change, type Facts, lostReliances } from "protoc-gen-bff/compiler";
import type { ContractMethod } from "./elements.ts";
import { reliancesInWords } from "./words.ts";

export function checkIdempotency(
  change: Change,
  { facts, reliesOn, vouchedBy }: ContractMethod,
  now: Facts,
  consumer: string,
): readonly { change: Change; severity: "break" | "note"; more: readonly string[] }[] {
  const lost = lostReliances(facts, now, reliesOn, vouchedBy.length > 0);
  const breaks = lost.length > 0;
  return [{ change, severity: breaks ? "break" : "note", more: breaks ? reliancesInWords(lost, consumer) : [] }];
}
