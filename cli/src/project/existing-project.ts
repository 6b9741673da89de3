// Reads the project that a BFF is added to: its packages, package manager and TypeScript settings.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ts } from "ts-morph";
import { tsMorph } from "../resolvers/ts-morph.ts";
import { Refusal } from "../terminal.ts";

/** Package managers, by the file that each leaves in the root of a project. */
const LOCKS = {
  "package-lock.json": "npm",
  "pnpm-lock.yaml": "pnpm",
  "pnpm-workspace.yaml": "pnpm",
  "yarn.lock": "yarn",
  "bun.lock": "bun",
} as const;
export type PackageManager = (typeof LOCKS)[keyof typeof LOCKS];
/** How modules of the project import each other. */
export type ImportExtension = "ts" | "js" | "none";

/** A project that has a package.json. */
export interface ExistingProject {
  readonly folder: string;
  /** Text of its package.json, and what that has. */
  readonly manifest: string;
  readonly packages: ReadonlySet<string>;
  readonly scripts: Readonly<Record<string, string>>;
  readonly manager: PackageManager;
  /** The folder with the lock file: that of the workspace, or the project's own. */
  readonly root: string;
  readonly importExtension: ImportExtension;
  /** True if TypeScript compiles to a language without literals of BigInt, which generated code has. */
  readonly lacksBigInt: boolean;
  /** Returns the text of a file, from the project's folder; undefined: there is none. */
  read(path: string): string | undefined;
  hasFolder(path: string): boolean;
}

/** Reads a project. Throws a `Refusal` if it has no package.json, or settings that cannot import ES modules. */
export function existingProject(folder: string): ExistingProject {
  const read = (path: string): string | undefined => textOf(join(folder, path));
  const manifest = read("package.json");
  if (manifest === undefined)
    throw new Refusal(
      `there is no package.json in ${folder}: --into adds a BFF to an existing project. Without it, init creates one`,
      2,
    );
  const hasFolder = (path: string): boolean =>
    statSync(join(folder, path), { throwIfNoEntry: false })?.isDirectory() === true;
  const parts = { ...managerOf(folder), ...settingsOf(folder), read, hasFolder };
  return { folder, manifest, ...contentOf(manifest), ...parts };
}

function contentOf(manifest: string): Pick<ExistingProject, "packages" | "scripts"> {
  try {
    const { dependencies, devDependencies, scripts = {} } = JSON.parse(manifest) as Record<string, Texts | undefined>;
    return { packages: new Set(Object.keys({ ...dependencies, ...devDependencies })), scripts };
  } catch (error) {
    throw new Refusal(`package.json cannot be read: ${(error as Error).message}`);
  }
}
type Texts = Readonly<Record<string, string>>;

function textOf(path: string): string | undefined {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true ? readFileSync(path, "utf8") : undefined;
}

/** Searches the folder and those above it, up to the repository's root, for a lock file or `packageManager`. */
function managerOf(folder: string): Pick<ExistingProject, "manager" | "root"> {
  for (let root = folder; ; root = dirname(root)) {
    const names = new Set(readdirSync(root));
    const named = /"packageManager":\s*"(npm|pnpm|yarn|bun)@/.exec(textOf(join(root, "package.json")) ?? "")?.[1];
    const locked = Object.entries(LOCKS).find(([name]) => names.has(name))?.[1];
    const manager = (named as PackageManager | undefined) ?? locked;
    if (manager !== undefined) return { manager, root };
    if (names.has(".git") || dirname(root) === root) return { manager: "npm", root: folder };
  }
}

/** Without a tsconfig.json, the runtime strips the types: imports name files as they are. */
function settingsOf(folder: string): Pick<ExistingProject, "importExtension" | "lacksBigInt"> {
  const path = join(folder, "tsconfig.json");
  if (textOf(path) === undefined) return { importExtension: "ts", lacksBigInt: false };
  const { ts } = tsMorph();
  const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => {} };
  const { options, errors = [] } = ts.getParsedCommandLineOfConfigFile(path, {}, host) ?? { options: {} };
  const fault = errors.find(({ code }) => code !== NO_INPUTS);
  if (fault !== undefined) {
    const why = ts.flattenDiagnosticMessageText(fault.messageText, " ");
    throw new Refusal(`tsconfig.json cannot be read: ${why}\ninstall the project's packages, and run this again`);
  }
  // Those of Node imply a target.
  const { module = ts.ModuleKind.CommonJS, target = isOfNode(module) ? ts.ScriptTarget.ES2022 : ts.ScriptTarget.ES5 } =
    options;
  return { importExtension: extensionIn(options), lacksBigInt: target < ts.ScriptTarget.ES2020 };
}
/** TypeScript's "No inputs were found in config file". */
const NO_INPUTS = 18003;

const isOfNode = (module: ts.ModuleKind): boolean =>
  module >= tsMorph().ts.ModuleKind.Node16 && module !== tsMorph().ts.ModuleKind.Preserve;

function extensionIn(options: ts.CompilerOptions): ImportExtension {
  const { ModuleResolutionKind, ModuleKind } = tsMorph().ts;
  if (options.allowImportingTsExtensions === true || options.rewriteRelativeImportExtensions === true) return "ts";
  const { module = ModuleKind.CommonJS, moduleResolution } = options;
  if (moduleResolution === ModuleResolutionKind.Bundler || module === ModuleKind.Preserve) return "none";
  if (isOfNode(module)) return "js";
  throw new Refusal(
    'tsconfig.json resolves modules without the exports of packages, so the packages of protobff cannot be imported: set "module": "nodenext" there',
  );
}
