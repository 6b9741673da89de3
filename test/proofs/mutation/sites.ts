// Finds the places where the compiler reports: every code that it gives to a diagnostic, in its sources.
import { ts } from "ts-morph";

/** A place that makes diagnostics of one code. */
export interface Site {
  /** Its file from plugin/src, its function, its code and, from the second in that function on, its number. */
  readonly name: string;
  readonly code: string;
  readonly line: number;
}

/** Function that the instrumented sources call in place of a literal code. Returns the code to use. */
export const HOOK = "__reportSite";

/**
 * The source with each code in it replaced by a call of `HOOK` with the site's name and the code, and the sites. Codes that are
 * only compared with, and those in types, are left as they are.
 */
export function instrument(file: string, source: string): { readonly text: string; readonly sites: readonly Site[] } {
  if (!/"BFF\d{3}"/.test(source)) return { text: source, sites: [] };
  const parsed = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true);
  const sites: Site[] = [];
  const count = new Map<string, number>();
  let text = "";
  let copied = 0;
  const visit = (node: ts.Node, within: string): void => {
    const inside = nameOf(node) ?? within;
    if (ts.isStringLiteral(node) && /^BFF\d{3}$/.test(node.text) && reports(node)) {
      const plain = `${file} ${inside} ${node.text}`;
      const nth = (count.get(plain) ?? 0) + 1;
      count.set(plain, nth);
      const name = nth === 1 ? plain : `${plain} (${nth})`;
      const { line } = parsed.getLineAndCharacterOfPosition(node.getStart());
      sites.push({ name, code: node.text, line: line + 1 });
      text += `${source.slice(copied, node.getStart())}globalThis.${HOOK}(${JSON.stringify(name)}, "${node.text}")`;
      copied = node.getEnd();
    }
    ts.forEachChild(node, (child) => visit(child, inside));
  };
  visit(parsed, "");
  return { text: text + source.slice(copied), sites };
}

function nameOf(node: ts.Node): string | undefined {
  if (ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node)) return node.name?.getText();
  const { parent } = node;
  if ((ts.isArrowFunction(node) || ts.isFunctionExpression(node)) && ts.isVariableDeclaration(parent))
    return parent.name.getText();
  return undefined;
}

/** Reports whether a node reports its code; a comparison only tests one, and so does a set of codes. */
function reports(node: ts.Node): boolean {
  const { parent } = node;
  if (ts.isLiteralTypeNode(parent) || ts.isCaseClause(parent) || isSetOf(parent)) return false;
  if (!ts.isBinaryExpression(parent)) return true;
  return ![ts.SyntaxKind.EqualsEqualsEqualsToken, ts.SyntaxKind.ExclamationEqualsEqualsToken].includes(
    parent.operatorToken.kind,
  );
}

function isSetOf(elements: ts.Node): boolean {
  const { parent } = elements;
  return ts.isArrayLiteralExpression(elements) && ts.isNewExpression(parent) && parent.expression.getText() === "Set";
}
