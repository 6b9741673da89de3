// Compares idempotency levels. A change breaks a consumer only if it revokes a level that the consumer depends on.
import type { Change, Facts } from "protoc-gen-bff/compiler";
import type { ContractMethod } from "./elements.ts";
import { reliancesInWords } from "./words.ts";

const LEVELS = ["IDEMPOTENCY_UNKNOWN", "IDEMPOTENT", "NO_SIDE_EFFECTS"];

export function checkIdempotency(
  change: Change,
  method: ContractMethod,
  now: Facts,
  consumer: string,
): readonly { change: Change; severity: "break" | "note"; more: readonly string[] }[] {
  const { facts, reliesOn, vouchedBy } = method;
  if (facts.kind !== "method" || now.kind !== "method") return [];
  const level = (name: string): number => LEVELS.indexOf(name);
  const isBelow = level(now.idempotency) < level(facts.idempotency);
  // The upstream cannot revoke a declaration of the consumer, but its own new level may contradict the declaration.
  const contradicts = vouchedBy.length > 0 && now.idempotency === "IDEMPOTENT";
  // An idempotent method may still be retried, but order and cache need a method without side effects.
  const lost = reliesOn.filter(
    (reliance) => now.idempotency !== "IDEMPOTENT" || reliance === "order" || reliance === "cache",
  );
  const breaks = lost.length > 0 && (isBelow || contradicts);
  return [{ change, severity: breaks ? "break" : "note", more: breaks ? reliancesInWords(lost, consumer) : [] }];
}
