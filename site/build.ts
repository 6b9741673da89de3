// npm run docs:site builds docs/ and the README as a static site in site/dist.
//
// `-- --base /protobff/` sets the path below which the site is served, `-- --out <folder>` the output. SOURCES_URL, such as
// https://host/tree/main, makes links of the references to source files; without it they are text. The first run installs VitePress.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { deadLinks } from "./check-links.ts";
import { neighbours } from "./contents.ts";
import { root, siteImages, sitePages } from "./pages.ts";

const site = fileURLToPath(new URL(".", import.meta.url));
const PAGES = join(site, ".generated/pages");

function run(command: string, args: readonly string[]): void {
  const { status, error } = spawnSync(command, args, { cwd: site, stdio: ["ignore", "inherit", "inherit"] });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed`);
}

const changedAt = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** Installs the generator if the lockfile is newer than the installation. */
function install(): void {
  if (changedAt(join(site, "node_modules/.package-lock.json")) >= changedAt(join(site, "package-lock.json"))) return;
  run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
}

/** Writes the Markdown that VitePress reads. */
function writePages(): number {
  rmSync(PAGES, { recursive: true, force: true });
  const pages = sitePages(process.env.SOURCES_URL);
  const beside = neighbours(pages);
  for (const { path, text } of pages) {
    const links = beside.get(path);
    const head = links === undefined ? "" : `---\n${JSON.stringify(links)}\n---\n\n`;
    mkdirSync(dirname(join(PAGES, path)), { recursive: true });
    writeFileSync(join(PAGES, path), head + text);
  }
  cpSync(join(site, "icon.svg"), join(PAGES, "public/icon.svg"));
  for (const image of siteImages()) cpSync(join(root, "docs", image), join(PAGES, image));
  return pages.length;
}

/** Writes each page as Markdown beside its HTML, and the list of pages for agents. */
function writeMarkdown(out: string): void {
  for (const { path, text } of sitePages(process.env.SOURCES_URL)) writeFileSync(join(out, path), text);
  const list = readFileSync(join(root, "docs/llms.txt"), "utf8");
  writeFileSync(join(out, "llms.txt"), list.replace("(diagnostics.md)", "(diagnostics/index.md)"));
}

function bytesBelow(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

function build(base: string, out: string): void {
  const startedAt = performance.now();
  install();
  const pages = writePages();
  run(process.execPath, ["node_modules/vitepress/bin/vitepress.js", "build", ".", "--base", base, "--outDir", out]);
  const dead = deadLinks(out, base);
  writeMarkdown(out);
  if (dead.length > 0) throw new Error(`dead links:\n${dead.join("\n")}`);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`${pages} pages, ${(bytesBelow(out) / 1e6).toFixed(1)} MB in ${out}, ${seconds} s`);
}

const { values } = parseArgs({
  options: { base: { type: "string", default: "/" }, out: { type: "string", default: join(site, "dist") } },
});
try {
  build(values.base, resolve(values.out));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
