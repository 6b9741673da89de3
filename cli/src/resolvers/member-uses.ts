// Uses of a member of resolvers or functions in the text of one module.
import type { ts as TypeScript } from "ts-morph";
import { tsMorph } from "./ts-morph.ts";

/** A TypeScript module of the user. */
export interface Module {
  readonly uri: string;
  readonly text: string;
}

/** The end of the names of types in generated code, whose members the user writes. */
export type Owner = "Functions" | "Resolvers";

/** A place that names a member. */
export interface MemberUse {
  /**
   * - `definition`: its key in the object or class;
   * - `shorthand`: key and variable in one, `{ slugOf }`;
   * - `unknown`: a member of that name of something else, or of the same object.
   */
  readonly kind: "definition" | "shorthand" | "unknown";
  readonly from: number;
  readonly to: number;
}

/**
 * Returns the places that name a member of an object or class of a type `…Functions` or `…Resolvers`. Variables of that
 * name, texts and comments are no uses.
 */
export function memberUses(text: string, member: string, owner: Owner): readonly MemberUse[] {
  const { ts } = tsMorph();
  const source = ts.createSourceFile("members.ts", text, ts.ScriptTarget.Latest, true);
  const found: MemberUse[] = [];
  const visit = (node: TypeScript.Node): void => {
    if ((ts.isIdentifier(node) || ts.isStringLiteralLike(node)) && node.text === member) {
      const kind = kindOf(ts, node, owner);
      const quote = ts.isIdentifier(node) ? 0 : 1;
      if (kind !== undefined) found.push({ kind, from: node.getStart(source) + quote, to: node.end - quote });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function kindOf(ts: typeof TypeScript, node: TypeScript.Identifier | TypeScript.StringLiteralLike, owner: Owner) {
  const { parent } = node;
  if (ts.isShorthandPropertyAssignment(parent)) return isOf(owner, ts, parent) ? "shorthand" : "unknown";
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node ? "unknown" : undefined;
  if (ts.isElementAccessExpression(parent)) return parent.argumentExpression === node ? "unknown" : undefined;
  if (ts.isBindingElement(parent) && ts.isObjectBindingPattern(parent.parent))
    return (parent.propertyName ?? parent.name) === node ? "unknown" : undefined;
  if (ts.isObjectLiteralElement(parent) || ts.isClassElement(parent)) {
    if (parent.name !== node) return undefined;
    return isOf(owner, ts, parent) ? "definition" : "unknown";
  }
  return ts.isTypeElement(parent) ||
    ts.isLiteralTypeNode(parent) ||
    ts.isImportSpecifier(parent) ||
    ts.isExportSpecifier(parent)
    ? "unknown"
    : undefined;
}

/** True if the nearest type or name around an entry of an object, or the type of its class, is one of the owner. */
function isOf(owner: Owner, ts: typeof TypeScript, entry: TypeScript.Node): boolean {
  const name = owner.toLowerCase();
  const pattern = new RegExp(`^${name}$|\\w+${owner}\\b`);
  for (let at = entry.parent; at !== undefined; at = at.parent) {
    if (ts.isClassLike(at)) return pattern.test((at.heritageClauses ?? []).map((all) => all.getText()).join());
    if (ts.isSatisfiesExpression(at) || ts.isAsExpression(at)) return pattern.test(at.type.getText());
    if (ts.isVariableDeclaration(at)) return pattern.test(at.type?.getText() ?? at.name.getText());
    if (ts.isPropertyAssignment(at)) return at.name.getText() === name;
    if (!ts.isObjectLiteralExpression(at) && !ts.isParenthesizedExpression(at)) return false;
  }
  return false;
}
