// Updates the user's resolvers.ts: missing members are inserted, and the user's code stays unchanged.
import type { Export } from "./generated-resolvers.ts";
import { emptyProject, type morph, tsMorph } from "./ts-morph.ts";

/** A function that has to be there. */
export interface Requirement {
  readonly name: string;
  /** Value that it supplies: `web.v1.Card.badge`. */
  readonly what: string;
}
/** Type that the functions must have, and its module. */
export interface TypeImport {
  readonly name: string;
  /** Local name, if another type has its name. */
  readonly as?: string | undefined;
  readonly from: string;
}

export interface Updated {
  readonly text: string;
  readonly added: readonly string[];
  /** Members that nothing requires, with their lines from 1. */
  readonly obsolete: readonly { readonly name: string; readonly line: number }[];
}
/** Reason why the file cannot be updated; `at` is a line and a column, from 1. */
export interface Refused {
  readonly refused: string;
  readonly at: readonly [number, number] | undefined;
}

/** The beginning of a file. */
export function newFile(
  requirements: readonly Requirement[],
  types: readonly TypeImport[],
  command: string,
  exported: Export = "resolvers",
): Updated {
  const what = exported === "resolvers" ? "supply what `resolver: true` marks" : "expressions call";
  const text = [
    `// Functions that ${what}; \`${command}\` adds what is missing.`,
    ...imports(types),
    "",
    ...declaration(requirements, types, exported),
    "",
  ].join("\n");
  return { text, added: requirements.map(({ name }) => name), obsolete: [] };
}

/** Returns the text with the missing members. */
export function updatedFile(
  text: string,
  requirements: readonly Requirement[],
  types: readonly TypeImport[],
  exported: Export = "resolvers",
): Updated | Refused {
  const library = tsMorph();
  const bom = text.startsWith("\uFEFF") ? 1 : 0;
  const body = text.slice(bom);
  const source = emptyProject(library).createSourceFile("resolvers.ts", body);
  const broken = syntaxError(library, body);
  if (broken !== undefined) return broken;
  const end = /\r\n/.test(body) ? "\r\n" : "\n";
  const found = container(library, source, exported);
  if ("refused" in found) return found;
  const { members, node } = found;
  const missing = requirements.filter(({ name }) => !members.has(name));
  const insertions =
    node === undefined
      ? appended(source, missing, types, body, exported)
      : inserted(library, node, missing, body, exported);
  const result = insertions
    .toReversed() // of two at one place the first comes to stand before the other
    .toSorted((a, b) => b.at - a.at)
    .reduce((all, { at, text }) => all.slice(0, at) + text.replaceAll("\n", end) + all.slice(at), body);
  if (syntaxError(library, result) !== undefined)
    return { refused: "what is missing cannot be put in without breaking it", at: undefined };
  const names = new Set(requirements.map(({ name }) => name));
  return {
    text: text.slice(0, bom) + result,
    added: missing.map(({ name }) => name),
    obsolete: [...members].filter(([name]) => !names.has(name)).map(([name, line]) => ({ name, line })),
  };
}

interface Insertion {
  readonly at: number;
  readonly text: string;
}
type Node = morph.ObjectLiteralExpression | morph.ClassDeclaration | morph.ClassExpression;
interface Container {
  /** Undefined: the file has no container yet. */
  readonly node: Node | undefined;
  /** Names and lines. */
  readonly members: ReadonlyMap<string, number>;
}

function syntaxError({ ts }: typeof morph, text: string): Refused | undefined {
  const file = ts.createSourceFile("resolvers.ts", text, ts.ScriptTarget.Latest, true);
  const { parseDiagnostics } = file as unknown as { readonly parseDiagnostics: readonly morph.ts.Diagnostic[] };
  const [first] = parseDiagnostics;
  if (first === undefined) return undefined;
  const { line, character } = file.getLineAndCharacterOfPosition(first.start ?? 0);
  return { refused: ts.flattenDiagnosticMessageText(first.messageText, " "), at: [line + 1, character + 1] };
}

/** Returns the container that the file exports under a name. */
function container(library: typeof morph, source: morph.SourceFile, name: Export): Container | Refused {
  const place = (node: morph.Node): readonly [number, number] => {
    const { line, column } = source.getLineAndColumnAtPos(node.getStart());
    return [line, column];
  };
  const local = exportedName(source, name);
  if (local === undefined) {
    const hidden = source.getVariableDeclaration(name) ?? source.getClass(name);
    if (hidden === undefined) return { node: undefined, members: new Map() };
    return { refused: `\`${name}\` is declared, but not exported: write \`export\` before it`, at: place(hidden) };
  }
  const declared = source.getVariableDeclaration(local);
  const node = declared && literalOf(library, source, declared.getInitializer(), new Set([local]));
  if (node === undefined) {
    return {
      refused: `\`${name}\` is made neither by an object literal nor by a class of this file: what is missing cannot be put in`,
      at: declared && place(declared),
    };
  }
  return { node, members: membersOf(library, source, node) };
}

/** The local name behind an export. */
function exportedName(source: morph.SourceFile, name: Export): string | undefined {
  const declared = source.getVariableDeclaration(name);
  if (declared?.isExported()) return name;
  for (const statement of source.getExportDeclarations()) {
    if (statement.getModuleSpecifier() !== undefined) continue;
    for (const named of statement.getNamedExports())
      if ((named.getAliasNode() ?? named.getNameNode()).getText() === name) return named.getName();
  }
  return undefined;
}

/** Returns the object literal or the class to which an expression of this file leads. */
function literalOf(
  library: typeof morph,
  source: morph.SourceFile,
  expression: morph.Node | undefined,
  seen: Set<string>,
): Node | undefined {
  const { Node } = library;
  if (expression === undefined) return undefined;
  if (Node.isObjectLiteralExpression(expression)) return expression;
  if (
    Node.isSatisfiesExpression(expression) ||
    Node.isAsExpression(expression) ||
    Node.isParenthesizedExpression(expression) ||
    Node.isTypeAssertion(expression)
  )
    return literalOf(library, source, expression.getExpression(), seen);
  if (Node.isNewExpression(expression)) {
    const made = expression.getExpression();
    if (Node.isClassExpression(made)) return made;
    return Node.isIdentifier(made) ? source.getClass(made.getText()) : undefined;
  }
  if (!Node.isIdentifier(expression) || seen.has(expression.getText())) return undefined;
  seen.add(expression.getText());
  return literalOf(library, source, source.getVariableDeclaration(expression.getText())?.getInitializer(), seen);
}

function membersOf(library: typeof morph, source: morph.SourceFile, of: Node): Map<string, number> {
  const { Node } = library;
  const members = new Map<string, number>();
  const add = (node: morph.Node, name: morph.Node): void => {
    const text = Node.isStringLiteral(name) ? name.getLiteralText() : name.getText();
    members.set(text, source.getLineAndColumnAtPos(node.getStart()).line);
  };
  if (Node.isObjectLiteralExpression(of)) {
    for (const property of of.getProperties()) {
      if (!Node.isSpreadAssignment(property)) add(property, property.getNameNode());
      // A spread of an object in this file counts; an imported one is invisible.
      else {
        const spread = literalOf(library, source, property.getExpression(), new Set());
        if (spread === undefined || spread === of) continue;
        for (const [name, line] of membersOf(library, source, spread)) members.set(name, line);
      }
    }
    return members;
  }
  for (const member of [...of.getInstanceMethods(), ...of.getInstanceProperties()]) {
    if (Node.isParameterDeclaration(member)) continue;
    const name = member.getNameNode();
    if (!Node.isPrivateIdentifier(name) && member.getScope() === "public") add(member, name);
  }
  return members;
}

// ---- what is put in ----

function inserted(
  library: typeof morph,
  node: Node,
  missing: readonly Requirement[],
  body: string,
  exported: Export,
): Insertion[] {
  if (missing.length === 0) return [];
  const close = node.getEnd() - 1;
  const open = lineStart(body, node.getStart());
  const outer = /^[ \t]*/.exec(body.slice(open))?.[0] ?? "";
  const inside = library.Node.isObjectLiteralExpression(node) ? node.getProperties() : node.getMembers();
  const first = inside[0];
  const firstLine = first === undefined ? undefined : lineStart(body, first.getStart());
  const memberIndent =
    firstLine === undefined || firstLine <= open ? undefined : /^[ \t]*/.exec(body.slice(firstLine))?.[0];
  const indent = memberIndent ?? `${outer}${outer.includes("\t") ? "\t" : "  "}`;
  const step = indent.includes("\t") ? "\t" : "  ";
  const isObject = library.Node.isObjectLiteralExpression(node);
  const text = missing
    .map((requirement) =>
      stub(requirement, isObject, exported)
        .map((line) => (line === "" ? line : indent + line.replaceAll("  ", step)))
        .join("\n"),
    )
    .join(isObject ? "\n" : "\n\n");
  const insertions: Insertion[] = [];
  const last = inside.at(-1);
  if (isObject && last !== undefined && !node.compilerNode.properties.hasTrailingComma)
    insertions.push({ at: last.getEnd(), text: "," });
  const braceLine = lineStart(body, close);
  const alone = braceLine > node.getStart() && /^[ \t]*$/.test(body.slice(braceLine, close));
  insertions.push(alone ? { at: braceLine, text: `${text}\n` } : { at: close, text: `\n${text}\n${outer}` });
  return insertions;
}
const lineStart = (body: string, at: number): number => body.lastIndexOf("\n", at - 1) + 1;

function appended(
  source: morph.SourceFile,
  missing: readonly Requirement[],
  types: readonly TypeImport[],
  body: string,
  exported: Export,
): Insertion[] {
  if (missing.length === 0) return [];
  const known = new Set(
    source
      .getImportDeclarations()
      .flatMap((declaration) =>
        declaration.getNamedImports().map((name) => (name.getAliasNode() ?? name.getNameNode()).getText()),
      ),
  );
  const lines = imports(types.filter((type) => !known.has(localName(type))));
  const last = source.getImportDeclarations().at(-1);
  const lineEnd = body.endsWith("\n") ? "" : "\n";
  const gap = body === "" ? "" : `${lineEnd}\n`;
  const declared = `${declaration(missing, types, exported).join("\n")}\n`;
  if (lines.length === 0) return [{ at: body.length, text: gap + declared }];
  if (last === undefined) return [{ at: body.length, text: `${gap}${lines.join("\n")}\n\n${declared}` }];
  return [
    { at: last.getEnd(), text: `\n${lines.join("\n")}` },
    { at: body.length, text: gap + declared },
  ];
}

const imports = (types: readonly TypeImport[]): string[] =>
  types.map(({ name, as, from }) => `import type { ${name}${as === undefined ? "" : ` as ${as}`} } from "${from}";`);
const localName = ({ name, as }: TypeImport): string => as ?? name;

function declaration(requirements: readonly Requirement[], types: readonly TypeImport[], exported: Export): string[] {
  return [
    `export const ${exported} = {`,
    ...requirements.flatMap((requirement) => stub(requirement, true, exported)).map((line) => `  ${line}`),
    `} satisfies ${types.map(localName).join(" & ")};`,
  ];
}

/** Returns the lines of a missing function, which is assignable to every required type. */
function stub({ name, what }: Requirement, inObject: boolean, exported: Export): string[] {
  const resolver = exported === "resolvers";
  const method = resolver ? `async ${name}(): Promise<never> {` : `${name}(): never {`;
  return [
    `/** ${what} */`,
    inObject ? `${name}: ${resolver ? "async " : ""}() => {` : method,
    `  throw new Error("the ${resolver ? "resolver of" : "function"} ${what} is not written yet");`,
    inObject ? "}," : "}",
  ];
}
