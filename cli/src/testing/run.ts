import { main } from "../main.ts";
import type { Terminal } from "../terminal.ts";

/** Output of a command, and its exit code. */
export interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `protobff <args>` in this process, as in a pipe. */
export async function run(args: readonly string[], cwd: string, env: Terminal["env"] = {}): Promise<Ran> {
  let stdout = "";
  let stderr = "";
  const terminal: Terminal = {
    cwd,
    env,
    hasColours: false,
    exitCode: 0,
    write: (text) => {
      stdout += text;
    },
    error: (line) => {
      stderr += `${line}\n`;
    },
    progress: () => () => {},
    confirm: async () => true,
  };
  const exitCode = await main(args, terminal);
  return { exitCode, stdout, stderr };
}
