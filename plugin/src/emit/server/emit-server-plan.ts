// `server_plan.ts`: the plan as data, for the live page of a server.
import type { GeneratedFile } from "@bufbuild/protoplugin";
import type { PlanMessage } from "../../plan/model/messages.ts";
import type { PlanServer } from "../../plan/model/plan.ts";
import { reportOf } from "../../report/describe-report.ts";

/** A line for each rpc, message and service. */
export function emitServerPlan(server: PlanServer, messages: ReadonlyMap<string, PlanMessage>, f: GeneratedFile): void {
  const [first] = server.files;
  if (first === undefined) return;
  f.preamble(first.desc);
  f.print("/** The plan that the live page draws: as from `plan=json`, without wire formats. */");
  f.print("export const PLAN: readonly unknown[] = [");
  for (const file of server.files) {
    const { version, file: name, rpcs, services = [], messages: composed } = reportOf(file, messages);
    f.print("  {");
    f.print(`    "version": ${version},`);
    f.print(`    "file": ${JSON.stringify(name)},`);
    for (const [key, all] of Object.entries({ rpcs, services, messages: composed })) {
      f.print(`    "${key}": [`);
      for (const line of all) f.print(`      ${JSON.stringify(line)},`);
      f.print("    ],");
    }
    f.print("  },");
  }
  f.print("];");
}
