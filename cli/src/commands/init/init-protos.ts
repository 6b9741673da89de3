// `protobff init protos`: puts the options' own protos into a user's tree.
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import { PROTOS, tryRead, VERSION } from "protoc-gen-bff/compiler";
import { Refusal, type Terminal } from "../../terminal.ts";

/** `protobff init protos proto` */
export function addProtos(init: Command, terminal: Terminal): void {
  init
    .command("protos")
    .description("writes bff/v1/*.proto, which your files import, into the folder of your protos")
    .argument("<folder>", "folder of your protos, as the module in buf.yaml")
    .action((folder: string) => {
      for (const line of writeProtos(folder, terminal.cwd)) terminal.write(`${line}\n`);
    });
}

/**
 * Writes the protos below an existing folder and returns a line for each file. A file with the same text is not
 * written.
 */
function writeProtos(folder: string, cwd: string): string[] {
  if (!statSync(resolve(cwd, folder), { throwIfNoEntry: false })?.isDirectory())
    throw new Refusal(`there is no folder "${folder}": name the folder that contains your packages`);
  return Object.entries(PROTOS).map(([name, text]) => {
    const shown = join(folder, name);
    const path = resolve(cwd, shown);
    const before = tryRead(path);
    if (before === text) return `${shown} is that of ${VERSION} already`;
    try {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    } catch (error) {
      throw new Refusal(`${shown} cannot be written: ${error instanceof Error ? error.message : error}`);
    }
    return before === undefined ? `${shown} is new` : `${shown} is that of ${VERSION} now`;
  });
}
