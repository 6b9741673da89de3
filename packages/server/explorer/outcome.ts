// Outcome of a step's call in one request. Events name RPCs, not steps: steps that call the same RPC share its outcome.
import type { ShownDetail, ShownSpan } from "../src/explorer/page-data.ts";

export interface Outcome {
  /** Also a class of the style sheet. */
  readonly is: "good" | "bad" | "running" | "none";
  readonly text: string;
}

/** Returns outcomes by `package.Service/Method`. */
export function outcomesOf({ spans }: ShownDetail): ReadonlyMap<string, Outcome> {
  const all = Map.groupBy(
    spans.filter(({ kind }) => kind === "call" || kind === "cache" || kind === "joined"),
    ({ name }) => name,
  );
  return new Map([...all].map(([name, some]) => [name, outcomeOf(some)]));
}

export const NOT_CALLED: Outcome = { is: "none", text: "not called" };

function outcomeOf(spans: readonly ShownSpan[]): Outcome {
  const calls = spans.filter((span) => span.kind === "call");
  if (calls.length > 0 && calls.every(({ outcome }) => outcome === "WAITING")) return { is: "none", text: "waiting" };
  const failed = calls.filter(({ outcome }) => !/^(OK|RUNNING|WAITING)$/.test(outcome));
  const words = new Set<string>();
  if (calls.length > 1) words.add(`${calls.length} calls`);
  for (const { outcome } of failed) words.add(outcome);
  if (calls.some(({ attempts }) => attempts.some(({ hedge }) => hedge))) words.add("hedged");
  if (calls.some(({ attempts }) => attempts.filter(({ hedge }) => !hedge).length > 1)) words.add("retried");
  for (const span of spans) if (span.kind === "cache" && span.outcome !== "missed") words.add(`cache ${span.outcome}`);
  if (spans.some(({ kind }) => kind === "joined")) words.add("shared an answer");
  if (failed.length > 0) return { is: "bad", text: [...words].join(", ") };
  if (calls.some(({ outcome }) => outcome === "RUNNING" || outcome === "WAITING"))
    return { is: "running", text: "running" };
  if (words.size > 0)
    return { is: words.has("retried") || words.has("hedged") ? "running" : "good", text: [...words].join(", ") };
  return { is: "good", text: "answered" };
}
