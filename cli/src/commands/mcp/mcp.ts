import type { Command } from "commander";
import { requiredRoot } from "../../project/buf.ts";
import type { Terminal } from "../../terminal.ts";

/** `protobff mcp` */
export function addMcp(program: Command, terminal: Terminal): void {
  program
    .command("mcp")
    .description("serves coding agents by the Model Context Protocol, over standard input and output")
    .action(async () => {
      const root = requiredRoot(terminal.cwd);
      // Other commands do not load the protocol.
      const { serveAgents } = await import("./session.ts");
      const ended = new AbortController();
      const end = (): void => ended.abort();
      for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, end);
      const write = (line: string): void => terminal.write(`${line}\n`);
      await serveAgents({ root, env: terminal.env, input: process.stdin, write, ended: ended.signal });
      process.stdin.destroy(); // an open input would keep the process
    });
}
