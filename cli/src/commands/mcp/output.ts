import { Command, CommanderError } from "commander";
import type { Terminal } from "../../terminal.ts";
import { Refusal } from "../../terminal.ts";

/** Project of a session, and the end of a call. */
export interface Workplace {
  /** Folder of the project. */
  readonly root: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly ended: AbortSignal;
}
/** Output of a command. */
export interface Output {
  /** True if the command was refused. */
  readonly isError: boolean;
  readonly text: string;
}

/** Returns a terminal whose output is kept. */
export function keptTerminal(cwd: string, env: Terminal["env"], keep: (text: string) => void): Terminal {
  return {
    cwd,
    env,
    hasColours: false,
    exitCode: 0,
    write: keep,
    error: (line) => keep(`${line}\n`),
    progress: () => () => {},
    confirm: async () => true,
  };
}

/** Runs a command in a folder. */
export async function outputOf(
  add: (program: Command, terminal: Terminal) => void,
  args: readonly string[],
  cwd: string,
  env: Terminal["env"],
): Promise<Output> {
  let text = "";
  const keep = (more: string): void => {
    text += more;
  };
  const program = new Command("protobff").exitOverride().configureOutput({ writeOut: keep, writeErr: keep });
  add(program, keptTerminal(cwd, env, keep));
  try {
    await program.parseAsync(args, { from: "user" });
    return { isError: false, text };
  } catch (thrown) {
    if (thrown instanceof Refusal) return { isError: true, text: `${text}${thrown.message}` };
    if (thrown instanceof CommanderError) return { isError: true, text };
    throw thrown;
  }
}
