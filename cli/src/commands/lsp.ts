import { setFlagsFromString } from "node:v8";
import type { Command } from "commander";
import type { Terminal } from "../terminal.ts";

/** `protobff lsp` */
export function addLsp(program: Command, _terminal: Terminal): void {
  program
    .command("lsp")
    .description("serves editors by the Language Server Protocol, over standard input and output")
    .option("--stdio", "no effect: the protocol always uses standard input and output")
    .action(async () => {
      // A compilation would grow V8's space for new objects to 32 MB and more, which a server keeps.
      setFlagsFromString("--semi-space-growth-factor=1");
      // Other commands do not load the protocol.
      const [{ createConnection }, { serveEditor }] = await Promise.all([
        import("vscode-languageserver/node"),
        import("../lsp/server.ts"),
      ]);
      const connection = createConnection(process.stdin, process.stdout);
      serveEditor(connection);
      // The connection ends the process after `exit`.
      await new Promise(() => {});
    });
}
