// The doc comments of exported symbols, by the entries that a package.json declares.
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Node, Project, ts } from "ts-morph";
import { root, type Workspace } from "../../scripts/workspaces.ts";

/** An exported symbol without a complete doc comment. */
export interface Undocumented {
  readonly name: string;
  readonly lacks: "doc comment" | "example";
}

/** A source file that other packages can import. */
interface Entry {
  readonly file: string;
  /** True if users may rely on its names, which then need examples. */
  readonly isPublic: boolean;
}

/**
 * Packages and entries without stable names, from the table "Packages" in docs/runtime.md. Only generated code and
 * packages of this repository import them. Their symbols need a doc comment and no example, because no user calls them.
 */
function entriesWithoutStableNames(): ReadonlySet<string> {
  const page = readFileSync(join(root, "docs/runtime.md"), "utf8");
  const rows = page.matchAll(/^\| (`@protobff\/.*) \|.*\| none\b.*\|$/gm);
  return new Set(
    [...rows].flatMap(([, cell = ""]) => {
      const names = [...(cell.split(" | ")[0] ?? "").matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
      const [holder = ""] = names[0]?.match(/^@protobff\/[^/]+/) ?? [];
      return names.map((name) => (name.startsWith("/") ? `${holder}${name}` : name));
    }),
  );
}

/** The public entries first. `./internal` is for packages of the same version, and `gen` is generated. */
export function entriesOf({ folder, manifest: { name, exports = {} } }: Workspace): Entry[] {
  const internal = entriesWithoutStableNames();
  const entries = Object.entries(exports)
    .filter(([path, file]) => !path.startsWith("./internal/") && file.endsWith(".ts") && !file.includes("/gen/"))
    .flatMap(([path, file]) => {
      const isPublic = !internal.has(name) && !internal.has(`${name}${path.slice(1)}`);
      return globSync(join(root, folder, file)).map((file) => ({ file, isPublic }));
    })
    .filter(({ file }) => !file.endsWith(".test.ts"));
  return entries.sort((a, b) => Number(b.isPublic) - Number(a.isPublic) || (a.file < b.file ? -1 : 1));
}

function lacking(node: Node, isPublic: boolean): Undocumented["lacks"] | undefined {
  // `export * as name`: the comment at the head of the file documents the namespace.
  if (Node.isSourceFile(node)) return node.getFullText().startsWith("//") ? undefined : "doc comment";
  const holder = Node.isVariableDeclaration(node) ? node.getVariableStatement() : node;
  const docs = holder !== undefined && Node.isJSDocable(holder) ? holder.getJsDocs() : [];
  if (docs.length === 0) return "doc comment";
  if (!isPublic) return undefined;
  const isFunction =
    Node.isFunctionDeclaration(node) ||
    Node.isClassDeclaration(node) ||
    (Node.isVariableDeclaration(node) && Node.isArrowFunction(node.getInitializer()));
  const hasExample = docs.some((doc) => doc.getTags().some((tag) => tag.getTagName() === "example"));
  return isFunction && !hasExample ? "example" : undefined;
}

/** The exported symbols that lack a doc comment, and those of public entries that need an example and lack it. */
export function undocumented(workspace: Workspace): { readonly symbols: number; readonly found: Undocumented[] } {
  const { NodeNext } = ts.ModuleKind;
  const project = new Project({
    skipAddingFilesFromTsConfig: true,
    compilerOptions: { module: NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, noEmit: true },
  });
  const entries = entriesOf(workspace).map(({ file, isPublic }) => ({
    isPublic,
    source: project.addSourceFileAtPath(file),
  }));
  const all = new Map<string, Undocumented["lacks"] | undefined>();
  for (const { isPublic, source } of entries)
    for (const [name, nodes] of source.getExportedDeclarations()) {
      // The names of a namespace have comments, too; examples are those of its entry.
      for (const node of nodes) if (Node.isSourceFile(node)) entries.push({ isPublic: false, source: node });
      const ours = nodes.filter((node) => !/\/node_modules\/|\/gen\//.test(node.getSourceFile().getFilePath()));
      const results = ours.map((node) => lacking(node, isPublic));
      if (ours.length > 0 && !all.has(name)) all.set(name, results.includes(undefined) ? undefined : results[0]);
    }
  const found = [...all].flatMap(([name, lacks]) => (lacks === undefined ? [] : [{ name, lacks }]));
  return { symbols: all.size, found };
}
