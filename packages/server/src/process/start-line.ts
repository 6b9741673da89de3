import type { ConfigFault } from "@protobff/runtime/internal/environment/env-reader";
import type { LogFormat } from "../logs/server-log.ts";

/** Addresses of a server besides that of its RPCs. */
interface Shown {
  /** Address of the admin port. */
  readonly admin: string | undefined;
  /** True if it has the live page. */
  readonly explorer?: boolean;
  /** True if it has tools for agents. */
  readonly tools?: boolean;
  /** Names of mocked upstreams. */
  readonly mocked?: readonly string[];
}

/** Formats the line that a server prints once it is up. */
export function startLine(url: string, shown: Shown, format: LogFormat | "off"): string {
  const metrics = shown.admin && `${shown.admin}/metrics`;
  const explorer = shown.explorer ? shown.admin && `${shown.admin}/` : undefined;
  const tools = shown.tools ? `${url}/mcp` : undefined;
  const mocked = shown.mocked?.length ? shown.mocked : undefined;
  if (format === "json") {
    const event = { event: "listening", url, metrics, explorer, tools, mocked };
    return `${JSON.stringify({ time: new Date().toISOString(), ...event })}
`;
  }
  const also = [
    metrics && `metrics: ${metrics}`,
    explorer && `explorer: ${explorer}`,
    tools && `tools: ${tools}`,
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
