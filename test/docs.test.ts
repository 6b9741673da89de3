// The documentation is true where a test can tell: its links lead somewhere, the layout that it draws is the tree's, the tutorial's
// protos compile, and what it shows of errors is what users see.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { compile } from "../plugin/src/compile.ts";
import { diagnosticsPage } from "../scripts/docs.ts";
import { requestFor } from "./support/request.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), "utf8");

const pages = [
  "README.md",
  "plugin/README.md",
  "runtime/README.md",
  ...readdirSync(join(root, "docs")).map((name) => `docs/${name}`),
];

/** What GitHub makes of a heading: lower case, punctuation dropped, spaces as dashes. */
function anchors(text: string): ReadonlySet<string> {
  const headings = withoutCode(text).matchAll(/^#+ (.+)$/gm);
  return new Set(
    [...headings].map(([, heading = ""]) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\- _]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}

function withoutCode(text: string): string {
  return text.replace(/^```.*?^```$/gms, "");
}

/** The relative links of a page that lead nowhere. */
function brokenLinks(page: string): string[] {
  const links = withoutCode(read(page)).matchAll(/\]\(([^)\s]+)\)/g);
  return [...links].flatMap(([, link = ""]) => {
    if (/^[a-z]+:/.test(link)) return [];
    const [path = "", anchor] = link.split("#");
    const target = path === "" ? page : join(dirname(page), path);
    if (!existsSync(join(root, target))) return [link];
    return anchor === undefined || anchors(read(target)).has(anchor) ? [] : [link];
  });
}

test.each(pages)("the relative links of %s lead somewhere", (page) => {
  expect(brokenLinks(page)).toEqual([]);
});

test("every path of the layout exists", () => {
  const [, layout = ""] = /^```layout\n(.*?)^```$/ms.exec(read("docs/architecture.md")) ?? [];
  const paths = layout.split("\n").flatMap((line) => line.split(/\s{2,}/)[0] || []);
  expect(paths.length).toBeGreaterThan(20);
  expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

test("the worked example on the language page is the one that is tested", () => {
  const [, example = ""] = /^## An example\n+```proto\n(.*?)^```$/ms.exec(read("docs/language.md")) ?? [];
  expect(example).toBe(read("test/worked-example/proto/web/v1/web.proto"));
});

/** The protos of the README's tutorial by name, each named in the text before it. */
const tutorial = Object.fromEntries(
  [...read("README.md").matchAll(/`proto\/([\w/.]+)`:\n\n```proto\n(.*?)^```$/gms)].map(([, name = "", text = ""]) => [
    name,
    text,
  ]),
);

function compileTutorial(texts: Readonly<Record<string, string>>) {
  const sources = Object.assign((name: string) => texts[name], { path: (name: string) => `proto/${name}` });
  return compile(
    { ...requestFor(texts, ["shop/v1/shop.proto"]), parameter: "import_extension=ts,server=true" },
    sources,
  );
}

test("the tutorial's protos generate without a warning", () => {
  const { response, diagnostics } = compileTutorial(tutorial);
  expect(diagnostics).toEqual([]);
  expect(response.file.map(({ name }) => name).sort()).toEqual(["shop/v1/server.ts", "shop/v1/shop_bff.ts"]);
});

test("the error that the tutorial shows is the one that a renamed field gives", () => {
  const catalog = "catalog/v1/catalog.proto";
  const { response } = compileTutorial({
    ...tutorial,
    [catalog]: tutorial[catalog]!.replace("price_cents", "price_minor"),
  });
  expect(response.error).toContain("BFF303");
  expect(read("README.md")).toContain(response.error);
});

test("severities on the page of diagnostics are those of the goldens", () => {
  const page = diagnosticsPage();
  const wrong = [...page.matchAll(/^### (BFF\d{3})\n\n\*(\w+)\.\*/gm)].filter(([, code = "", severity = ""]) => {
    const section = page.slice(page.indexOf(`### ${code}\n`), page.indexOf("\n### ", page.indexOf(`### ${code}\n`)));
    const shown = new RegExp(`: (error|warning) ${code}: `).exec(section)?.[1];
    return shown !== undefined && shown !== severity.toLowerCase();
  });
  expect(wrong.map(([, code]) => code)).toEqual([]);
});
