// npm run docs writes the generated pages. docs/diagnostics.md, which `protobff explain` reads, comes from the tables of codes and from
// the goldens, docs/options.md from the comments of options.proto and the table of the plugin's options, docs/variables.md from the table
// of variables, docs/errors.md from the reasons of errors, docs/metrics.md from the metrics of a server, docs/commands.md from the commands' options, and the index of
// docs/decisions from its records. `--check` writes nothing and fails when a page differs.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { GROUPS } from "../plugin/src/codes/codes.ts";
import { FIXED_VARIABLES, type FixedVariable } from "../plugin/src/deploy/variables.ts";
import { OPTIONS, type Option } from "../plugin/src/options/table.ts";
import { commandsPage } from "./commands-reference.ts";
import { decisionsIndex } from "./decisions.ts";
import { errorsPage } from "./errors-reference.ts";
import { conditions, type Explanation, explanations } from "./explanations.ts";
import { llmsText } from "./llms.ts";
import { metricsPage } from "./metrics-reference.ts";
import { optionsPage } from "./options-reference.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

const INTRODUCTION = `# Diagnostics

<!-- Written by \`npm run docs\` from the tables of codes and the goldens in test/golden. Do not edit. -->

With this page you can look up every diagnostic that \`buf generate\` reports for a \`.proto\` file.
\`npx protobff explain BFF601\` prints the section of one code. A code is never reused. The place of a diagnostic is the
value that it is about. All diagnostics are collected, sorted by place and printed together. With at least one error
no file is written. Warnings go to standard error and do not stop generation.

Options of the plugin (\`opt:\` in \`buf.gen.yaml\`) that concern diagnostics:

${optionTable("diagnostics.md")}

A code with a file, as in \`off=BFF803@web/v1/web.proto\`, applies to that file only and takes precedence over a code
without a file. An unknown code is an error.

A JSON document is \`{ "version": 1, "diagnostics": […] }\`, sorted by place; without diagnostics the list is empty.
Each diagnostic has \`code\`, \`severity\` (\`error\` or \`warning\`), \`message\`, \`at\`, \`related\` (a list of
\`{ at, message }\`) and an optional \`hint\`. \`at\` is \`{ file, line, column, endLine, endColumn }\`: lines and columns
count from 1, columns are UTF-16 code units, ends are exclusive, and the file is a path from the workspace. SARIF is
version 2.1.0, with related places as \`relatedLocations\`, and the hint in the message.
`;

/** The options that a page documents, as a Markdown table. */
function optionTable(page: Option<unknown>["page"]): string {
  const options: readonly Option<unknown>[] = Object.values(OPTIONS);
  const rows = options.filter((option) => option.page === page).flatMap(({ documented }) => documented);
  return ["| option | meaning |", "|---|---|", ...rows.map(([form, effect]) => `| ${form} | ${effect} |`)].join("\n");
}

const VARIABLES_INTRODUCTION = `# Variables

<!-- Written by \`npm run docs\` from plugin/src/deploy/variables.ts. Do not edit. -->

With this page you can look up every environment variable of a server. [Deploying](deploying.md#variables) describes how values are
written, and the variables of your upstreams and of \`env\`. The server reads a variable only if it has a use for it: the \`NATS_\` ones,
for example, need a topic.
`;

function variablesPage(): string {
  const rows = FIXED_VARIABLES.map(({ name, about, kind, default: value, required }: FixedVariable) => {
    const byDefault = value ?? (required === true ? "must be set" : "");
    return `| \`${name}\` | ${about}${kind === undefined ? "" : ` (${kind})`} | ${byDefault} |`;
  });
  return `${VARIABLES_INTRODUCTION}\n| variable | meaning | default |\n|---|---|---|\n${rows.join("\n")}\n`;
}

/** Path from the root → text, as the sources give it now. */
export async function generatedDocs(): Promise<Readonly<Record<string, string>>> {
  const explained = explanations();
  return {
    "docs/commands.md": await commandsPage(),
    "docs/decisions/README.md": decisionsIndex(),
    "docs/diagnostics.md": pageOf(explained),
    "docs/errors.md": errorsPage(),
    "docs/llms.txt": llmsText(),
    "docs/metrics.md": metricsPage(),
    "docs/options.md": optionsPage(
      readFileSync(join(root, "proto/bff/v1/options.proto"), "utf8"),
      optionTable(undefined),
    ),
    "docs/variables.md": variablesPage(),
  };
}

/** Lists all codes, each with its rule: the first sentence of its meaning, up to the reason. */
function indexOf(explained: readonly Explanation[]): string {
  const rows = explained.map(({ code, severity, meaning }) => {
    const [rule = ""] = /^.*?(?=, because |: |\. |\.$)/.exec(meaning) ?? [];
    return `| [${code}](#${code.toLowerCase()}) | ${severity} | ${rule.replaceAll("|", "\\|")} |`;
  });
  return `## Index\n\n| code | | rule |\n|---|---|---|\n${rows.join("\n")}\n`;
}

function pageOf(explained: readonly Explanation[]): string {
  const parts = [
    `${INTRODUCTION}
${indexOf(explained)}
There are ${explained.length} codes here, and ${conditions().length} distinct conditions. A condition is a code with one message, without the names in it.
`,
  ];
  let group = "";
  for (const { code, severity, meaning, sections } of explained) {
    const digit = code.charAt(3);
    if (digit !== group) {
      group = digit;
      parts.push(`## ${digit}xx ${GROUPS[digit] ?? ""}`.trimEnd().concat("\n"));
    }
    parts.push(`### ${code}\n\n*${severity === "error" ? "Error" : "Warning"}.* ${meaning}\n`);
    for (const { title, language, text } of sections) parts.push(`${title}:\n\n\`\`\`${language}\n${text}\n\`\`\`\n`);
  }
  return parts.join("\n");
}

function presentText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

if (import.meta.main) {
  const check = process.argv.includes("--check");
  for (const [name, text] of Object.entries(await generatedDocs())) {
    const path = join(root, name);
    if (text === presentText(path)) {
      console.log(`${name} is up to date`);
    } else if (check) {
      console.log(`${name} differs from what \`npm run docs\` writes`);
      process.exitCode = 1;
    } else {
      writeFileSync(path, text);
      console.log(`wrote ${name}`);
    }
  }
  console.log(`${conditions().length} conditions`);
}
