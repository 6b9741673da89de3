// Completes package-lock.json after `npm install` has written it: `node scripts/complete-lockfile.ts`. An argument names another lock.
//
// npm leaves out optional packages that it could not look up, the ones for other platforms where a registry serves but one, and
// `npm ci` then finds the lock out of step with it. An entry with version and platform is enough for both; `npm install` keeps it.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export interface Lockfile {
  readonly packages: Record<string, LockedPackage>;
}

export interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const SYSTEMS = ["darwin", "win32", "android", "freebsd", "openbsd", "netbsd", "sunos", "aix", "openharmony", "linux"];
const PROCESSORS = ["arm64", "x64", "ia32", "arm", "riscv64", "ppc64", "s390x", "loong64", "mips64el", "wasm32"];

/** Entries that are missing, by their key in `packages`: one for each optional dependency that the lock names and has not. */
export function missingEntries({ packages }: Lockfile): Record<string, LockedPackage> {
  const missing: Record<string, LockedPackage> = {};
  for (const [path, { optionalDependencies = {}, dev }] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      const hoisted = `node_modules/${name}`;
      if (packages[hoisted] !== undefined || packages[`${path}/${hoisted}`] !== undefined) continue;
      missing[hoisted] = entry(name, version, dev === true);
    }
  }
  return missing;
}

/** In npm's order of keys. Packages for one platform have it in their names: `cli-linux-arm64-musl`. */
function entry(name: string, version: string, dev: boolean): LockedPackage {
  const words = name.replace("armv7", "arm").split(/[^a-z0-9]+/);
  const os = SYSTEMS.find((system) => words.includes(system));
  const cpu = PROCESSORS.find((processor) => words.includes(processor));
  if (os === undefined || cpu === undefined) throw new Error(`${name}: no platform in its name; add its entry by hand`);
  return {
    version,
    cpu: [cpu],
    ...(dev && { dev }),
    ...(words.includes("musl") && { libc: ["musl"] }),
    optional: true,
    os: [os],
  };
}

if (import.meta.main) {
  const path = process.argv[2] ?? fileURLToPath(new URL("../package-lock.json", import.meta.url));
  const lock = JSON.parse(readFileSync(path, "utf8")) as Lockfile;
  const missing = missingEntries(lock);
  const packages = Object.fromEntries(
    // npm's own order, so that its next `npm install` has nothing to sort
    Object.entries({ ...lock.packages, ...missing }).sort(([a], [b]) => a.localeCompare(b, "en")),
  );
  writeFileSync(path, `${JSON.stringify({ ...lock, packages }, null, 2)}\n`);
  for (const name of Object.keys(missing)) console.log(`added ${name.replace("node_modules/", "")}`);
}
