// Splits docs/diagnostics.md into an index and a page for each code.

/** A diagnostic with its section of the page. */
export interface Diagnostic {
  readonly code: string;
  /** First sentence of the meaning, up to the reason. */
  readonly rule: string;
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
  return { code: section.slice(0, 6), rule, body };
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
