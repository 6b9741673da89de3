// The plan's output: a file beside each `_bff.ts` that has services.

import type { BehaviourReport } from "../faults/index.ts";
import { fullName } from "../model/full-name.ts";
import type { PlanFormat } from "../options/parameter.ts";
import type { Plan } from "../plan/model/plan.ts";
import { mermaidOf } from "./describe-mermaid.ts";
import { fileBlocks, rpcBlocks } from "./describe-plan.ts";
import { type FileReport, reportOf } from "./describe-report.ts";
import { weightFiles } from "./describe-weight.ts";
import { behaviourOf } from "./faults/describe-behaviour.ts";

/** Another module creates the table of faults. */
type Described = Exclude<PlanFormat, "faults">;
const ENDING: Readonly<Record<Exclude<Described, "weight">, string>> = {
  json: "_plan.json",
  mermaid: "_plan.mmd",
  text: "_plan.txt",
};
/**
 * Returns one report of the run, or one of each file: `web/v1/web.proto` → `web/v1/web_plan.json`. Files without
 * services have no report.
 */
export function planFiles(
  plan: Plan,
  format: Described,
): readonly { readonly name: string; readonly content: string }[] {
  if (format === "weight") return weightFiles(plan);
  const messages = messagesIn(plan);
  return servingFiles(plan).map((file) => {
    const name = `${file.desc.name}${ENDING[format]}`;
    if (format === "text") return { name, content: `${fileBlocks(file, messages).join("\n\n")}\n` };
    const report = reportOf(file, messages);
    if (format === "mermaid") return { name, content: mermaidOf(report) };
    return { name, content: jsonOf(report, behaviourOf(file, plan)) };
  });
}

/** Returns the reports of `plan=json` as a reader of the files has them, without their behaviour. */
export function planReports(plan: Plan): readonly FileReport[] {
  const messages = messagesIn(plan);
  const reports = servingFiles(plan).map((file) => reportOf(file, messages));
  return JSON.parse(JSON.stringify(reports)) as readonly FileReport[];
}

function messagesIn({ messages }: Plan): ReadonlyMap<string, Plan["messages"][number]> {
  return new Map(messages.map((message) => [message.composed.desc.typeName, message]));
}
function servingFiles({ files }: Plan): readonly Plan["files"][number][] {
  return files.filter(({ services }) => services.length > 0);
}

/**
 * Returns the plan of one rpc as text and as a Mermaid flowchart; undefined if the run has no such rpc.
 *
 * @param rpc its full name: "web.v1.WebService/GetPage"
 *
 * @example
 * const text = describeRpc(plan, "web.v1.WebService/GetPage")?.text;
 */
export function describeRpc(plan: Plan, rpc: string): { readonly text: string; readonly mermaid: string } | undefined {
  const messages = messagesIn(plan);
  for (const file of plan.files) {
    const service = file.services.find(({ desc }) => rpc.startsWith(`${desc.typeName}/`));
    const method = service?.methods.find(({ method }) => rpc === fullName(method.desc));
    if (service === undefined || method === undefined) continue;
    const alone = { ...file, services: [{ ...service, methods: [method] }] };
    return { text: rpcBlocks(alone, messages).join("\n\n"), mermaid: mermaidOf(reportOf(alone, messages)) };
  }
  return undefined;
}

/** Prints data that only tools read on one line for each rpc, message and answer. */
function jsonOf(report: FileReport, behaviour: BehaviourReport): string {
  const text = JSON.stringify(report, undefined, 2).replace(/\n\}$/, "");
  const sections = Object.entries(behaviour).map(([name, of]) => `    "${name}": ${linesOf(of)}`);
  return `${text},\n  "behaviour": {\n${sections.join(",\n")}\n  }\n}\n`;
}
function linesOf(of: object): string {
  const list = Array.isArray(of);
  const lines = Object.entries(of).map(
    ([name, report]) => `      ${list ? "" : `${JSON.stringify(name)}: `}${JSON.stringify(report)}`,
  );
  const [open, close] = list ? "[]" : "{}";
  return lines.length === 0 ? `${open}${close}` : `${open}\n${lines.join(",\n")}\n    ${close}`;
}
