import type { AttemptEvent } from "@protobff/runtime/internal/observer-calls";
import { Durations } from "./durations.ts";
import { labelled } from "./series.ts";
import type { Sample } from "./snapshot.ts";

type Outcome = Extract<AttemptEvent["outcome"], string> | Exclude<AttemptEvent["outcome"], string>["kind"];
/** The most frequent outcome first. */
const OUTCOMES: readonly Outcome[] = [
  ...([
    "ok",
    "status",
    "cancelled",
    "expired",
    "transport",
    "unprocessed",
    "refused",
    "invalid",
    "unsendable",
  ] as const),
];
const KINDS = ["first", "retry", "hedge"] as const;

/** Counters of the calls of one method. Counting a call formats no text. */
export class Callee extends Durations {
  readonly #attempts = new Float64Array(KINDS.length * OUTCOMES.length);

  constructor(
    { service, branch = "", shard = "" }: Pick<AttemptEvent, "service" | "branch" | "shard">,
    method: string,
  ) {
    super(labelled(["rpc_method", "upstream", "branch", "shard"], [method, service, branch, shard]));
  }
  attempted({ number, hedge, outcome }: Pick<AttemptEvent, "number" | "hedge" | "outcome">): void {
    const retry = number > 1 ? 1 : 0;
    const kind = hedge ? 2 : retry;
    const at = kind * OUTCOMES.length + OUTCOMES.indexOf(typeof outcome === "string" ? outcome : outcome.kind);
    this.#attempts[at] = (this.#attempts[at] ?? 0) + 1;
  }
  get attempts(): readonly Sample[] {
    return [...this.#attempts].flatMap((value, i) => {
      if (value === 0) return [];
      const kind = KINDS[Math.floor(i / OUTCOMES.length)] ?? "";
      const outcome = OUTCOMES[i % OUTCOMES.length] ?? "";
      return [{ labels: [...this.labels, "kind", kind, "outcome", outcome], value }];
    });
  }
}
