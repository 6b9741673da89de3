// `serverExternalPackages` in the configuration of Next.js: its bundler must leave packages alone that load others, and
// threads, only if they are needed.
import type { morph } from "../../resolvers/ts-morph.ts";
import { emptyProject, tsMorph } from "../../resolvers/ts-morph.ts";

export const NEXT_CONFIGS: readonly string[] = ["next.config.ts", "next.config.mjs", "next.config.js"];
const FIELD = "serverExternalPackages";
const EXTERNAL: readonly string[] = ["@protobff/server", "@protobff/runtime"];
const LIST = `[${EXTERNAL.map((name) => JSON.stringify(name)).join(", ")}]`;
/** The line for those who write it by hand. */
export const EXTERNAL_LINE = `${FIELD}: ${LIST}`;

export const NEW_CONFIG = `export default {
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
