import type { ConfigFault } from "@protobff/runtime/internal/environment/env-reader";
import type { LogFormat } from "../logs/server-log.ts";

/**
 * Formats the line that a server prints once it is up.
 *
 * @param shown address of its admin port, presence of the live page, and names of mocked upstreams
 */
export function startLine(
  url: string,
  shown: { readonly admin: string | undefined; readonly explorer?: boolean; readonly mocked?: readonly string[] },
  format: LogFormat | "off",
): string {
  const metrics = shown.admin && `${shown.admin}/metrics`;
  const explorer = shown.explorer ? shown.admin && `${shown.admin}/` : undefined;
  const mocked = shown.mocked?.length ? shown.mocked : undefined;
  if (format === "json") {
    const event = { event: "listening", url, metrics, explorer, mocked };
    return `${JSON.stringify({ time: new Date().toISOString(), ...event })}
`;
  }
  const also = [
    metrics && `metrics: ${metrics}`,
    explorer && `explorer: ${explorer}`,
    mocked && `mocked: ${mocked.join(" ")}`,
  ].filter((part) => part !== undefined);
  return `listening on ${url}${also.length === 0 ? "" : ` (${also.join(", ")})`}
`;
}

/** Why it does not start: the faults of its configuration, a line for each variable. */
export function explainFaults(name: string, faults: readonly ConfigFault[], format: LogFormat | "off"): string {
  // Several parts may read one variable.
  const all = new Map(faults.map((fault) => [`${fault.variable} ${fault.problem}; write ${fault.remedy}`, fault]));
  const why = `${all.size === 1 ? "1 variable is" : `${all.size} variables are`} missing or malformed`;
  if (format === "json") return cannotStart(name, why, format, [...all.values()]);
  return `${cannotStart(name, why, format)}${[...all.keys()].map((line) => `  ${line}\n`).join("")}`;
}

/** @param faults faults of the configuration, in JSON too */
export function cannotStart(
  name: string,
  why: string,
  format: LogFormat | "off",
  faults?: readonly Pick<ConfigFault, "variable" | "problem" | "remedy">[],
): string {
  if (format !== "json") return `${name} cannot start: ${why}\n`;
  return `${JSON.stringify({ time: new Date().toISOString(), event: "cannot start", name, why, faults })}\n`;
}
