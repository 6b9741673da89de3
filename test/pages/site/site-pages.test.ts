import { expect, test } from "vitest";
import { anchorOf } from "../../../cli/src/explain/explain.ts";
import { explanations } from "../../../scripts/explanations.ts";
import { neighbours, sidebars } from "../../../site/contents.ts";
import { readDiagnostics } from "../../../site/diagnostics.ts";
import { type Targets, withSiteLinks } from "../../../site/links.ts";
import { sitePages } from "../../../site/pages.ts";

const targets: Targets = {
  pages: new Map([
    ["docs/cli.md", "cli.md"],
    ["docs/performance.md", "performance.md"],
  ]),
  codes: new Set(["BFF601"]),
  exists: (path) => path === "bench" || path.startsWith("docs/"),
  sources: undefined,
};
const linked = (text: string, sources?: string): string =>
  withSiteLinks("docs/performance.md", text, { ...targets, sources });

const pages = sitePages();

test("a link to a page of the repository becomes a link to the page of the site", () => {
  expect(linked("[a `b`](cli.md#init) and [c](#d)")).toBe("[a `b`](/cli.md#init) and [c](#d)");
});

test("a link to a file without a page leads to the sources, or becomes text if they have no URL", () => {
  expect(linked("see [`bench`](../bench)")).toBe("see `bench`");
  expect(linked("see [`bench`](../bench)", "https://h/tree/main/")).toBe("see [`bench`](https://h/tree/main/bench)");
});

test("a code of a diagnostic becomes a link, except in code blocks and headings", () => {
  const link = "(/diagnostics/bff601.md)";
  expect(linked("[BFF601](diagnostics.md#bff601), BFF601, `BFF601`, BFF999")).toBe(
    `[BFF601]${link}, [BFF601]${link}, [\`BFF601\`]${link}, BFF999`,
  );
  for (const text of ["# BFF601", "`off=BFF601`", "```text\nBFF601 [a](b)\n```"]) expect(linked(text)).toBe(text);
});

test("images keep their place below docs/", () => {
  expect(linked("![a](performance/a.svg)")).toBe("![a](performance/a.svg)");
});

test("a link without a target is an error", () => {
  expect(() => linked("[a](../no.md)")).toThrow("docs/performance.md: dead link ../no.md");
});

test("each code has a page with a title, and the index links to it", () => {
  const index = pages.find(({ path }) => path === "diagnostics/index.md")?.text;
  for (const { code } of explanations()) {
    const path = `diagnostics/${code.toLowerCase()}.md`;
    expect(pages.find((page) => page.path === path)?.text).toMatch(new RegExp(`^# ${code}: .+\n\n\\*(Error|Warning)`));
    expect(index).toContain(`| [${code}](/${path}) |`);
  }
});

test("a page of diagnostics without the section of a code is an error", () => {
  const page = "# D\n\n## Index\n\n| [BFF101](#bff101) |\n\n## 1xx A\n\n### BFF102\n\n*Error.* A.\n";
  expect(() => readDiagnostics(page)).toThrow("no section of BFF101");
});

test("the sidebars, and the links between diagnostics and between decisions, reach every page", () => {
  const links = JSON.stringify([sidebars(pages), [...neighbours(pages).values()]]);
  const unreached = pages.filter(({ path }) => {
    const link = `/${path.replace(/\.md$/, "").replace(/(^|\/)index$/, "$1")}`;
    return !links.includes(`"link":"${link}"`);
  });
  expect(unreached).toEqual([]);
});

test("anchors are those of GitHub", () => {
  expect(anchorOf("`init`: what it's for, and 2 more_things")).toBe("init-what-its-for-and-2-more_things");
});
