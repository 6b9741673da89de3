// The command for people: `protobff <word>`. Each word is a file in commands/.
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { addContract } from "./commands/contract.ts";
import { addDev } from "./commands/dev.ts";
import { addDiff } from "./commands/diff.ts";
import { addExplain } from "./commands/explain.ts";
import { addGolden } from "./commands/golden.ts";
import { addInit } from "./commands/init.ts";
import { addInitResolvers } from "./commands/init-resolvers.ts";
import { addLsp } from "./commands/lsp.ts";
import { addMirror } from "./commands/mirror.ts";
import { addPlan } from "./commands/plan.ts";
import { addProtos } from "./commands/protos.ts";
import { addReference } from "./commands/reference.ts";
import { addReplay } from "./commands/replay.ts";
import { addRoutes } from "./commands/routes.ts";
import { addTune } from "./commands/tune.ts";
import { addUses } from "./commands/uses.ts";
import { addVerify } from "./commands/verify.ts";
import { addWhatIf } from "./commands/whatif.ts";
import { Refusal } from "./refusal.ts";
import { ofProcess, type Terminal } from "./terminal.ts";

/** Adds a command: its options, its help, its action. */
export type AddWord = (program: Command, terminal: Terminal) => void;

const WORDS: readonly AddWord[] = [
  addInit,
  addDev,
  addDiff,
  addProtos,
  addInitResolvers,
  addReference,
  addUses,
  addContract,
  addVerify,
  addGolden,
  addRoutes,
  addMirror,
  addPlan,
  addWhatIf,
  addReplay,
  addTune,
  addExplain,
  addLsp,
];

/** Exit codes: 0 success; 1 a fault in the examined input; 2 an invalid command line. */
export type ExitCode = 0 | 1 | 2;

/**
 * Runs one command. Faults of users are printed on standard error without a stack trace.
 *
 * @param args without the names of Node and of the file
 */
export async function main(args: readonly string[], terminal: Terminal = ofProcess()): Promise<ExitCode> {
  const program = programOf(terminal);
  try {
    await program.parseAsync(args, { from: "user" });
    return terminal.exitCode;
  } catch (thrown) {
    // Help and the version end by a throw, too.
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
    if (thrown instanceof Refusal) {
      terminal.error(thrown.message);
      return thrown.exitCode;
    }
    terminal.error("protobff failed because of a bug in it, please report it:");
    terminal.error(thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown));
    return 1;
  }
}

/** Returns the program with all of its commands. */
export function programOf(terminal: Terminal): Command {
  const program = new Command("protobff")
    .description("Creates, runs, reviews and explains backends-for-frontends that protoc-gen-bff generates.")
    .version(version(), "-v, --version")
    .showSuggestionAfterError()
    .showHelpAfterError("(run with --help for usage)")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.write(text),
      writeErr: (text) => terminal.error(text.trimEnd()),
      getOutHasColors: () => terminal.hasColours,
      getErrHasColors: () => terminal.hasColours,
    });
  for (const add of WORDS) add(program, terminal);
  return program;
}

function version(): string {
  const manifest: { readonly version: string } = JSON.parse(
    readFileSync(new URL("../package.json", import.meta.url), "utf8"),
  );
  return manifest.version;
}
