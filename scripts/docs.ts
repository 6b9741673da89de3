// npm run docs: writes docs/diagnostics.md from the tables of codes and from the goldens, which show what a user sees.
// `--check` writes nothing and fails when the page is not what it would write.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CODES as expressionCodes } from "../plugin/src/cel/codes.ts";
import { CODES as driftCodes } from "../plugin/src/lock/codes.ts";
import { declarationCodes } from "../plugin/src/read/codes.ts";
import { CODES as resolveCodes } from "../plugin/src/resolve/codes.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const PAGE = "docs/diagnostics.md";
const EXPECTED = "expected.txt";
/** In test/golden: `<CODE>-<what>/expected.txt`. */
const GOLDENS = ["diagnostics", "diagnostics-lock"];

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
warnings go to standard error and do not stop generation.

Options of the plugin (\`opt:\` in \`buf.gen.yaml\`) that concern diagnostics:

| option | meaning |
|---|---|
| \`error_format=text\` or \`github\` | for people (the default), or as workflow commands that GitHub shows beside the lines of a change |
| \`error_output=<path>\` | also writes all diagnostics, warnings too, as one document: SARIF when the path ends in \`.sarif\`, else JSON |
| \`warn=BFF501+BFF502\` | these errors are only warnings; only codes of 5xx and 7xx to 9xx can be: with others nothing could be generated |
| \`error=BFF343\` | these warnings are errors |
`;

/** The page as the sources give it now. */
export function diagnosticsPage(): string {
  const sentences = Object.entries({ ...declarationCodes, ...expressionCodes, ...resolveCodes, ...driftCodes });
  sentences.sort(([a], [b]) => (a < b ? -1 : 1));
  const warnings = warningCodes();
  const examples = examplesByCode();
  const parts = [INTRODUCTION];
  let group = "";
  for (const [code, said] of sentences) {
    const digit = code.charAt(3);
    if (digit !== group) {
      group = digit;
      parts.push(`## ${digit}xx ${GROUPS[digit] ?? ""}`.trimEnd().concat("\n"));
    }
    const severity = said.startsWith(WARNING) || warnings.has(code) ? "Warning" : "Error";
    const example = examples.get(code);
    parts.push(`### ${code}\n\n*${severity}.* ${sentence(said)}\n`);
    if (example !== undefined) parts.push(`\`\`\`text\n${example.trim()}\n\`\`\`\n`);
  }
  return parts.join("\n");
}

/** What the sentence of a warning may begin with. */
const WARNING = "Warning: ";

function sentence(said: string): string {
  const text = (said.startsWith(WARNING) ? said.slice(WARNING.length) : said).replace(/ \(warning\)(?=\.?$)/, "");
  const whole = text.endsWith(".") ? text : `${text}.`;
  return whole.charAt(0).toUpperCase() + whole.slice(1);
}

/** Codes that the compiler reports as warnings, also those whose sentence does not say so: their severity stands where they are reported. */
function warningCodes(): ReadonlySet<string> {
  const patterns = [
    /code: "(BFF\d{3})",\s*severity: "warning"/g,
    /\bcaution\(\s*\w+,\s*"(BFF\d{3})"/g,
    /\bcomplain\(\s*"(BFF\d{3})",[^;]*"warning",?\s*\)/g,
  ];
  const folder = join(root, "plugin", "src");
  const found = new Set<string>();
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".ts") || name.endsWith(".test.ts")) continue;
    const text = readFileSync(join(folder, name), "utf8");
    for (const pattern of patterns) for (const match of text.matchAll(pattern)) if (match[1]) found.add(match[1]);
  }
  return found;
}

/** For each code the text of its first golden. */
function examplesByCode(): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const folder of GOLDENS.map((name) => join(root, "test", "golden", name))) {
    for (const name of namesIn(folder)) {
      const code = /^(BFF\d{3})-/.exec(name)?.[1];
      if (code === undefined || found.has(code) || !namesIn(join(folder, name)).includes(EXPECTED)) continue;
      found.set(code, readFileSync(join(folder, name, EXPECTED), "utf8"));
    }
  }
  return found;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

if (import.meta.main) {
  const page = diagnosticsPage();
  const path = join(root, PAGE);
  const present = namesIn(join(root, "docs")).includes("diagnostics.md") ? readFileSync(path, "utf8") : undefined;
  if (page === present) {
    console.log(`${PAGE} is up to date`);
  } else if (process.argv.includes("--check")) {
    console.log(`${PAGE} differs from what \`npm run docs\` writes`);
    process.exitCode = 1;
  } else {
    writeFileSync(path, page);
    console.log(`wrote ${PAGE}`);
  }
}
