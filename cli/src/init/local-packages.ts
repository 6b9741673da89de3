// Packages of protobff that `npm run pack` has written into a folder, in place of published ones.
import { VERSION } from "protoc-gen-bff/compiler";
import { Refusal } from "../terminal.ts";

/** Versions by the names of packages: ranges, or `file:` and the path of a tarball. */
export type Versions = Readonly<Record<string, string>>;

const PACKAGES = ["client", "messages", "replay", "runtime", "server", "testing"].map((name) => `@protobff/${name}`);
const TOOLS = ["protobff", "protoc-gen-bff"];

/** Published packages of this version. */
export const PUBLISHED: Versions = Object.fromEntries([...PACKAGES, ...TOOLS].map((name) => [name, `^${VERSION}`]));

/**
 * Returns the tarballs of all packages.
 *
 * @param names of the folder's files
 * @param path of the folder, with `/`, from the one in which packages are installed
 * @throws Refusal that names a missing tarball
 */
export function tarballs(names: readonly string[], path: string): Versions {
  const below = /^\.{0,2}\//.test(path) ? path : `./${path}`;
  return Object.fromEntries(
    Object.keys(PUBLISHED).map((name) => {
      const file = `${name.replace("@", "").replace("/", "-")}-${VERSION}.tgz`;
      if (names.includes(file)) return [name, `file:${below}/${file}`];
      throw new Refusal(
        `there is no ${file} in ${path}: write the packages with npm run pack -- <folder> in the clone of protobff`,
        2,
      );
    }),
  );
}

/** Chooses the versions of some packages. */
export const versionsOf = (all: Versions, names: readonly string[]): Versions =>
  Object.fromEntries(names.map((name) => [name, all[name] ?? ""]));
