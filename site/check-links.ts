// Checks the links of a site that is built: every page, file and anchor that they lead to exists.
import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";

/** Links that lead nowhere, each with its page. `base` is the path below which the site is served. */
export function deadLinks(folder: string, base: string): readonly string[] {
  const files = new Set(readdirSync(folder, { recursive: true, encoding: "utf8" }));
  const pages = [...files].filter((file) => file.endsWith(".html"));
  const texts = new Map(pages.map((page) => [page, readFileSync(join(folder, page), "utf8")]));
  const anchors = new Map([...texts].map(([page, text]) => [page, attributes(text, "id")]));
  return pages.flatMap((page) => {
    const hrefs = [...attributes(texts.get(page) ?? "", "href"), ...attributes(texts.get(page) ?? "", "src")];
    return hrefs.flatMap((href) => {
      if (/^(?:[a-z]+:|\/\/)/.test(href)) return [];
      const [path = "", anchor] = href.split("#");
      const file = fileOf(page, path, base, files);
      if (file === undefined) return `${page}: ${href}`;
      const found = anchor === undefined || anchor === "" || anchors.get(file)?.has(decodeURIComponent(anchor));
      return found ? [] : `${page}: ${href}`;
    });
  });
}

function fileOf(page: string, path: string, base: string, files: ReadonlySet<string>): string | undefined {
  if (path === "") return page;
  const absolute = path.startsWith("/") ? path : posix.join(base, posix.dirname(page), path);
  if (!absolute.startsWith(base)) return undefined;
  const file = decodeURIComponent(absolute.slice(base.length));
  return [file, posix.join(file, "index.html"), `${file}.html`].find((name) => files.has(name));
}

function attributes(html: string, name: "id" | "href" | "src"): ReadonlySet<string> {
  const found = html.matchAll(new RegExp(`\\s${name}="([^"]*)"`, "g"));
  return new Set([...found].map(([, value = ""]) => value.replaceAll("&amp;", "&")));
}
