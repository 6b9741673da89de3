// Steps of live answers that nothing runs again.
import { nameOf } from "../../check/check.ts";
import { caution, type Report } from "../../diagnostic/diagnostic.ts";
import type { Plan } from "../model/plan.ts";

/** Reports steps with calls that no trigger of a live answer reaches: their fields stay as they were at the opening. */
export function checkUnreachedSteps({ files }: Plan, report: Report): void {
  for (const { method, live } of files.flatMap(({ services }) => services).flatMap(({ methods }) => methods))
    for (const step of live?.unreached ?? [])
      caution(report, "BFF639", step.ir.name?.at ?? step.ir.at, {
        message: `nothing in \`live\` of "${method.desc.name}" runs ${nameOf(step)} again: fields that need it keep their first value`,
        related: [{ at: method.ir.live?.at ?? method.ir.at, message: "the live answer" }],
        hint: 'give its call a `cache` with a `tag`, and name the tag in `on`; or write `every: "30s"` in `live`',
      });
}
