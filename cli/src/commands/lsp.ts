import type { Command } from "commander";
import type { Terminal } from "../terminal.ts";

/** `protobff lsp` */
export function addLsp(program: Command, _terminal: Terminal): void {
  program
    .command("lsp")
    .description("serves editors by the Language Server Protocol, over standard input and output")
    .option("--stdio", "no effect: the protocol always uses standard input and output")
    .action(async () => {
      // Other commands do not load the protocol.
      const { startServer } = await import("../lsp/start-server.ts");
      startServer(process.stdin, process.stdout);
      // The connection ends the process after `exit`.
      await new Promise(() => {});
    });
}
