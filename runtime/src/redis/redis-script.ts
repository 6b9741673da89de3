import { createHash } from "node:crypto";
import type { Commands } from "./connection.ts";

/** A script of Redis, and its identifier there once it has run. */
export interface Script {
  readonly text: string;
  readonly sha: string;
}
export function script(text: string): Script {
  return { text, sha: createHash("sha1").update(text).digest("hex") };
}

/** Runs a script. A Redis without the script, or that has lost it, replies NOSCRIPT and has done nothing. */
export async function runScript(
  commands: Pick<Commands, "eval" | "evalSha">,
  { text, sha }: Script,
  keys: string[],
  args: (string | Buffer)[],
): Promise<unknown> {
  const options = { keys, arguments: args };
  try {
    return await commands.evalSha(sha, options);
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw error;
    return commands.eval(text, options);
  }
}
