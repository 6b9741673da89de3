// Whether another idempotency level breaks a consumer: only a level that is taken back does, and only one that something rests on.
import type { Change, Facts } from "protoc-gen-bff/compiler";
import type { ContractMethod } from "./elements.ts";
import { reliancesInWords } from "./words.ts";

const LEVELS = ["IDEMPOTENCY_UNKNOWN", "IDEMPOTENT", "NO_SIDE_EFFECTS"];

export function judgeIdempotency(
  change: Change,
  method: ContractMethod,
  now: Facts,
  consumer: string,
): readonly { change: Change; severity: "break" | "note"; more: readonly string[] }[] {
  const { facts, reliesOn, vouchedBy } = method;
  if (facts.kind !== "method" || now.kind !== "method") return [];
  const level = (name: string): number => LEVELS.indexOf(name);
  const isBelow = level(now.idempotency) < level(facts.idempotency);
  // On the consumer's own word nothing is taken back, but what the upstream says now may speak against it.
  const contradicts = vouchedBy.length > 0 && now.idempotency === "IDEMPOTENT";
  // What is idempotent may still be sent again.
  const lost = reliesOn.filter((one) => now.idempotency !== "IDEMPOTENT" || one === "order" || one === "cache");
  const breaks = lost.length > 0 && (isBelow || contradicts);
  return [{ change, severity: breaks ? "break" : "note", more: breaks ? reliancesInWords(lost, consumer) : [] }];
}
