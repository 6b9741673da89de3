// Pages of the site, made from the Markdown of the repository.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Diagnostics, indexText, readDiagnostics } from "./diagnostics.ts";
import { type Targets, withSiteLinks } from "./links.ts";

export const root = fileURLToPath(new URL("..", import.meta.url));
const DIAGNOSTICS = "docs/diagnostics.md";

/** A page of the site. */
export interface Page {
  /** Path in the site, such as `decisions/0001-package-policies.md`. */
  readonly path: string;
  readonly title: string;
  /** Markdown below the front matter. */
  readonly text: string;
}

/** All pages. `sources` is the URL before the paths of files that have no page, such as `https://host/tree/main`. */
export function sitePages(sources?: string): readonly Page[] {
  const files = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", ...markdownBelow("docs")];
  const read = (file: string): string => readFileSync(join(root, file), "utf8");
  const diagnostics = readDiagnostics(read(DIAGNOSTICS));
  const codes = diagnostics.groups.flatMap((group) => group.diagnostics.map(({ code }) => code));
  const targets: Targets = {
    pages: new Map(files.map((file) => [file, sitePath(file)])),
    codes: new Set(codes),
    exists: (path) => existsSync(join(root, path)),
    sources,
  };
  const pages = files.map((file): Page => {
    const text = file === DIAGNOSTICS ? indexText(diagnostics) : read(file);
    return pageOf(sitePath(file), withSiteLinks(file, text, targets));
  });
  return [...pages, ...diagnosticPages(diagnostics, targets)];
}

/** Images below docs/, as paths from there. */
export function siteImages(): readonly string[] {
  return readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" }).filter((name) =>
    /\.(?:png|svg)$/.test(name),
  );
}

function markdownBelow(folder: string): string[] {
  const names = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" });
  return names
    .filter((name) => name.endsWith(".md"))
    .sort()
    .map((name) => `${folder}/${name}`);
}

function sitePath(file: string): string {
  if (file === DIAGNOSTICS) return "diagnostics/index.md";
  const path = file.replace(/^docs\//, "").replace(/(^|\/)README\.md$/, "$1index.md");
  return path === path.toUpperCase().replace(/\.MD$/, ".md") ? path.toLowerCase() : path;
}

function pageOf(path: string, text: string): Page {
  const [, title = path] = /^# (.+)$/m.exec(text) ?? [];
  return { path, title: title.replaceAll("`", ""), text };
}

function diagnosticPages({ groups }: Diagnostics, targets: Targets): readonly Page[] {
  return groups.flatMap(({ diagnostics }) =>
    diagnostics.map(({ code, fault, body }) => {
      // The page of a code needs no link to itself.
      const codes = new Set([...targets.codes].filter((other) => other !== code));
      const text = withSiteLinks(DIAGNOSTICS, body, { ...targets, codes });
      return pageOf(`diagnostics/${code.toLowerCase()}.md`, `# ${code}: ${escaped(fault)}\n\n${text}\n`);
    }),
  );
}

/** Returns text as Markdown that shows it; code stays code. */
const escaped = (text: string): string =>
  text.replaceAll(/`[^`]*`|[<*_[\]]/g, (part) => (part.length > 1 ? part : `\\${part}`));
