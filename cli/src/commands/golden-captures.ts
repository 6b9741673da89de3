// `protobff golden from-captures`: requests of captured traffic for a golden file.
import { existsSync, globSync } from "node:fs";
import { join, resolve } from "node:path";
import { MAX_GOLDEN_BYTES, parseGolden, renderGolden } from "../golden/document.ts";
import { readGenConfig } from "../project/gen-config.ts";
import { count, Refusal, type Terminal } from "../terminal.ts";
import { runReplayProgram } from "./replay-program.ts";
import { writeText } from "./text-file.ts";

interface Options {
  readonly file: string;
  readonly server?: string;
  readonly asCaptured?: boolean;
  readonly update?: boolean;
  readonly url?: string;
  readonly junit?: string;
  readonly writes?: boolean;
}

/** As packages/replay/src/golden/run-golden.ts prints it. */
interface Result {
  readonly note: string;
  readonly examples: readonly object[];
  readonly lines: readonly string[];
  readonly isIncomplete: boolean;
}

/** Writes the file, and prints what the traffic never reached. */
export async function goldenFromCaptures(
  captures: readonly string[],
  options: Options,
  terminal: Terminal,
): Promise<void> {
  const { file, asCaptured, update = false } = options;
  const wrong = (["url", "junit", "writes"] as const).find((name) => options[name] !== undefined);
  if (wrong !== undefined) throw new Refusal(`from-captures has no --${wrong}: use record or check`, 2);
  if (captures.length === 0) throw new Refusal("captures are missing: name files that BFF_CAPTURE wrote", 2);
  if (!update && existsSync(resolve(terminal.cwd, file)))
    throw new Refusal(`${file} exists: --update replaces it, or name another --file`, 2);
  const server = options.server ?? serverOf(terminal.cwd);
  let output = "";
  const status = await runReplayProgram(JSON.stringify({ golden: captures, server, asCaptured }), terminal, (text) => {
    output += text;
  });
  if (status !== 0) {
    terminal.exitCode = status === 2 ? 2 : 1;
    return;
  }
  const { note, examples, lines, isIncomplete } = JSON.parse(output) as Result;
  for (const line of lines) terminal.write(`${line}\n`);
  if (isIncomplete) terminal.exitCode = 2;
  if (examples.length === 0) throw new Refusal("no request is left for the file: see above", 2);
  // The same checks as of a file that was written by hand.
  const text = renderGolden(parseGolden(JSON.stringify({ note, examples }), file));
  if (Buffer.byteLength(text) > MAX_GOLDEN_BYTES)
    throw new Refusal(`${file} would have more than ${MAX_GOLDEN_BYTES} bytes: name fewer captures`, 2);
  writeText(file, terminal.cwd, text);
  terminal.write(`wrote ${count(examples.length, "example")} to ${file}\n`);
}

/** Returns the generated server, if there is one. */
function serverOf(cwd: string): string {
  const { out } = readGenConfig(cwd);
  const found = globSync("**/server.ts", { cwd: join(cwd, out), exclude: (name) => name === "node_modules" });
  const [only, ...more] = found.sort().map((path) => join(out, path));
  if (only === undefined) throw new Refusal("--server is missing: write --server generated/web/v1/server.ts", 2);
  if (more.length > 0) throw new Refusal(`--server is missing: write one of ${[only, ...more].join(", ")}`, 2);
  return only;
}
