// `protobff init resolvers`: begins the user's module of resolvers, or adds what is missing.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Command } from "commander";
import { findGenerated } from "../../project/find-resolvers.ts";
import { neededIn, slashes, summary, updatedBy } from "../../resolvers/update.ts";
import { append, Refusal, type Terminal } from "../../terminal.ts";

/** `protobff init resolvers resolvers.ts` */
export function addInitResolvers(init: Command, terminal: Terminal): void {
  init
    .command("resolvers")
    .description("creates a file with the functions that `resolver: true` needs, or adds missing functions to it")
    .argument("<file>", "path of the file, as in resolvers.ts")
    .option(
      "--from <path>",
      "generated code, if several packages have resolvers, as in gen/web/v1; may be given several times",
      append,
      [],
    )
    .action((file: string, { from }: { readonly from: readonly string[] }) => {
      terminal.write(initResolvers(file, from, terminal.cwd));
    });
}

function initResolvers(file: string, from: readonly string[], cwd: string): string {
  if (!/\.m?ts$/.test(file) || /\.d\.m?ts$/.test(file))
    throw new Refusal(`"${file}" is no TypeScript file: name one that ends in .ts`);
  const shown = slashes(file);
  const path = resolve(cwd, file);
  const text = existsSync(path) ? readText(path, shown) : undefined;
  const needed = neededIn(file, findGenerated(file, text, from, cwd));
  const updated = updatedBy(needed, text, `npx protobff init resolvers ${shown}`);
  if ("refused" in updated) {
    const place = updated.at === undefined ? shown : `${shown}:${updated.at[0]}:${updated.at[1]}`;
    const names = needed.flatMap(({ requirements }) => requirements.map(({ name }) => name));
    throw new Refusal(`${place}: ${updated.refused}\n${shown} is unchanged; it needs ${names.join(", ")}`);
  }
  if (updated.text !== text) {
    try {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, updated.text);
    } catch (error) {
      throw new Refusal(`${shown} cannot be written: ${reason(error)}`);
    }
  }
  return summary(shown, text === undefined, updated);
}

function readText(path: string, shown: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new Refusal(`${shown} cannot be read: ${reason(error)}`);
  }
  const text = bytes.toString("utf8");
  // A file that is not UTF-8 could not be written back unchanged.
  if (!Buffer.from(text).equals(bytes)) throw new Refusal(`${shown} is not UTF-8`);
  return text;
}

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));
