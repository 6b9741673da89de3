// The plan's output: a file beside each `_bff.ts` that has services.
import type { PlanFormat } from "../parameter.ts";
import { mermaidOf } from "./describe-mermaid.ts";
import { fileBlocks } from "./describe-plan.ts";
import { reportOf } from "./describe-report.ts";
import type { Plan } from "./plan.ts";

const ENDING: Readonly<Record<PlanFormat, string>> = { json: "_plan.json", mermaid: "_plan.mmd", text: "_plan.txt" };

/** `web/v1/web.proto` → `web/v1/web_plan.json`. Files without services have no plan of their own. */
export function planFiles(
  plan: Plan,
  format: PlanFormat,
): readonly { readonly name: string; readonly content: string }[] {
  const messages = new Map(plan.messages.map((message) => [message.composed.desc.typeName, message]));
  return plan.files
    .filter((file) => file.services.length > 0)
    .map((file) => {
      const name = `${file.desc.name}${ENDING[format]}`;
      if (format === "text") return { name, content: `${fileBlocks(file, messages).join("\n\n")}\n` };
      const report = reportOf(file, messages);
      return { name, content: format === "json" ? `${JSON.stringify(report, undefined, 2)}\n` : mermaidOf(report) };
    });
}
