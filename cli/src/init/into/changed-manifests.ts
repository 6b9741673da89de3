// Changes of the files by which a project installs packages.
import { parseDocument } from "yaml";
import type { PackageManager } from "../../project/existing-project.ts";
import type { Versions } from "../local-packages.ts";

/** Missing entries of a package.json. */
export interface Additions {
  readonly scripts: Versions;
  readonly dependencies: Versions;
  readonly devDependencies: Versions;
}

type Manifest = Readonly<Record<string, Versions | undefined>>;

/** Returns the text of a package.json with the additions. Entries that are there stay, but for replaced tarballs. */
export function addedTo(text: string, { scripts, ...packages }: Additions): string {
  const manifest = JSON.parse(text) as Manifest;
  const there = { ...manifest.dependencies, ...manifest.devDependencies };
  const missing = (versions: Versions): Versions =>
    Object.fromEntries(
      Object.entries(versions).filter(([name, version]) => there[name] === undefined || version.startsWith("file:")),
    );
  const added = Object.entries(packages).map(([field, versions]) => {
    return [field, sorted({ ...manifest[field], ...missing(versions) })] as const;
  });
  const all = { ...manifest, scripts: { ...manifest.scripts, ...scripts }, ...Object.fromEntries(added) };
  return printed(all, text);
}

/** A file of the project's root by which a package manager installs packages of others, too. */
interface RootFile {
  readonly file: string;
  /** @param tarballs `file:` and their paths from the root, for packages that depend on them; empty: published ones */
  change(text: string | undefined, tarballs: Versions): string;
}

export const ROOT_FILES: Readonly<Record<PackageManager, RootFile | undefined>> = {
  // npm takes a project's own dependency for those of its packages, too.
  npm: undefined,
  pnpm: {
    file: "pnpm-workspace.yaml",
    change: (text = "", tarballs) => {
      const document = parseDocument(text);
      if (document.contents === null) document.set("allowBuilds", {});
      document.setIn(["allowBuilds", "@bufbuild/buf"], true);
      for (const [name, path] of Object.entries(tarballs)) document.setIn(["overrides", name], path);
      return document.toString();
    },
  },
  yarn: { file: "package.json", change: (text, tarballs) => withField(text, "resolutions", tarballs) },
  bun: { file: "package.json", change: (text, tarballs) => withField(text, "overrides", tarballs) },
};

function withField(text = "{}", field: string, versions: Versions): string {
  if (Object.keys(versions).length === 0) return text;
  const manifest = JSON.parse(text) as Manifest;
  return printed({ ...manifest, [field]: { ...manifest[field], ...versions } }, text);
}

/** As package managers write it: with the indentation that the text has. */
function printed(manifest: object, like: string): string {
  const indent = /^([ \t]+)"/m.exec(like)?.[1] ?? "  ";
  return `${JSON.stringify(manifest, null, indent)}\n`;
}

function sorted(versions: Versions): Versions {
  return Object.fromEntries(Object.entries(versions).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
