// Rewrites the links of a page of the repository for the site.
import { posix } from "node:path";

/** The parts of the repository that a link can lead to. */
export interface Targets {
  /** Path of a page in the site, for a path from the repository's root. */
  readonly pages: ReadonlyMap<string, string>;
  /** Codes of diagnostics that have a page. */
  readonly codes: ReadonlySet<string>;
  /** Reports whether a path from the root exists. */
  readonly exists: (path: string) => boolean;
  /** URL before the paths of files without a page; without it, links to these files become text. */
  readonly sources: string | undefined;
}

const PARTS = new RegExp(
  [
    /^(?<indent> *)(?<fence>`{3,}).*\n[\s\S]*?^\k<indent>\k<fence> *$/,
    /^#+ .*$/,
    /<!--[\s\S]*?-->/,
    /`(?<quoted>BFF\d{3})`/,
    /(?<ticks>`+)[\s\S]*?\k<ticks>/,
    /(?<image>!?)\[(?<text>(?:[^[\]`]|`[^`]*`)*)\]\((?<href>[^)\s]+)\)/,
    /\b(?<bare>BFF\d{3})\b/,
  ]
    .map(({ source }) => source)
    .join("|"),
  "gm",
);

/** Text of a page with links of the site. Codes of diagnostics outside code blocks become links to their pages. */
export function withSiteLinks(source: string, text: string, targets: Targets): string {
  return text.replaceAll(PARTS, (part: string, ...rest: unknown[]) => {
    const groups = rest.at(-1) as Readonly<Record<string, string | undefined>>;
    const { quoted, bare, image = "", text: label = "", href } = groups;
    const code = quoted ?? bare;
    if (code !== undefined) return targets.codes.has(code) ? `[${part}](${codePath(code)})` : part;
    if (href === undefined) return part;
    const target = targetOf(source, href, image !== "", targets);
    return target === undefined ? label : `${image}[${label}](${target})`;
  });
}

const codePath = (code: string): string => `/diagnostics/${code.toLowerCase()}.md`;

/** Target in the site; undefined for a file that has no page, if there is no URL for sources. */
function targetOf(source: string, href: string, image: boolean, targets: Targets): string | undefined {
  if (/^[a-z]+:/.test(href)) return href;
  const [path = "", anchor] = href.split("#");
  const file = path === "" ? source : posix.join(posix.dirname(source), path).replace(/\/$/, "");
  if (file === "docs/diagnostics.md" && anchor !== undefined && targets.codes.has(anchor.toUpperCase())) {
    return codePath(anchor);
  }
  if (path === "") return href;
  const hash = anchor === undefined ? "" : `#${anchor}`;
  const page = targets.pages.get(file);
  if (page !== undefined) return `/${page}${hash}`;
  if (!targets.exists(file)) throw new Error(`${source}: dead link ${href}`);
  if (image) return posix.relative(posix.dirname(targets.pages.get(source) ?? ""), file.replace(/^docs\//, ""));
  return targets.sources === undefined ? undefined : `${targets.sources.replace(/\/$/, "")}/${file}${hash}`;
}
