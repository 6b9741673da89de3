import { createHash } from "node:crypto";
import { defineConfig } from "vitepress";
import { anchorOf } from "../../cli/src/explain/explain.ts";
import { NAVIGATION, sidebars } from "../contents.ts";
import { sitePages } from "../pages.ts";
import { codeTransformers, theme } from "./highlight.ts";
import { changeMarkdown } from "./markdown.ts";
import { proto } from "./proto.ts";
import { searchBox } from "./search-box.ts";

/** Content of a policy that permits only the site's own files, and the inline scripts of a page by their hashes. */
function policyOf(html: string): string {
  const scripts = [...html.matchAll(/<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/g)].map(([, text = ""]) => text);
  const hashes = [...new Set(scripts)].map((text) => ` 'sha256-${createHash("sha256").update(text).digest("base64")}'`);
  return [
    "default-src 'none'",
    `script-src 'self'${hashes.join("")}`,
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}

/** Text of a page for the search. Indexes and the protos of diagnostics would hide the pages that describe a word. */
function searchText(text: string, path: string): string {
  if (!/^(?:diagnostics|decisions)\//.test(path)) return text;
  return text.replaceAll(/^\| \[.*\n|^```(?!text)\w+\n[\s\S]*?^```$/gm, "");
}

export default defineConfig({
  title: "protobff",
  description: "Generates a backend-for-frontend from options in .proto files.",
  lang: "en",
  srcDir: ".generated/pages",
  cacheDir: ".generated/cache",
  metaChunk: true,
  // VitePress sets an inline style by default.
  contentProps: {},
  // The transition between the colour schemes needs an inline style.
  appearance: { disableTransition: false },
  markdown: {
    theme,
    codeTransformers,
    languages: [proto],
    linkify: false,
    attrs: { disable: true },
    anchor: { slugify: anchorOf },
    config: changeMarkdown,
  },
  themeConfig: {
    logo: "/icon.svg",
    nav: [...NAVIGATION],
    sidebar: sidebars(sitePages()),
    outline: [2, 3],
    search: {
      provider: "local",
      options: {
        _render: (text, env, md) => md.render(searchText(text, env.relativePath), env),
        // "hedge" finds the section "Hedges" before diagnostics that have the word itself.
        miniSearch: { searchOptions: { weights: { prefix: 1, fuzzy: 0.45 } } },
      },
    },
  },
  vite: { plugins: [searchBox], build: { target: "es2022", assetsInlineLimit: 0, chunkSizeWarningLimit: 8_000 } },
  transformHead: ({ siteData }) => [["link", { rel: "icon", href: `${siteData.base}icon.svg` }]],
  transformHtml(html) {
    const plain = html.replaceAll(/ style="--vp-vh:[^"]*"/g, "");
    const policy = `<meta http-equiv="Content-Security-Policy" content="${policyOf(plain)}">`;
    return plain.replace('<meta charset="utf-8">', (meta) => `${meta}\n    ${policy}`);
  },
});
