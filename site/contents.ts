// Table of contents of the site: the bar at the top, the sidebars, and the pages before and after a page.
import { anchorOf } from "../cli/src/explain/explain.ts";
import type { Page } from "./pages.ts";

/** An entry of a sidebar. */
export interface Item {
  readonly text: string;
  readonly link?: string;
  readonly items?: Item[];
}

/** Pages of the reference in their order; other pages of docs/ belong to the guide. */
const REFERENCE = [
  ...["options", "diagnostics/index", "cli", "commands", "variables", "metrics", "errors"],
  ...["decisions/index", "changelog", "security"],
];
/** Pages of the guide in their order; a page that is not listed comes last. */
const GUIDE = [
  ...["index", "tutorial", "language", "expressions", "cookbook", "testing", "deploying", "identity", "edge"],
  ...[
    "streams",
    "agents",
    "frameworks",
    "telemetry",
    "performance",
    "runtime",
    "migrating",
    "architecture",
    "reading",
    "contributing",
  ],
];

/** Entries of the bar at the top. */
export const NAVIGATION = [
  {
    text: "Guide",
    link: "/tutorial",
    activeMatch: "^/(?!options|diagnostics|decisions|cli|commands|variables|metrics|errors).",
  },
  { text: "Options", link: "/options", activeMatch: "^/options" },
  { text: "Diagnostics", link: "/diagnostics/", activeMatch: "^/diagnostics/" },
  { text: "Commands", link: "/cli", activeMatch: "^/cli" },
  { text: "Decisions", link: "/decisions/", activeMatch: "^/decisions/" },
] as const;

/** Sidebars by the path below which they appear. */
export function sidebars(pages: readonly Page[]): Record<string, Item[]> {
  const keys = pages
    .map(({ path }) => keyOf(path))
    .filter((key) => !/^(?:diagnostics|decisions)\/(?!index$)/.test(key));
  const guide = keys.filter((key) => !REFERENCE.includes(key) && !key.includes("/"));
  const titles = new Map(pages.map(({ path, title }) => [keyOf(path), title]));
  const items = (of: readonly string[]): Item[] =>
    of.map((key) => ({ text: key === "index" ? "Introduction" : (titles.get(key) ?? key), link: linkOf(key) }));
  return {
    "/": [
      { text: "Guide", items: items(ordered(guide, GUIDE)) },
      {
        text: "Reference",
        items: items(
          ordered(
            keys.filter((key) => REFERENCE.includes(key)),
            REFERENCE,
          ),
        ),
      },
    ],
    // Reports are for other projects: pages that mention a fault link to them, and the guide does not.
    "/reports/": [{ text: "Reports", items: items(keys.filter((key) => key.startsWith("reports/"))) }],
    "/diagnostics/": [sectionsOf(pages, "diagnostics/index.md", "Diagnostics")],
    "/decisions/": [sectionsOf(pages, "decisions/index.md", "Decisions")],
  };
}

/** Links to the pages before and after each diagnostic and each decision, by path; the sidebars do not list them. */
export function neighbours(
  pages: readonly Page[],
): ReadonlyMap<string, { readonly prev?: Item; readonly next?: Item }> {
  const lists = ["diagnostics/", "decisions/"].map((folder) =>
    pages.filter(({ path }) => path.startsWith(folder) && !path.endsWith("/index.md")),
  );
  const item = (page: Page | undefined): Item | undefined =>
    page && { text: page.title, link: linkOf(keyOf(page.path)) };
  return new Map(
    lists.flatMap((list) =>
      list.map((page, i) => {
        const [prev, next] = [item(list[i - 1]), item(list[i + 1])];
        return [page.path, { ...(prev && { prev }), ...(next && { next }) }] as const;
      }),
    ),
  );
}

const keyOf = (path: string): string => path.replace(/\.md$/, "");
const linkOf = (key: string): string => `/${key.replace(/(^|\/)index$/, "$1")}`;

function ordered(keys: readonly string[], order: readonly string[]): string[] {
  const place = (key: string): number => (order.includes(key) ? order.indexOf(key) : order.length);
  return [...keys].sort((a, b) => place(a) - place(b));
}

/** The sections of an index, as entries below the index. */
function sectionsOf(pages: readonly Page[], path: string, text: string): Item {
  const index = pages.find((page) => page.path === path)?.text ?? "";
  const link = linkOf(keyOf(path));
  const items = [...index.matchAll(/^## (.+)$/gm)].map(([, title = ""]) => ({
    text: title,
    link: `${link}#${anchorOf(title)}`,
  }));
  return { text, link, items };
}
