// An upstream that is down ends requests as its open breaker does, apart from reasons: cells of open breakers cover all
// calls of a service, and the oracle agrees with them.
import { expect, test } from "vitest";
import { tableOf } from "../../../plugin/src/faults/cells.ts";
import { outageOf } from "../../../plugin/src/faults/outage.ts";
import type { Prediction } from "../../../plugin/src/faults/predict.ts";
import { protosOf } from "../../proofs/load/generate-bff.ts";
import { every, mobile, second, web, workedExample } from "../../proofs/matrix/bffs.ts";
import { behavioursOf } from "../faults/cases.ts";

/** Returns what a client sees, without the reasons. */
function seen(prediction: Prediction | undefined): unknown {
  if (prediction === undefined) return "not called";
  if (prediction.kind === "unpredictable") return "unpredictable";
  if (prediction.kind === "status") return prediction.codes;
  return prediction.entries.map(({ path, effects, optional }) => `${path} ${effects.join("|")}${optional ? "?" : ""}`);
}

test.each([web, mobile, second, every, workedExample])("$name without each of its upstreams", (bff) => {
  let compared = 0;
  const different: unknown[] = [];
  for (const behaviour of behavioursOf(protosOf(bff, true), bff.targets))
    for (const rpc of behaviour.rpcs) {
      const { healthy, cells } = tableOf(behaviour, rpc);
      for (const { call, fault, prediction, followed, left } of cells) {
        const service = call.slice(0, call.lastIndexOf("/"));
        const isWhole = behaviour.breakers[service] === "service" && behaviour.breakers[call] === undefined;
        if (fault !== "breaker open" || !isWhole || left !== undefined || followed !== undefined) continue;
        if (prediction?.kind === "unpredictable" || healthy.kind === "status") continue;
        compared++;
        const found = outageOf(behaviour, rpc, service);
        if (JSON.stringify(seen(found)) !== JSON.stringify(seen(prediction)))
          different.push({ rpc: rpc.rpc, call, found: seen(found), breaker: seen(prediction) });
      }
    }
  expect(different).toEqual([]);
  expect(compared).toBeGreaterThan(1);
});
