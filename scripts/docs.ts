// npm run docs: writes docs/diagnostics.md and what `protobff explain` prints from the tables of codes and from the goldens,
// which show what a user sees. `--check` writes nothing and fails when they are not what it would write.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Explanation } from "../plugin/src/diagnostic/explanation.ts";
import { conditions, explanations } from "./explanations.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

const GROUPS: Readonly<Record<string, string>> = {
  1: "Declarations",
  2: "References",
  3: "Expressions and types",
  4: "Structure",
  5: "Side effects and policies",
  6: "Absence",
  7: "Cost",
  8: "Caching",
  9: "Drift",
};

const INTRODUCTION = `# Diagnostics

<!-- Written by \`npm run docs\` from the tables of codes and the goldens in test/golden. Do not edit. -->

What \`buf generate\` says about a \`.proto\` file. A code is never reused. Every diagnostic stands at the place of the very
value that it is about; all are collected, sorted by place and printed together. With one error or more nothing is written;
warnings go to standard error and do not stop generation. \`npx protobff explain BFF601\` prints what stands here of one code.

Options of the plugin (\`opt:\` in \`buf.gen.yaml\`) that concern diagnostics:

| option | meaning |
|---|---|
| \`error_format=text\` or \`github\` | for people (the default), or as workflow commands that GitHub shows beside the lines of a change |
| \`error_output=<path>\` | also writes all diagnostics, warnings too, as one document: SARIF when the path ends in \`.sarif\`, else JSON |
| \`warn=BFF501+BFF502\` | these errors are only warnings; only codes of 5xx and 7xx to 9xx can be: with others nothing could be generated |
| \`error=BFF343\` | these warnings are errors |
| \`off=BFF803\` | these warnings are left out |

A code with a file, as in \`off=BFF803@web/v1/web.proto\`, means that file alone, and comes before one without. A code that no diagnostic
has is an error itself.

A JSON document is \`{ "version": 1, "diagnostics": […] }\`, sorted by place and empty when there is nothing to say. Each has \`code\`,
\`severity\` (\`error\` or \`warning\`), \`message\`, \`at\`, \`related\` (a list of \`{ at, message }\`) and, where there is one, \`hint\`. \`at\` is
\`{ file, line, column, endLine, endColumn }\`: lines and columns count from 1, columns are UTF-16 code units, ends are exclusive, and the
file is a path from the workspace. SARIF is version 2.1.0, with related places as \`relatedLocations\`, and the hint in the message.
`;

/** Path from the root → text, as the sources give it now. */
export function generatedDocs(): Readonly<Record<string, string>> {
  const explained = explanations();
  return {
    "docs/diagnostics.md": pageOf(explained),
    "plugin/src/gen/explanations.ts": `// Written by \`npm run docs\`. Do not edit.
import type { Explanation } from "../diagnostic/explanation.ts";

export const EXPLANATIONS: readonly Explanation[] = ${JSON.stringify(explained, null, 2)};
`,
  };
}

/** All codes, each with the rule that it stands for: the first sentence of its meaning, up to the reason. */
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
There are ${explained.length} codes here, and ${conditions().length} distinct conditions: a condition is a code with its own message, whatever the names in it.
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
  for (const [name, text] of Object.entries(generatedDocs())) {
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
