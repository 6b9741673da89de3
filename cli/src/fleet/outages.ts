// Outcomes of an rpc while one upstream is down.
import { codeName, outageOf, type Prediction } from "protoc-gen-bff/compiler";
import type { OutageEntry } from "./document.ts";
import { type PlanFile, type PlannedRpc, servicesOf } from "./read-plan.ts";

/** Returns the outcomes for each service that an rpc calls. */
export function outagesOf(
  bff: string,
  planned: PlannedRpc,
  { behaviour }: PlanFile,
): readonly (readonly [service: string, entry: OutageEntry])[] {
  const { rpc, withoutNats } = planned;
  return servicesOf(planned).map((service) => {
    const all = planned.methods.filter((method) => method.startsWith(`${service}/`));
    const onlyTopics = all.every((method) => withoutNats.has(method));
    const found = outcomeIn(behaviour, rpc, service);
    return [service, { bff, rpc, ...found, ...(onlyTopics && { without_nats: true as const }) }];
  });
}

type Outcome = Pick<OutageEntry, "outcome" | "codes" | "missing" | "why">;

function outcomeIn(behaviour: PlanFile["behaviour"], rpc: string, service: string): Outcome {
  try {
    const found = behaviour.rpcs.find((candidate) => candidate.rpc === rpc);
    if (found === undefined) return { outcome: "unknown", why: "the plan has no predictions for it" };
    return outcomeEntry(outageOf(behaviour, found, service));
  } catch (error) {
    // A plan of another program, or a damaged one.
    return {
      outcome: "unknown",
      why: `the plan cannot be evaluated: ${error instanceof Error ? error.message : error}`,
    };
  }
}

function outcomeEntry(prediction: Prediction | undefined): Outcome {
  if (prediction === undefined) return { outcome: "not reached" };
  if (prediction.kind === "unpredictable") return { outcome: "unknown", why: prediction.why };
  if (prediction.kind === "status") return { outcome: "fails", codes: prediction.codes.map(codeName) };
  const byPath = Map.groupBy(prediction.entries, ({ path }) => path.replace(/\[("(\\.|[^"\\])*"|[^\]]*)\]/g, "[*]"));
  const missing = [...byPath].map(([path, entries]) => ({
    path,
    effects: [...new Set(entries.flatMap(({ effects }) => effects))],
    ...(entries.every(({ optional }) => optional) && { perhaps: true as const }),
  }));
  return missing.length === 0 ? { outcome: "complete" } : { outcome: "degraded", missing };
}
