// Groups of packages that are served together, and the paths of their servers.
import type { BffFile, BffPackage } from "./model.ts";

/** Servers that the plugin's options request. */
export interface ServerSelection {
  /** A server for each package that none of `names` covers. */
  readonly each: boolean;
  /** A server for the package of this name and all below it: `web`, for `web.v1` and `web.v2`. */
  readonly names: readonly string[];
}

/** Packages that one process serves. */
export interface ServedTogether {
  /** Name of the only package, or of the common parent of all packages. */
  readonly name: string;
  /** In the order of the model. */
  readonly packages: readonly BffPackage[];
  /** `web/v1/server`, without extension. */
  readonly path: string;
  /** True if its `server.ts` is written. The other files, which a handwritten server needs, are always written. */
  readonly written: boolean;
}

export const filesOf = ({ packages }: ServedTogether): readonly BffFile[] => packages.flatMap(({ files }) => files);

type Together = Omit<ServedTogether, "path">;

/** Each package that has services is in one of them. */
export function servedTogether(packages: readonly BffPackage[], selection: ServerSelection): readonly ServedTogether[] {
  const folders = serverFolders(packages, selection);
  return [...folders].flatMap(([folder, together]) =>
    together.map((server): ServedTogether => {
      const name = together.length === 1 ? "server" : `${server.name.replaceAll(".", "_") || "unnamed"}_server`;
      return { ...server, path: folder === "" ? name : `${folder}/${name}` };
    }),
  );
}

/**
 * Groups packages by the folder of their servers; "" is the top. The server of several packages is in the folder of
 * their common name.
 */
export function serverFolders(
  packages: readonly BffPackage[],
  { each, names }: ServerSelection,
): ReadonlyMap<string, readonly Together[]> {
  const groups = Map.groupBy(packages, ({ name }) => coveredBy(name, names) ?? `\0${name}`);
  const all = [...groups].map(([key, groupPackages]): Together => {
    const named = !key.startsWith("\0");
    return { name: named ? key : key.slice(1), packages: groupPackages, written: named || each };
  });
  return Map.groupBy(all, ({ name, packages: [first] }) => {
    if (names.includes(name)) return name.replaceAll(".", "/");
    const file = first?.files[0]?.desc.name ?? "";
    return file.slice(0, Math.max(0, file.lastIndexOf("/")));
  });
}

/** Returns the longest of the names that equals the package or is a parent of it. */
function coveredBy(name: string, names: readonly string[]): string | undefined {
  const covering = names.filter((prefix) => name === prefix || name.startsWith(`${prefix}.`));
  return covering.sort((a, b) => b.length - a.length)[0];
}

/** Returns the names that cover no package. */
export function idleServers(packages: readonly BffPackage[], { names }: ServerSelection): readonly string[] {
  return names.filter((prefix) => !packages.some(({ name }) => coveredBy(name, names) === prefix));
}
