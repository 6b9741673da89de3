// The packages as npm packs them in a clone with the command of the README: once for all tests of the same sources.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { type Manifest, root, workspaces } from "../../scripts/workspaces.ts";
import { filesBelow, isSource } from "./files-below.ts";

const PAGES = readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md"));
const FILES = [
  ...PAGES.map((name) => `docs/${name}`),
  "LICENSE",
  "package.json",
  ".npmrc",
  "tsconfig.json",
  "tsconfig.build.json",
];
const FOLDERS = ["scripts", "proto", ...workspaces().map(({ folder }) => folder)];

/** A terminal's environment: nothing of npm or vitest, and the system's Node before the repository's. */
export function terminal(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|NODE_(?!EXTRA_CA_CERTS)|VITEST|PROTOBFF_|CI$)/.test(name),
  );
  const path = (process.env.PATH ?? "").split(delimiter).filter((folder) => !folder.includes("node_modules"));
  return { ...Object.fromEntries(kept), PATH: [...path, dirname(process.execPath)].join(delimiter), ...more };
}

/** The commands below "Start with your own protos": packing, and `init`. */
export function readmeCommands(): readonly string[] {
  const [, block = ""] =
    /^## Start with your own protos\n.*?^```sh\n(.*?)^```$/ms.exec(readFileSync(join(root, "README.md"), "utf8")) ?? [];
  return block.trimEnd().split("\n");
}

/** Name of the file that npm packs a package into. */
export const tarballOf = ({ name, version }: Manifest): string =>
  `${name.replace("@", "").replace("/", "-")}-${version}.tgz`;

/** A folder with a clone in `protobff` and the packages of it in `packages`. Tests copy what they change. */
export function packed(): string {
  const [pack = ""] = readmeCommands();
  const hash = createHash("sha256").update(pack);
  for (const path of [...FOLDERS.flatMap(filesBelow), ...FILES, "package-lock.json"])
    hash.update(path).update(readFileSync(join(root, path)));
  const all = join(root, "test", ".generated", "packed");
  const key = hash.digest("hex").slice(0, 16);
  const folder = join(all, key);
  if (existsSync(folder)) return folder;
  mkdirSync(all, { recursive: true });
  // Beside them: another worker may pack at the same time.
  const made = mkdtempSync(`${all}-`);
  packInto(made, pack);
  for (const old of readdirSync(all)) if (old !== key) rmSync(join(all, old), { recursive: true, force: true });
  if (existsSync(folder)) rmSync(made, { recursive: true });
  else renameSync(made, folder);
  return folder;
}

function packInto(folder: string, command: string): void {
  const clone = join(folder, "protobff");
  for (const path of [...FILES, ...FOLDERS])
    cpSync(join(root, path), join(clone, path), { recursive: true, filter: isSource });
  for (const at of ["", ...workspaces().map(({ folder }) => folder)]) {
    const modules = join(root, at, "node_modules");
    if (existsSync(modules)) symlinkSync(modules, join(clone, at, "node_modules"));
  }
  execFileSync("sh", ["-ec", command], { cwd: clone, env: terminal(), stdio: ["ignore", "pipe", "inherit"] });
}
