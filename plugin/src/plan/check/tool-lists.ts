import { caution, type Report } from "../../diagnostic/diagnostic.ts";
import type { Plan } from "../model/plan.ts";

/** About 32,000 tokens: a sixth of the context of large models, before the first question. */
const MAX_BYTES = 131_072;
const MAX_NAMED = 3;

/** Warns of servers whose list of tools is large: clients put the whole list into every conversation. */
export function checkToolLists({ servers }: Plan, report: Report): void {
  for (const { name, tools } of servers) {
    const bytes = tools.reduce((sum, tool) => sum + tool.bytes, 0);
    const largest = tools.toSorted((a, b) => b.bytes - a.bytes);
    const [first] = largest;
    if (first === undefined || bytes <= MAX_BYTES) continue;
    caution(report, "BFF710", first.of.rpc.at, {
      message: `the list of tools of "${name}" has ${bytes} bytes, more than ${MAX_BYTES}; ${first.bytes} are of this rpc`,
      related: largest.slice(1, MAX_NAMED).map(({ of, bytes }) => ({ at: of.rpc.at, message: `${bytes} bytes` })),
      hint: "take tools out with `tool: { off: true }`, or serve packages apart",
    });
  }
}
