import { fault, type Report, type Text } from "../../diagnostic/diagnostic.ts";
import type { Model } from "../../resolve/model/model.ts";
import { revealsIn } from "../../resolve/model/reveals.ts";

/** Reports each `reveal` without a reason, or without a sensitive value. */
export function idleReveals({ ir }: Model, used: ReadonlySet<Text>, report: Report): void {
  for (const { reason } of ir.files.flatMap(revealsIn)) {
    if (reason.value.trim() === "")
      fault(report, "BFF585", reason.at, {
        message: "this `reveal` contains no reason",
        hint: "write the reason for which the value may leave the BFF",
      });
    else if (!used.has(reason))
      fault(report, "BFF585", reason.at, {
        message: "no sensitive value leaves the BFF here",
        hint: "leave out `reveal`",
      });
  }
}
