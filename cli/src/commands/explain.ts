import type { Command } from "commander";
import { type Explanation, explain, overview } from "../explain/explain.ts";
import { Refusal, type Terminal } from "../terminal.ts";

/** `protobff explain BFF601`, `protobff explain rate_limit` */
export function addExplain(program: Command, terminal: Terminal): void {
  program
    .command("explain")
    .description("explains a diagnostic, an option, a function, a variable or a topic, with examples, offline")
    .argument("[name...]", "what to explain, as in BFF601, rate_limit, take or streams; default: what there is")
    .option("--json", "writes one JSON document: { found: [{ kind, from, text }], more }")
    .action((words: readonly string[], { json }: { readonly json?: true }) => {
      const name = words.join(" ");
      const result = name === "" ? overview() : explain(name);
      if ("like" in result) {
        const hint =
          result.like === undefined ? "protobff explain lists what there is" : `did you mean ${result.like}?`;
        throw new Refusal(`nothing is called "${name}": ${hint}`, 2);
      }
      terminal.write(json === true ? `${JSON.stringify(result, null, 2)}\n` : textOf(name, result));
    });
}

function textOf(name: string, { found, more }: Explanation): string {
  const texts = found.map(({ text }) => `${text.trim()}\n`);
  const head = found.length === 0 ? `no section is called "${name}", but these mention it:` : "more about it:";
  const lines = more.map((address) => `  protobff explain ${address}\n`);
  return [...texts, ...(lines.length === 0 ? [] : [`${head}\n${lines.join("")}`])].join("\n");
}
