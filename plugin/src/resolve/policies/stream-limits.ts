// `limit.streams`: maximum number of open streams. It is reported for methods with single answers, for which it has no
// effect.

import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { fault, type Report } from "../../diagnostic/diagnostic.ts";
import type { IrPolicy } from "../../ir/step.ts";
import { fullName } from "../../model/full-name.ts";

/** @param of the target of the policy: a method, or all of a service; undefined: every upstream */
export function checkStreamLimit(policy: IrPolicy, of: DescMethod | DescService | undefined, report: Report): void {
  const setting = policy.limit?.streams;
  if (setting === undefined || of === undefined) return;
  const methods = of.kind === "rpc" ? [of] : of.methods;
  if (methods.some(({ methodKind }) => methodKind === "server_streaming")) return;
  const why = of.kind === "rpc" ? `"${fullName(of)}" returns a single answer` : `no rpc of "${of.typeName}" streams`;
  fault(report, "BFF635", setting.at, {
    message: `\`limit.streams\` limits open streams, but ${why}`,
    hint: "leave it out, or write `concurrent`, the maximum number of calls at a time",
  });
}
