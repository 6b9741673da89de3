// Compares the logic in a BFF with the bounds of its option `weight`. An excess is a warning and does not stop
// generation.
import type { Report } from "../../diagnostic/diagnostic.ts";
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
    report({
      code: "BFF576",
      severity: "warning",
      message: `"${name}" has ${logic} operations of its own, and ${mostLogic} are allowed`,
      at,
      hint: `let an upstream decide what every client needs, compose parts of it as messages of their own, or allow "weight=logic:${logic}"`,
    });
  }
  for (const { name, onHeaders } of blocks) {
    const first = onHeaders[mostHeaders ?? Number.POSITIVE_INFINITY];
    if (first === undefined) continue;
    report({
      code: "BFF578",
      severity: "warning",
      message: `"${name}" branches ${times(onHeaders.length)} on headers of its clients, and ${mostHeaders === 0 ? "none is" : `${mostHeaders} are`} allowed`,
      at: first,
      hint: `give clients that differ BFFs of their own, or allow "weight=headers:${onHeaders.length}"`,
    });
  }
  for (const { packages, reads, logic } of overlaps) {
    const most = Math.max(reads, logic);
    const [one, other] = packages.map((name) =>
      plan.files.find(({ desc, services }) => desc.proto.package === name && services.length > 0),
    );
    const [at, related] = [other, one].map((file) => file?.services[0]?.methods[0]?.method.ir);
    if (mostOverlap === undefined || most <= mostOverlap || at === undefined || related === undefined) continue;
    report({
      code: "BFF577",
      severity: "warning",
      message: `"${packages[0]}" and "${packages[1]}" have ${reads} % of their reads and ${logic} % of their logic in common, and ${mostOverlap} % are allowed`,
      at: at.at,
      related: [{ at: related.at, message: "the other one" }],
      hint: `compose messages of one package in both, serve both kinds of clients from one BFF, or allow "weight=overlap:${most}"`,
    });
  }
}

function times(n: number): string {
  if (n === 1) return "once";
  return n === 2 ? "twice" : `${n} times`;
}
