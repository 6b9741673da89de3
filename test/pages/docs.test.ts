// The documentation is true where a test can tell: its links lead somewhere, the layout that it draws is the tree's, the tutorial's
// protos compile, and what it shows of errors is what users see.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { compile } from "../../plugin/src/compile.ts";
import { parseLock } from "../../plugin/src/lock/document.ts";
import { describeUses } from "../../plugin/src/lock/uses.ts";
import { generatedDocs } from "../../scripts/docs.ts";
import { explanations } from "../../scripts/explanations.ts";
import { filesBelow } from "../support/files-below.ts";
import { textsBelow } from "../support/golden.ts";
import { requestFor } from "../support/request.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const generated = await generatedDocs();

const pages = [
  "README.md",
  "CONTRIBUTING.md",
  "plugin/README.md",
  "runtime/README.md",
  "test/proofs/corpora/README.md",
  "test/golden/README.md",
  "test/proofs/oracle/README.md",
  "test/proofs/prior-art/README.md",
  ...["docs", "docs/decisions", "docs/reports"].flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => name.endsWith(".md"))
      .map((name) => `${folder}/${name}`),
  ),
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

const anchorsByPage = new Map<string, ReadonlySet<string>>();
function anchorsOf(page: string): ReadonlySet<string> {
  const found = anchorsByPage.get(page) ?? anchors(read(page));
  anchorsByPage.set(page, found);
  return found;
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
    return anchor === undefined || anchorsOf(target).has(anchor) ? [] : [link];
  });
}

test.each(pages)("%s has a title and a text below it", (page) => {
  expect(read(page)).toMatch(/^# .+\n\n[\s\S]{200}/);
});

test.each(pages)("the relative links of %s lead to existing files", (page) => {
  expect(brokenLinks(page)).toEqual([]);
});

test("every path of the layout exists", () => {
  const [, layout = ""] = /^```layout\n(.*?)^```$/ms.exec(read("docs/architecture.md")) ?? [];
  const paths = layout.split("\n").flatMap((line) => line.split(/\s{2,}/)[0] || []);
  expect(paths.length).toBeGreaterThan(20);
  expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

test("the worked example on the language page is the tested one", () => {
  const [, example = ""] = /^## An example\n+```proto\n(.*?)^```$/ms.exec(read("docs/language.md")) ?? [];
  expect(example).toBe(read("test/bffs/worked-example/proto/web/v1/web.proto"));
});

/** The cells of the tables in a text by their row and column; the first cell of a row is its name. */
function cellsOf(text: string): ReadonlyMap<string, string> {
  const cells = new Map<string, string>();
  for (const [table = ""] of text.matchAll(/^\|.*\n\|[-:| ]+\|\n(?:\|.*\n)+/gm)) {
    const [head = [], , ...rows] = table
      .trimEnd()
      .split("\n")
      .map((line) => line.split("|").map((cell) => cell.trim()));
    for (const row of rows) for (const [i, column] of head.entries()) cells.set(`${row[1]}: ${column}`, row[i] ?? "");
  }
  return cells;
}

test("the README's figures are those of the performance page", () => {
  const section = (page: string, title: string) =>
    new RegExp(`^## ${title}$(.*?)^## `, "ms").exec(`${read(page)}\n## `)?.[1] ?? "";
  const recorded = cellsOf(section("docs/performance.md", "fanout"));
  const shown = [...cellsOf(section("README.md", "Cost"))].filter(([name]) => !name.endsWith(": "));
  expect(shown.length).toBeGreaterThan(20);
  expect(shown).toEqual(shown.map(([name]) => [name, recorded.get(name)]));
});

/** The protos of the tutorial by name, each named in the text before it. */
const tutorial = Object.fromEntries(
  [...read("docs/tutorial.md").matchAll(/`proto\/([\w/.]+)`:\n\n```proto\n(.*?)^```$/gms)].map(
    ([, name = "", text = ""]) => [name, text],
  ),
);

/** `lock` is that of an earlier run; without one there is none yet. */
function compileTutorial(texts: Readonly<Record<string, string>>, lock?: string, more = "") {
  const sources = Object.assign((name: string) => texts[name], { path: (name: string) => `proto/${name}` });
  return compile(
    { ...requestFor(texts, ["shop/v1/shop.proto"]), parameter: `import_extension=ts,server=true${more}` },
    sources,
    { text: lock, ci: false },
  );
}

test("the tutorial's protos generate without a warning", () => {
  const { response, diagnostics } = compileTutorial(tutorial);
  expect(diagnostics).toEqual([]);
  expect(response.file.map(({ name }) => name).sort()).toEqual([
    "shop/v1/server.ts",
    "shop/v1/server_main.ts",
    "shop/v1/shop_bff.ts",
    "shop/v1/shop_codec.ts",
  ]);
});

test("the error in the tutorial is the one for a renamed field", () => {
  const catalog = "catalog/v1/catalog.proto";
  const { lock } = compileTutorial(tutorial);
  const renamed = { ...tutorial, [catalog]: tutorial[catalog]!.replace("price_cents", "price_minor") };
  const { response } = compileTutorial(renamed, lock);
  expect(response.error).toContain("BFF912");
  expect(read("docs/tutorial.md")).toContain(response.error);
});

test("the protos after the tutorial's last step generate without a warning", () => {
  const [, last = ""] = /^## 7\. (.*?)^## /ms.exec(read("docs/tutorial.md")) ?? [];
  const [service = "", fields = "", step = ""] = [...last.matchAll(/^```proto\n(.*?)^```$/gms)].map(([, text]) => text);
  const shop = "shop/v1/shop.proto";
  const text = (tutorial[shop] ?? "")
    .replace("  option (bff.v1.service) = {};\n", service)
    .replace("  repeated bff.v1.Degradation", `${fields}  repeated bff.v1.Degradation`)
    .replace("    let: [\n", `    let: [\n${step}`);
  expect(text.match(/name: "currency"|name: "price_in"|resolver = true/g)).toHaveLength(3);
  const { response, diagnostics } = compileTutorial({ ...tutorial, [shop]: text });
  expect(diagnostics).toEqual([]);
  expect(response.file.find(({ name }) => name.endsWith("_bff.ts"))?.content).toContain("productPagePrice");
});

test("the code of Next.js is the example's", () => {
  const sections = read("docs/frameworks.md").split(/^(?=##)/m);
  const code = sections
    .filter((section) => /^##+ (?:Next\.js|React)\n/.test(section))
    .flatMap((section) => [...section.matchAll(/^```tsx?\n(.*?)^```$/gms)].map(([, text = ""]) => text))
    .filter((text) => !text.startsWith("// app/page.tsx")); // test/features/embed builds it
  const lines = code
    .join("")
    .split("\n")
    .map((line) => line.trim());
  const example = new Set(
    filesBelow("examples/next")
      .flatMap((path) => read(path).split("\n"))
      .map((line) => line.trim()),
  );
  expect(lines.length).toBeGreaterThan(20);
  expect(lines.filter((line) => !line.startsWith("//") && !example.has(line))).toEqual([]);
});

test("the plan on the language page is the tutorial's", () => {
  const { response } = compileTutorial(tutorial, undefined, ",plan=text");
  const plan = response.file.find(({ name }) => name === "shop/v1/shop_plan.txt")?.content ?? "no plan";
  expect(read("docs/language.md")).toContain(`\`\`\`text\n${plan}\`\`\``);
});

test("the uses on the language page are those of the tutorial's lock", () => {
  const lock = parseLock(compileTutorial(tutorial).lock ?? "", "bff.lock.json");
  if ("message" in lock) throw new Error(lock.message);
  const { text } = describeUses(lock, "catalog.v1.CatalogService");
  expect(read("docs/language.md")).toContain(
    `$ npx protobff contract uses --upstream catalog.v1.CatalogService\n${text ?? "no uses"}`,
  );
});

test("the page of variables lists every variable that a server reads, and no other", () => {
  const identity = ["runtime/src/identity", "packages/server/src/session"].flatMap((folder) =>
    Object.entries(textsBelow(join(root, folder))),
  );
  const ofIdentity = identity.flatMap(([name, text]) => (name.endsWith(".test.ts") ? [] : [text]));
  const sources = readdirSync(join(root, "packages/server/src"), { recursive: true, encoding: "utf8" })
    .filter((name) => /^config\/(config|load-).*(?<!\.test)\.ts$/.test(name))
    .map((name) => read(`packages/server/src/${name}`))
    .concat(
      ["open-topics", "reach-nats", "open-pages", "open-usage", "redis-url"].map((name) =>
        read(`runtime/src/environment/${name}.ts`),
      ),
      ["process/open-overrides", "process/open-tools", "mcp/open-mcp"].map((name) =>
        read(`packages/server/src/${name}.ts`),
      ),
      ofIdentity,
    )
    .join("");
  const names = sources.matchAll(/"(PORT|HOST|(?:BFF|TLS|REDIS|DATABASE|NATS)_[A-Z0-9_]+)"|source\.(BFF_[A-Z_]+)/g);
  const known = new Set([...names].map(([, quoted, property]) => quoted ?? property));
  // Nobody who deploys a server sets it: `protobff dev` does.
  expect(known.delete("BFF_EXPLORER_CALLERS")).toBe(true);
  expect(read("docs/cli.md")).toContain("`BFF_EXPLORER_CALLERS`");
  const page = generated["docs/variables.md"] ?? "";
  const listed = [...page.matchAll(/^\| `([A-Z0-9_]+)` \|/gm)].map(([, name = ""]) => name);
  expect(listed.filter((name) => !name.startsWith("OTEL_")).sort()).toEqual([...known].sort());
});

/** Test files with a section of the runtime page that they hold, from comments such as `// Holds docs/runtime.md#retries`. */
function heldSections(): { readonly path: string; readonly anchor: string }[] {
  const folders = ["runtime/src", "packages", "plugin/src", "test"];
  const tests = folders.flatMap(filesBelow).filter((path) => path.endsWith(".test.ts"));
  return tests.flatMap((path) =>
    [...read(path).matchAll(/^\/\/ Holds docs\/runtime\.md#([\w-]+)$/gm)].map(([, anchor = ""]) => ({ path, anchor })),
  );
}

test("each section of the runtime page has a test file, and each mark names a section", () => {
  const sections = [
    ...anchors(
      withoutCode(read("docs/runtime.md"))
        .match(/^## .+$/gm)
        ?.join("\n") ?? "",
    ),
  ];
  const held = heldSections();
  expect(held.length).toBeGreaterThan(150);
  expect(sections.filter((section) => !held.some(({ anchor }) => anchor === section))).toEqual([]);
  expect(held.filter(({ anchor }) => !sections.includes(anchor))).toEqual([]);
});

test("the runtime page lists every event", () => {
  const [, members = ""] = /^export interface Observer \{(.*?)^\}/ms.exec(read("runtime/src/observer.ts")) ?? [];
  const events = [...members.matchAll(/^ {2}(\w+)\?\(/gm)].map(([, name]) => name);
  const listed = [...read("docs/runtime.md").matchAll(/^\| `(\w+)` \| each /gm)].map(([, name]) => name);
  expect(events.length).toBeGreaterThan(5);
  expect(listed.sort()).toEqual(events.sort());
});

const diagnosticsPage = generated["docs/diagnostics.md"] ?? "";
const explained = explanations();

test("the page lists every diagnostic with its meaning, its text and a correct example", () => {
  const codes = explained.map(({ code }) => code);
  const whole =
    /^### .*\n\n\*(Error|Warning)\.\* .*\.\n\n(.*\n)*Diagnostic:\n\n```text\n(.*\n)*(Right|And then):\n\n```/;
  const sections = new Map(diagnosticsPage.split(/^(?=###? )/m).map((text) => [text.slice(4, 10), text]));
  expect(codes.filter((code) => !whole.test(sections.get(code) ?? ""))).toEqual([]);
  expect(diagnosticsPage.match(/^## \dxx$/m), "a group without a name").toBe(null);
});

test("the meaning of a diagnostic is a sentence", () => {
  const fragments = explained.filter(({ meaning }) => !/^[A-Z`"'].*\w.*\.$/.test(meaning));
  expect(fragments.map(({ code, meaning }) => `${code}: ${meaning}`)).toEqual([]);
});

test("each diagnostic on the page has its own severity and code", () => {
  const wrong = explained.filter(({ code, severity, sections }) => {
    const diagnostic = sections.find(({ title }) => title === "Diagnostic")?.text ?? "";
    return !diagnostic.includes(`: ${severity} ${code}: `);
  });
  expect(wrong.map(({ code }) => code)).toEqual([]);
});
