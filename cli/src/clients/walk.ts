// Walks the client's source, and records each read of a generated field and each place that takes a whole message.
import type { ts as TypeScript } from "ts-morph";
import type { Analysis } from "./analysis.ts";
import { createCalls } from "./calls.ts";
import { createReads } from "./reads.ts";

/** Names of functions that frameworks call, and whose results they send on. */
const OF_FRAMEWORKS = /^(loader|clientLoader|action|clientAction|getServerSideProps|getStaticProps)$/;

/** Creates the function that walks one file. */
export function createWalk(analysis: Analysis): (file: TypeScript.SourceFile) => void {
  const { ts, checker, kinds, graph, flow, placeOf } = analysis;
  const reads = createReads(analysis);
  const calls = createCalls(analysis);

  const visit = (node: TypeScript.Node): void => {
    reads(node);
    calls.visit(node);
    if (ts.isExpression(node) && !isName(ts, node)) assigned(node);
    if (ts.isThrowStatement(node)) graph.take(kinds.inside(checker.getTypeAtLocation(node.expression)), placeOf(node));
    if (ts.isSpreadAssignment(node))
      flow(checker.getTypeAtLocation(node.expression), checker.getTypeAtLocation(node.parent), placeOf(node));
    if (ts.isJsxSpreadAttribute(node)) {
      const type = checker.getContextualType(node.parent) ?? checker.getTypeAtLocation(node.parent);
      flow(checker.getTypeAtLocation(node.expression), type, placeOf(node));
    }
    if (ts.isHeritageClause(node)) inherited(node);
    if (ts.isFunctionDeclaration(node) || ts.isVariableDeclaration(node)) exported(node);
    ts.forEachChild(node, visit);
  };

  const assigned = (node: TypeScript.Expression): void => {
    if (calls.isSafe(node) || isUnpacked(ts, node)) return;
    const target =
      ts.isAsExpression(node.parent) || ts.isTypeAssertionExpression(node.parent)
        ? checker.getTypeAtLocation(node.parent)
        : checker.getContextualType(node);
    if (target === undefined) return;
    const source = checker.getTypeAtLocation(node);
    flow(source, target, placeOf(node));
    const asserted = ts.isAsExpression(node.parent) || ts.isTypeAssertionExpression(node.parent);
    // An assertion may name fields that the type before it hides.
    if (asserted && !ts.isConstTypeReference(node.parent.type) && !checker.isTypeAssignableTo(source, target))
      if (kinds.messageOf(checker.getNonNullableType(target)) === undefined)
        graph.take(kinds.inside(source, { descriptors: false }), placeOf(node));
  };

  const inherited = (clause: TypeScript.HeritageClause): void => {
    if (!ts.isClassLike(clause.parent)) return;
    const derived = checker.getTypeAtLocation(clause.parent);
    for (const type of clause.types) flow(derived, checker.getTypeAtLocation(type), placeOf(type));
  };

  const exported = (node: TypeScript.FunctionDeclaration | TypeScript.VariableDeclaration): void => {
    if (node.name === undefined || !ts.isIdentifier(node.name) || !OF_FRAMEWORKS.test(node.name.text)) return;
    const statement = ts.isVariableDeclaration(node) ? node.parent.parent : node;
    const modifiers = ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []) : [];
    if (!modifiers.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)) return;
    graph.take(kinds.inside(checker.getTypeAtLocation(node), { descriptors: false }), placeOf(node), "cannotTell");
  };
  return (file) => ts.forEachChild(file, visit);
}

/** True for the name in a declaration or in `a.name`, which is not a value. */
function isName(ts: typeof TypeScript, node: TypeScript.Expression): boolean {
  if (!ts.isIdentifier(node)) return false;
  const { parent } = node;
  return ("name" in parent && parent.name === node) || ("propertyName" in parent && parent.propertyName === node);
}

/** True for the value of `const { title } = card`: the pattern reads it, and as a context it has the type `any`. */
function isUnpacked(ts: typeof TypeScript, node: TypeScript.Expression): boolean {
  let at: TypeScript.Node = node;
  while (
    ts.isParenthesizedExpression(at.parent) ||
    ts.isNonNullExpression(at.parent) ||
    ts.isAwaitExpression(at.parent) ||
    ts.isConditionalExpression(at.parent) ||
    (ts.isBinaryExpression(at.parent) && at.parent.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken)
  )
    at = at.parent;
  const { parent } = at;
  return ts.isVariableDeclaration(parent) && parent.type === undefined && !ts.isIdentifier(parent.name);
}
