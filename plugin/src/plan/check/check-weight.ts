// Compares the logic in a BFF with the bounds of its option `weight`. An excess is a warning and does not stop
// generation.

import { caution, type Report } from "../../diagnostic/diagnostic.ts";
import type { WeightBudget } from "../../options/parameter.ts";
import type { Plan } from "../model/plan.ts";
import { weightOf } from "./weight.ts";

export function checkWeight(plan: Plan, budget: WeightBudget, report: Report): void {
  if (Object.keys(budget).length === 0) return;
  const { blocks, overlaps } = weightOf(plan);
  const { logic: mostLogic, headers: mostHeaders, overlap: mostOverlap } = budget;
  for (const { block, name, logic } of blocks) {
    if (mostLogic === undefined || logic <= mostLogic) continue;
    const at = block.kind === "permit" ? block.at : block.ir.at;
    caution(report, "BFF576", at, {
      message: `"${name}" has ${logic} operations, but the limit is ${mostLogic}`,
      hint: `move rules that all clients need to an upstream, compose parts as separate messages, or raise the limit with "weight=logic:${logic}"`,
    });
  }
  for (const { name, onHeaders } of blocks) {
    const first = onHeaders[mostHeaders ?? Number.POSITIVE_INFINITY];
    if (first === undefined) continue;
    caution(report, "BFF578", first, {
      message: `"${name}" branches ${times(onHeaders.length)} on client headers, but the limit is ${mostHeaders}`,
      hint: `write a BFF per kind of client, or raise the limit with "weight=headers:${onHeaders.length}"`,
    });
  }
  for (const { packages, reads, logic } of overlaps) {
    const most = Math.max(reads, logic);
    const [first, second] = packages.map((name) =>
      plan.files.find(({ desc, services }) => desc.proto.package === name && services.length > 0),
    );
    const [at, related] = [second, first].map((file) => file?.services[0]?.methods[0]?.method.ir);
    if (mostOverlap === undefined || most <= mostOverlap || at === undefined || related === undefined) continue;
    caution(report, "BFF577", at.at, {
      message: `"${packages[0]}" and "${packages[1]}" share ${reads} % of their reads and ${logic} % of their logic, but the limit is ${mostOverlap} %`,
      related: [{ at: related.at, message: "the other package" }],
      hint: `compose messages of one package in both, serve both kinds of clients from one BFF, or raise the limit with "weight=overlap:${most}"`,
    });
  }
}

function times(n: number): string {
  if (n === 1) return "once";
  return n === 2 ? "twice" : `${n} times`;
}
