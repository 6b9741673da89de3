import type { Command } from "commander";
import { Refusal } from "../refusal.ts";
import type { Terminal } from "../terminal.ts";
import { explain } from "./explanation.ts";

/** `protobff explain BFF601` */
export function addExplain(program: Command, terminal: Terminal): void {
  program
    .command("explain")
    .description("explains a diagnostic, with an example and its correction")
    .argument("<code>", "code of the diagnostic, as in BFF601")
    .action((code: string) => {
      const found = explain(code);
      if ("text" in found) {
        terminal.write(found.text);
        return;
      }
      const hint = found.like === undefined ? "a code is BFF and three digits" : `did you mean ${found.like}?`;
      throw new Refusal(`there is no diagnostic "${code}": ${hint}`, 2);
    });
}
