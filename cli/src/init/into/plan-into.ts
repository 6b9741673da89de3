// The files that a BFF adds to an existing project, and those that it changes.
import { relative, sep } from "node:path";
import { parseDocument } from "yaml";
import type { ExistingProject, ImportExtension, PackageManager } from "../../project/existing-project.ts";
import { emptyProject, type morph, tsMorph } from "../../resolvers/ts-morph.ts";
import { Refusal } from "../../terminal.ts";
import type { Begun } from "../begin.ts";
import { type Versions, versionsOf } from "../local-packages.ts";
import { GENERATE, type GeneratedInto, VERSIONS } from "../package-files.ts";
import { FRAMEWORKS } from "./frameworks.ts";

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

// `serverExternalPackages` in the configuration of Next.js: its bundler must leave packages alone that load others, and
// threads, only if they are needed.

const NEXT_CONFIGS: readonly string[] = ["next.config.ts", "next.config.mjs", "next.config.js"];
const FIELD = "serverExternalPackages";
const EXTERNAL: readonly string[] = ["@protobff/server", "@protobff/runtime"];
const LIST = `[${EXTERNAL.map((name) => JSON.stringify(name)).join(", ")}]`;
/** The line for those who write it by hand. */
const EXTERNAL_LINE = `${FIELD}: ${LIST}`;

const NEW_CONFIG = `export default {
  // packages that load others only if they are needed
  ${EXTERNAL_LINE},
};
`;

/** Returns the text with the packages; undefined: it does not export an object that is written out in it. */
export function withExternals(text: string): string | undefined {
  const { IndentationText, Node } = tsMorph();
  const project = emptyProject(tsMorph());
  const indent = /^(\t| {2}| {4})\S/m.exec(text)?.[1] ?? IndentationText.TwoSpaces;
  project.manipulationSettings.set({ indentationText: indent as morph.IndentationText });
  const file = project.createSourceFile("config.ts", text);
  const config = exportedObject(file, Node);
  if (config === undefined) return undefined;
  const property = config.getProperty(FIELD);
  if (property === undefined) {
    config.addPropertyAssignment({ name: FIELD, initializer: LIST });
    return file.getFullText();
  }
  const list = Node.isPropertyAssignment(property) ? property.getInitializer() : undefined;
  if (!Node.isArrayLiteralExpression(list)) return undefined;
  const there = list.getElements().map((element) => (Node.isStringLiteral(element) ? element.getLiteralText() : ""));
  for (const name of EXTERNAL) if (!there.includes(name)) list.addElement(JSON.stringify(name));
  return file.getFullText();
}

/** Follows `export default` or `module.exports`, a variable, and types or calls around the object. */
function exportedObject(file: morph.SourceFile, Node: typeof morph.Node): morph.ObjectLiteralExpression | undefined {
  const assigned = file.getStatements().flatMap((statement) => {
    if (Node.isExportAssignment(statement)) return [statement.getExpression()];
    const expression = Node.isExpressionStatement(statement) ? statement.getExpression() : undefined;
    if (!Node.isBinaryExpression(expression) || expression.getLeft().getText() !== "module.exports") return [];
    return [expression.getRight()];
  });
  let found: morph.Node | undefined = assigned.length === 1 ? assigned[0] : undefined;
  for (let steps = 0; found !== undefined && steps < MOST; steps++) {
    if (Node.isObjectLiteralExpression(found)) return found;
    if (Node.isIdentifier(found)) found = file.getVariableDeclaration(found.getText())?.getInitializer();
    else if (Node.isCallExpression(found)) found = found.getArguments()[0];
    else if (Node.isSatisfiesExpression(found) || Node.isAsExpression(found) || Node.isParenthesizedExpression(found))
      found = found.getExpression();
    else return undefined;
  }
  return undefined;
}
/** Maximum number of variables, calls and types around the object. */
const MOST = 10;

// Changes of the files by which a project installs packages.

/** Missing entries of a package.json. */
interface Additions {
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
