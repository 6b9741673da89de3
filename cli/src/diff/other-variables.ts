import type { LimitReport } from "protoc-gen-bff/compiler";
import type { Finding, Kind, Phrase } from "./finding.ts";

/** Compares the variables that numbers of options come from, with their bounds and defaults. */
export function otherVariables(
  kind: Kind,
  message: Phrase,
  before: LimitReport["variables"],
  after: LimitReport["variables"],
): readonly Omit<Finding, "where">[] {
  const [from, to] = [text(before), text(after)];
  return from === to ? [] : [{ kind, level: "different", message, before: [{ code: from }], after: [{ code: to }] }];
}

function text(variables: LimitReport["variables"] = {}): string {
  const all = Object.entries(variables).map(([number, { env, min, max, default: preset }]) => {
    const unset = preset === undefined ? "" : `, by default ${preset}`;
    return `${number}: env.${env} (${min} to ${max}${unset})`;
  });
  return all.length === 0 ? "none" : all.join("; ");
}
