import type { FairShare } from "@protobff/messages/options.js";
import { fault, type Report } from "../../diagnostic/diagnostic.ts";
import type { IrFairShare } from "../../ir/edge.ts";
import { count, type Declared, expression } from "../values/values.ts";

/** Reads the fair shares of a package. */
export function readFairShare({ value, place }: Declared<FairShare>, report: Report): IrFairShare | undefined {
  const key = expression(value.key, place, "key", report);
  const weight = expression(value.weight, place, "weight", report);
  const queue = count(value.queue, place, "queue", "write the number of calls of one key that may wait", report);
  if (value.key === undefined) {
    fault(report, "BFF525", place.at, {
      message: "these fair shares have no `key`",
      hint: 'add what differs between callers, such as `key: "principal.tenant"`',
    });
  }
  return key && { at: place.at, key, weight, queue };
}
