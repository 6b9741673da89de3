// docs/llms.txt: the pages of the documentation for agents, in the form of llmstxt.org.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const DOCS = fileURLToPath(new URL("../docs", import.meta.url));
/** Pages that lead from nothing to a deployed BFF. The others follow by their names. */
const FIRST = ["tutorial.md", "production.md", "language.md"];

const HEAD = `# protobff

> protobff generates a backend-for-frontend from options in .proto files: a TypeScript server that composes the answers
> of gRPC services, with deadlines, retries, caches and partial responses.

In a project, \`npx protobff check\` prints every error with what to write instead, and \`npx protobff explain <name>\`
prints the entry of an option, a function, a code or a topic from these pages.
`;

/** Returns the list of pages, each with its first sentence. */
export function llmsText(): string {
  const names = readdirSync(DOCS).filter((name) => name.endsWith(".md"));
  const line = (name: string): string => {
    const [, title = name, text = ""] = /^# (.+)\n\n(?:<!--.*?-->\n\n)?([\s\S]+)/.exec(readPage(name)) ?? [];
    const [sentence = ""] = text.split(/(?<=[.:])\s/);
    const plain = sentence.replaceAll(/\[([^\]]+)\]\([^)]+\)/g, "$1").replaceAll(/\s+/g, " ");
    return `- [${title}](${name}): ${plain.replace(/^With this page you can /, "").replace(/:$/, ".")}`;
  };
  const section = (heading: string, all: readonly string[]): string =>
    `\n## ${heading}\n\n${all.map(line).join("\n")}\n`;
  const others = names.filter((name) => !FIRST.includes(name)).toSorted();
  return `${HEAD}${section("First", FIRST)}${section("Others", others)}`;
}

const readPage = (name: string): string => readFileSync(join(DOCS, name), "utf8");
