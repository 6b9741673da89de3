// Options of commands that send requests to a server.
import { type Command, InvalidArgumentError, Option } from "commander";
import type { Protocol, ReplayOptions } from "../contract/replay.ts";
import { append, Refusal } from "../terminal.ts";

export interface CallOptions {
  readonly protocol: Protocol;
  readonly timeout: number;
  readonly header: readonly string[];
}

/** @param url the option with the server's address, for the help */
export function addCallOptions(command: Command, url: string, protocol: Protocol): Command {
  return command
    .addOption(
      new Option("--protocol <protocol>", `protocol of the server of ${url}`)
        .choices(["grpc", "connect"])
        .default(protocol),
    )
    .option("--timeout <ms>", `time limit of each call of ${url}`, milliseconds, 5_000)
    .option(
      "--header <header>",
      "header of each call, as in 'authorization: Bearer x'; may be given several times",
      append,
      [],
    );
}

const MAX_TIMEOUT_MS = 600_000;

function milliseconds(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > MAX_TIMEOUT_MS)
    throw new InvalidArgumentError(`write milliseconds, from 1 to ${MAX_TIMEOUT_MS}`);
  return value;
}
/** Throws a `Refusal` for an invalid URL or header. */
export function replayOptions(url: string, { protocol, timeout, header }: CallOptions, writes = false): ReplayOptions {
  const parsed = URL.parse(url);
  if (parsed === null || !/^https?:$/.test(parsed.protocol))
    throw new Refusal(`"${url}" is no URL of a server: write it as http://localhost:8080`, 2);
  const headers = new Headers();
  for (const entry of header) {
    const [, name, value] = /^([\w-]+): *([\t -~\u0080-\u00ff]*)$/.exec(entry) ?? [];
    if (name === undefined || value === undefined)
      throw new Refusal(`"${entry}" is no header: write it as 'authorization: Bearer x'`, 2);
    headers.set(name, value);
  }
  return { url, protocol, timeoutMs: timeout, headers, writes };
}
