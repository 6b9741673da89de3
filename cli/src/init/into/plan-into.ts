// The files that a BFF adds to an existing project, and those that it changes.
import { relative, sep } from "node:path";
import type { ExistingProject, ImportExtension } from "../../project/existing-project.ts";
import { Refusal } from "../../terminal.ts";
import type { Begun } from "../begin.ts";
import { type Versions, versionsOf } from "../local-packages.ts";
import { GENERATE, type GeneratedInto, VERSIONS } from "../package-files.ts";
import { type Additions, addedTo, ROOT_FILES } from "./changed-manifests.ts";
import { FRAMEWORKS } from "./frameworks.ts";
import { EXTERNAL_LINE, NEW_CONFIG, NEXT_CONFIGS, withExternals } from "./next-config.ts";

export interface FileChange {
  /** From the project's folder, with `/`. */
  readonly path: string;
  /** Undefined: the file is new. */
  readonly before: string | undefined;
  readonly after: string;
}

export interface PlannedInto {
  readonly changes: readonly FileChange[];
  /** Lines that the user adds, and their places. */
  readonly byHand: readonly string[];
  /** The script that generates. */
  readonly script: string;
}

const ENDINGS: Readonly<Record<ImportExtension, string>> = { ts: ".ts", js: ".js", none: "" };

/** Returns the folder of sources: `src/`, or nothing for the project's own folder. */
function sourcesOf(project: ExistingProject, framework: string): string {
  const marker = FRAMEWORKS[framework]?.sources.find((path) => project.hasFolder(path));
  return marker === undefined ? "" : `${marker.split("/")[0]}/`;
}

/** Returns where code is generated. Throws a `Refusal` if the project does not use the framework. */
export function generatedInto(project: ExistingProject, framework: string): GeneratedInto {
  const needed = FRAMEWORKS[framework]?.package ?? "";
  if (!project.packages.has(needed))
    throw new Refusal(`--into ${framework} needs ${needed}, which package.json does not have: install it first`, 2);
  return { out: `${sourcesOf(project, framework)}gen`, importExtension: project.importExtension };
}

/**
 * Plans the changes.
 *
 * @param packages versions of the packages of protobff, from the project's folder
 * @param atRoot tarballs from the workspace's root; empty: published packages
 */
export function planInto(
  project: ExistingProject,
  framework: string,
  begun: Begun,
  packages: Versions,
  atRoot: Versions,
): PlannedInto {
  const { rendersPages = false, files, byHand = "" } = FRAMEWORKS[framework] ?? {};
  const folder = begun.bff.package.replaceAll(".", "/");
  const name = begun.bff.package.split(".")[0] ?? "";
  const bff = { generated: `gen/${folder}`, name, ending: ENDINGS[project.importExtension] };
  const script = [undefined, GENERATE].includes(project.scripts.generate) ? "generate" : "generate:bff";
  const sources = sourcesOf(project, framework);
  const created = [
    ...begun.files,
    ...Object.entries(files?.(bff) ?? {}).map(([path, text]) => [`${sources}${path}`, text] as const),
  ].map(([path, after]): FileChange => ({ path, before: undefined, after }));
  const manifest = {
    path: "package.json",
    before: project.manifest,
    after: addedTo(project.manifest, additions(packages, script, rendersPages)),
  };
  const edits = [
    ...(framework === "next" ? [nextConfig(project)] : []),
    ...(project.lacksBigInt ? [target(project)] : []),
  ];
  const changed = [manifest, ...edits.flatMap(({ changes = [] }) => changes)];
  const all = withRootFile(project, changed, atRoot);
  return {
    changes: [...created, ...all].filter(({ before, after }) => before !== after),
    byHand: [...edits.flatMap(({ line = [] }) => line), byHand],
    script,
  };
}

/** Changes of a file, or the line to write where it cannot be changed. */
interface Edit {
  readonly changes?: readonly FileChange[];
  readonly line?: string;
}

function target(project: ExistingProject): Edit {
  const path = "tsconfig.json";
  const before = project.read(path) ?? "";
  const after = before.replace(/("target":\s*)"[^"]*"/, '$1"ES2022"');
  return after === before ? { line: `set in ${path}: "target": "ES2022"` } : { changes: [{ path, before, after }] };
}

/** @param callsByConnect whether code of the project calls the BFF with Connect's client */
function additions(packages: Versions, script: string, callsByConnect: boolean): Additions {
  const tested = (...names: readonly (keyof typeof VERSIONS)[]): Versions =>
    Object.fromEntries(names.map((name) => [name, VERSIONS[name]]));
  return {
    scripts: { [script]: GENERATE },
    dependencies: {
      ...tested("@bufbuild/protobuf"),
      ...(callsByConnect ? tested("@connectrpc/connect") : {}),
      ...versionsOf(packages, ["@protobff/messages", "@protobff/runtime", "@protobff/server"]),
    },
    devDependencies: {
      ...tested("@bufbuild/buf", "@bufbuild/protoc-gen-es"),
      ...versionsOf(packages, ["@protobff/testing", "protobff", "protoc-gen-bff"]),
    },
  };
}

/** Adds the change of the project's root, which may be one of the same file. */
function withRootFile(
  project: ExistingProject,
  changes: readonly FileChange[],
  tarballs: Versions,
): readonly FileChange[] {
  const root = ROOT_FILES[project.manager];
  if (root === undefined) return changes;
  const path = [...relative(project.folder, project.root).split(sep), root.file]
    .filter((part) => part !== "")
    .join("/");
  const found = changes.find((change) => change.path === path);
  const before = found === undefined ? project.read(path) : found.before;
  const after = root.change(found?.after ?? before, tarballs);
  return [...changes.filter((change) => change !== found), { path, before, after }];
}

function nextConfig(project: ExistingProject): Edit {
  const path = NEXT_CONFIGS.find((name) => project.read(name) !== undefined);
  if (path === undefined) return { changes: [{ path: "next.config.mjs", before: undefined, after: NEW_CONFIG }] };
  const before = project.read(path) ?? "";
  const after = withExternals(before);
  if (after === undefined) return { line: `add to ${path}: ${EXTERNAL_LINE}` };
  return after === before ? {} : { changes: [{ path, before, after }] };
}
