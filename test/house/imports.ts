// Reads the imports between files, and finds their cycles. Uses TypeScript's parser from ts-morph: that of TypeScript 7
// has no interface yet.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ts } from "ts-morph";
import { filesBelow } from "../support/files-below.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

export interface Import {
  /** A path from the root. */
  readonly from: string;
  /** A path from the root, or the name of a package. */
  readonly to: string;
  /** Nothing of it is left when types are. */
  readonly typeOnly: boolean;
}

const known = new Map<string, readonly Import[]>();

/** All imports in the TypeScript files of a folder: also `export … from`, `import()` of a literal, and types by `import()`. */
export function imports(folder: string): readonly Import[] {
  const found = known.get(folder) ?? importsIn(folder);
  known.set(folder, found);
  return found;
}

function importsIn(folder: string): Import[] {
  return filesBelow(folder)
    .filter((path) => path.endsWith(".ts"))
    .flatMap((path) =>
      importsOf(readFileSync(join(root, path), "utf8")).map(({ specifier, typeOnly }): Import => {
        const to = specifier.startsWith(".") ? join(dirname(path), specifier) : specifier;
        return { from: path, to, typeOnly };
      }),
    );
}

interface Specified {
  readonly specifier: string;
  readonly typeOnly: boolean;
}

/** @param text of a TypeScript file */
export function importsOf(text: string): Specified[] {
  const found: Specified[] = [];
  const add = (specifier: ts.Node | undefined, typeOnly: boolean): void => {
    if (specifier !== undefined && ts.isStringLiteralLike(specifier))
      found.push({ specifier: specifier.text, typeOnly });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      // One whose names are all types by themselves stays, for what the other file does when it is loaded.
      add(node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword);
    } else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], false);
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, true);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile("file.ts", text, ts.ScriptTarget.Latest, false));
  return found;
}

/** Groups of those who reach each other, each in alphabetical order (Tarjan's strongly connected components). */
export function circles(edges: Iterable<{ readonly from: string; readonly to: string }>): string[][] {
  const next = new Map<string, Set<string>>();
  for (const { from, to } of edges) {
    const all = next.get(from) ?? new Set();
    next.set(from, all.add(to));
  }
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const open: string[] = [];
  const found: string[][] = [];
  const visit = (node: string): number => {
    const at = index.size;
    let lowest = at;
    index.set(node, at);
    open.push(node);
    for (const to of next.get(node) ?? []) {
      if (!index.has(to)) lowest = Math.min(lowest, visit(to));
      else if (open.includes(to)) lowest = Math.min(lowest, index.get(to) ?? at);
    }
    low.set(node, lowest);
    if (lowest !== at) return lowest;
    const group = open.splice(open.indexOf(node));
    if (group.length > 1 || next.get(node)?.has(node)) found.push(group.sort());
    return lowest;
  };
  for (const node of next.keys()) if (!index.has(node)) visit(node);
  return found.sort();
}
