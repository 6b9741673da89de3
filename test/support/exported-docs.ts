// The doc comments of exported symbols, by the entries that a package.json declares.
import { globSync } from "node:fs";
import { join } from "node:path";
import { Node, Project, ts } from "ts-morph";
import { root, type Workspace } from "../../scripts/workspaces.ts";

/** An exported symbol without a complete doc comment. */
export interface Undocumented {
  readonly name: string;
  readonly lacks: "doc comment" | "example";
}

/** The source files that other packages can import; `./internal` is for this repository, and `gen` is generated. */
export function entriesOf({ folder, manifest }: Workspace): string[] {
  return Object.entries(manifest.exports ?? {})
    .filter(([path, file]) => !path.startsWith("./internal/") && file.endsWith(".ts") && !file.includes("/gen/"))
    .flatMap(([, file]) => globSync(join(root, folder, file)))
    .filter((file) => !file.endsWith(".test.ts"))
    .sort();
}

function lacking(node: Node): Undocumented["lacks"] | undefined {
  const holder = Node.isVariableDeclaration(node) ? node.getVariableStatement() : node;
  const docs = holder !== undefined && Node.isJSDocable(holder) ? holder.getJsDocs() : [];
  if (docs.length === 0) return "doc comment";
  const isFunction =
    Node.isFunctionDeclaration(node) ||
    Node.isClassDeclaration(node) ||
    (Node.isVariableDeclaration(node) && Node.isArrowFunction(node.getInitializer()));
  const hasExample = docs.some((doc) => doc.getTags().some((tag) => tag.getTagName() === "example"));
  return isFunction && !hasExample ? "example" : undefined;
}

/** The exported symbols of a package that lack a doc comment, and the functions and classes that lack an example. */
export function undocumented(workspace: Workspace): { readonly symbols: number; readonly found: Undocumented[] } {
  const { NodeNext } = ts.ModuleKind;
  const project = new Project({
    skipAddingFilesFromTsConfig: true,
    compilerOptions: { module: NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, noEmit: true },
  });
  const entries = entriesOf(workspace).map((file) => project.addSourceFileAtPath(file));
  const all = new Map<string, Undocumented["lacks"] | undefined>();
  for (const entry of entries)
    for (const [name, nodes] of entry.getExportedDeclarations()) {
      const ours = nodes.filter((node) => !/\/node_modules\/|\/gen\//.test(node.getSourceFile().getFilePath()));
      const results = ours.map(lacking);
      if (ours.length > 0 && !all.has(name)) all.set(name, results.includes(undefined) ? undefined : results[0]);
    }
  const found = [...all].flatMap(([name, lacks]) => (lacks === undefined ? [] : [{ name, lacks }]));
  return { symbols: all.size, found };
}
