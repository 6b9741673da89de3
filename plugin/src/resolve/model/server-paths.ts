// Where the servers of packages go: beside the first file of each that has services.
import type { BffPackage } from "./model.ts";

/** Packages that have services, by the folder of their servers; "" is the top. */
export function serverFolders(packages: readonly BffPackage[]): ReadonlyMap<string, readonly BffPackage[]> {
  return Map.groupBy(packages, ({ files }) => {
    const name = files[0]?.desc.name ?? "";
    return name.slice(0, Math.max(0, name.lastIndexOf("/")));
  });
}

/** `web/v1/server`, without extension; where a folder has several packages, none of which is the first one, `web_v1_server`. */
export function serverPaths(packages: readonly BffPackage[]): ReadonlyMap<BffPackage, string> {
  const paths = new Map<BffPackage, string>();
  for (const [folder, together] of serverFolders(packages))
    for (const one of together) {
      const name = together.length === 1 ? "server" : `${one.name.replaceAll(".", "_") || "unnamed"}_server`;
      paths.set(one, folder === "" ? name : `${folder}/${name}`);
    }
  return paths;
}
