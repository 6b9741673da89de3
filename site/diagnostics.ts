// Splits docs/diagnostics.md into an index and a page for each code.

/** A diagnostic with its section of the page. */
export interface Diagnostic {
  readonly code: string;
  /** First sentence of the meaning, up to the reason. */
  readonly rule: string;
  /** Words of the fault in the example; the rule, if the code has no example. */
  readonly fault: string;
  /** Section without its heading. */
  readonly body: string;
}

/** Diagnostics whose codes have one first digit. */
export interface Group {
  readonly title: string;
  readonly diagnostics: readonly Diagnostic[];
}

/** Contents of docs/diagnostics.md. */
export interface Diagnostics {
  readonly introduction: string;
  readonly groups: readonly Group[];
}

/** Reads the page that `npm run docs` writes. Throws an error if a code of the page's index has no section. */
export function readDiagnostics(page: string): Diagnostics {
  const [introduction = "", index = "", ...parts] = page.split(/^## /m);
  const groups = parts.map((part) => {
    const [head = "", ...sections] = part.split(/^### (?=BFF\d{3}$)/m);
    return { title: head.trim(), diagnostics: sections.map(readSection) };
  });
  const found = new Set(groups.flatMap(({ diagnostics }) => diagnostics.map(({ code }) => code)));
  const missing = [...index.matchAll(/^\| \[(BFF\d{3})\]/gm)].flatMap(([, code = ""]) => (found.has(code) ? [] : code));
  if (found.size === 0 || missing.length > 0)
    throw new Error(`docs/diagnostics.md: no section of ${missing.join(", ")}`);
  return { introduction: introduction.trim(), groups };
}

function readSection(section: string): Diagnostic {
  const body = section.slice(6).trim();
  const [, meaning = ""] = /^\*\w+\.\* (.*)$/m.exec(body) ?? [];
  const [rule = meaning] = /^(?:`[^`]*`|[^`])*?(?=, because |: |\. |\.$)/.exec(meaning) ?? [];
  const code = section.slice(0, 6);
  const [, fault = rule] = new RegExp(`^\\S+:\\d+:\\d+: (?:error|warning) ${code}: (.+)$`, "m").exec(body) ?? [];
  return { code, rule, fault, body: withDifference(body) };
}

/** Marks the lines by which the blocks of code below "Wrong:" and "Right:" differ. */
function withDifference(body: string): string {
  const blocks = (title: string): readonly string[] =>
    [...body.matchAll(new RegExp(`^${title}:\n\n\`\`\`proto\n([\\s\\S]*?)^\`\`\`$`, "gm"))].map(
      ([, text = ""]) => text,
    );
  const [wrong, right] = [blocks("Wrong"), blocks("Right")];
  if (wrong.length === 0 || right.length === 0) return body;
  return body.replaceAll(/^(Wrong|Right):\n\n```proto\n([\s\S]*?)^```$/gm, (block, title: string, text: string) => {
    const others = new Set((title === "Wrong" ? right : wrong).flatMap((other) => other.split("\n")));
    const lines = text.split("\n").flatMap((line, i) => (line === "" || others.has(line) ? [] : [i + 1]));
    return lines.length === 0 ? block : block.replace("```proto", `\`\`\`proto {${lines.join(",")}}`);
  });
}

/** Text of the index: the introduction, and a table for each group. */
export function indexText({ introduction, groups }: Diagnostics): string {
  const tables = groups.map(({ title, diagnostics }) => {
    const rows = diagnostics.map(({ code, rule, body }) => {
      const [, severity = ""] = /^\*(\w+)\.\*/m.exec(body) ?? [];
      return `| ${code} | ${severity.toLowerCase()} | ${rule.replaceAll("|", "\\|")} |`;
    });
    return `## ${title}\n\n| code | severity | rule |\n|---|---|---|\n${rows.join("\n")}\n`;
  });
  return `${introduction}\n\n${tables.join("\n")}`;
}
