import { type Command, InvalidArgumentError, Option } from "commander";
import { runDev } from "../dev/session.ts";
import { readGenConfig } from "../project/gen-config.ts";
import type { Terminal } from "../terminal.ts";

interface Options {
  readonly port?: number;
  readonly server: boolean;
  readonly mockAll: boolean;
}

/** `protobff dev` */
export function addDev(program: Command, terminal: Terminal): void {
  program
    .command("dev")
    .description("generates and restarts on every save, with mocks for upstreams that have no address")
    .argument("[server...]", "packages of the servers to run, as in web.v1 (default: all)")
    .addOption(portOption("port of the first server, the next ports for the others; 0: free ports").default(8080))
    .option("--mock-all", "also mock upstreams that have an address", false)
    .option("--no-server", "only generate, without servers")
    .action(async (only: readonly string[], { port = 8080, server, mockAll }: Options) => {
      readGenConfig(terminal.cwd);
      const ended = new AbortController();
      const end = () => ended.abort();
      for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, end);
      await runDev(terminal, { only, server, port, mockAll }, ended.signal);
    });
}

/** `--port`, or PORT in the environment. */
export function portOption(description: string): Option {
  return new Option("-p, --port <n>", description).env("PORT").argParser(portOf);
}

/** Parses a number of a port. */
export function portOf(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) throw new InvalidArgumentError("write a number from 0 to 65535");
  return port;
}
