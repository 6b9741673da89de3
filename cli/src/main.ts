// The command for people: `protobff <word>`. Each word is a file in commands/.
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { ofProcess, Refusal, type Terminal } from "./terminal.ts";

/** Adds a command: its options, its help, its action. */
type AddWord = (program: Command, terminal: Terminal) => void;

/** Commands by name, in the order of the help. The modules of other commands are not loaded. */
const WORDS: Readonly<Record<string, () => Promise<AddWord>>> = {
  init: async () => (await import("./commands/init/init.ts")).addInit,
  add: async () => (await import("./commands/add.ts")).addAdd,
  dev: async () => (await import("./commands/dev.ts")).addDev,
  check: async () => (await import("./commands/check.ts")).addCheck,
  diff: async () => (await import("./commands/diff.ts")).addDiff,
  contract: async () => (await import("./commands/contract.ts")).addContract,
  verify: async () => (await import("./commands/verify.ts")).addVerify,
  upstream: async () => (await import("./commands/upstream.ts")).addUpstream,
  fleet: async () => (await import("./commands/fleet.ts")).addFleet,
  golden: async () => (await import("./commands/golden.ts")).addGolden,
  routes: async () => (await import("./commands/routes.ts")).addRoutes,
  mirror: async () => (await import("./commands/mirror.ts")).addMirror,
  plan: async () => (await import("./commands/plan.ts")).addPlan,
  replay: async () => (await import("./commands/replay.ts")).addReplay,
  explain: async () => (await import("./commands/explain.ts")).addExplain,
  lsp: async () => (await import("./commands/lsp.ts")).addLsp,
  mcp: async () => (await import("./commands/mcp/mcp.ts")).addMcp,
};

/** Earlier words, with the present ones. */
const MOVED = new Map([
  ["init-resolvers", "init resolvers"],
  ["protos", "init protos"],
  ["tune", "plan tune"],
  ["uses", "contract uses"],
  ["whatif", "plan whatif"],
]);

/** Exit codes: 0 success; 1 a fault in the examined input; 2 an invalid command line; 3 changes, with --exit-code. */
type ExitCode = 0 | 1 | 2 | 3;

/**
 * Runs one command. Faults of users are printed on standard error without a stack trace.
 *
 * @param args without the names of Node and of the file
 */
export async function main(args: readonly string[], terminal: Terminal = ofProcess()): Promise<ExitCode> {
  const [word = ""] = args;
  const now = MOVED.get(word);
  if (now !== undefined) {
    terminal.error(`"protobff ${word}" is "protobff ${now}" now, with the same arguments`);
    return 2;
  }
  const program = await programOf(terminal, Object.hasOwn(WORDS, word) ? [word] : undefined);
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

/** Returns the program with the commands of these names. Default: all. */
export async function programOf(terminal: Terminal, words = Object.keys(WORDS)): Promise<Command> {
  const program = new Command("protobff")
    .description("Creates, runs, reviews and explains backends-for-frontends that protoc-gen-bff generates.")
    .version(version(), "-v, --version")
    .enablePositionalOptions() // a command below another has options of the same names
    .showSuggestionAfterError()
    .showHelpAfterError("(run with --help for usage)")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.write(text),
      writeErr: (text) => terminal.error(text.trimEnd()),
      getOutHasColors: () => terminal.hasColours,
      getErrHasColors: () => terminal.hasColours,
    });
  const all = await Promise.all(words.map((word) => WORDS[word]?.()));
  for (const add of all) add?.(program, terminal);
  return program;
}

function version(): string {
  const manifest: { readonly version: string } = JSON.parse(
    readFileSync(new URL("../package.json", import.meta.url), "utf8"),
  );
  return manifest.version;
}
