// Runs h2spec, which checks a server for every rule of RFC 9113 and RFC 7541: https://github.com/summerwind/h2spec
import { spawn } from "node:child_process";
import { goTool } from "./clients/go-tools.ts";

const COMMAND = "github.com/summerwind/h2spec/cmd/h2spec";
/** The newest version that is a Go module; 2.6.0, which is none, has one more check. */
const VERSION = "v2.2.1+incompatible";

export interface Report {
  readonly testCount: number;
  /** As `h2 5.1/8`, each with what was expected and what came. */
  readonly failed: Readonly<Record<string, string>>;
  readonly text: string;
}

const GROUPS: readonly (readonly [heading: string, short: string])[] = [
  ["Generic tests", "generic"],
  ["Hypertext Transfer Protocol", "h2"],
  ["HPACK", "hpack"],
];

/**
 * @param more sections such as `http2/5.1`, and flags
 * @throws when it does not run to its end
 */
export async function h2spec(port: number, tls: boolean, more: readonly string[] = []): Promise<Report> {
  const where = ["--host", "127.0.0.1", "--port", String(port), ...(tls ? ["--tls", "--insecure"] : [])];
  const child = spawn(goTool(COMMAND, VERSION), [...where, "--strict", ...more], { stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  await new Promise((resolve, reject) => child.once("close", resolve).once("error", reject));
  return reportOf(text);
}

/** @throws for what is no whole output of it */
export function reportOf(text: string): Report {
  const end = /^(\d+) tests?, (\d+) passed, (\d+) skipped, (\d+) failed/m.exec(text);
  if (end === null) throw new Error(`h2spec did not come to its end:\n${text.slice(-2000)}`);
  const failed: Record<string, string> = {};
  let [group, section, last] = ["", "", ""];
  for (const line of (text.split(/^Failures: *$/m)[1] ?? "").split("\n")) {
    const heading = GROUPS.find(([heading]) => line.startsWith(heading));
    const inside = /^\s+(\d+(?:\.\d+)*)\. /.exec(line);
    const test = /^\s+× (\d+): (.*)$/.exec(line);
    if (heading !== undefined) group = heading[1];
    else if (inside !== null) section = inside[1] ?? "";
    else if (test !== null) {
      last = `${group} ${section}/${test[1]}`;
      failed[last] = test[2] ?? "";
    } else if (last !== "" && line.trim() !== "" && /^\s/.test(line)) failed[last] += ` ${line.trim()}`;
  }
  const [testCount, , skipped, failures] = end.slice(1).map(Number);
  if (skipped !== 0 || Object.keys(failed).length !== failures)
    throw new Error(`not understood:\n${text.slice(-2000)}`);
  return { testCount: testCount ?? 0, failed, text };
}
