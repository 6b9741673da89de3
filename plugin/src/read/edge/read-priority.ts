import { type MethodRule, Priority } from "@protobff/messages/options.js";
import { fault, type Report, type Sourced } from "../../diagnostic/diagnostic.ts";
import type { IrPriority } from "../../ir/edge.ts";
import type { Place } from "../source/place.ts";
import { sourced } from "../values/values.ts";

const PRIORITIES: { readonly [value in Priority]?: IrPriority } = {
  [Priority.LOW]: "low",
  [Priority.NORMAL]: "normal",
  [Priority.HIGH]: "high",
};

/** Reads the class of an rpc under overload. */
export function readPriority(
  { priority: value }: MethodRule,
  place: Place,
  report: Report,
): Sourced<IrPriority> | undefined {
  const setting = sourced(value, place, "priority");
  if (setting === undefined) return undefined;
  const priority = PRIORITIES[setting.value];
  if (priority !== undefined) return { value: priority, at: setting.at };
  fault(report, "BFF194", setting.at, {
    message: '"PRIORITY_UNSPECIFIED" is not a class of requests',
    hint: "write LOW, NORMAL or HIGH, or leave it out",
  });
  return undefined;
}
