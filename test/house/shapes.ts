// The shape of source files: lengths and constructs, read with TypeScript's parser.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ts } from "ts-morph";
import { filesBelow } from "../support/files-below.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const SKIPPED = /\/(node_modules|dist|gen|generated|\.generated|src\/testing)\/|(\.test|_pb|\.d)\.tsx?$/;
const TESTS = /^(?!.*\/(?:node_modules|dist)\/).*\.test\.tsx?$/;

export interface Source {
  /** A path from the root. */
  readonly path: string;
  readonly text: string;
}

/** The TypeScript files below a folder; tests and generated files are left out. */
export const sources = (folder: string): Source[] =>
  texts(filesBelow(folder).filter((path) => /\.tsx?$/.test(path) && !SKIPPED.test(path)));
export const testFiles = (folder: string): Source[] => texts(filesBelow(folder).filter((path) => TESTS.test(path)));
const texts = (paths: readonly string[]): Source[] =>
  paths.map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));

export interface FunctionShape {
  /** The names of the function and of those around it; `callback` for one without a name. */
  readonly name: string;
  readonly lines: number;
  /** Number of positional parameters. */
  readonly parameters: number;
}

export interface ClassShape {
  readonly name: string;
  /** Fields that are no constants of the class. An object or tuple that only this class uses counts as its members. */
  readonly fields: number;
  /** Booleans among them that change, and bits of numbers that are used as masks. */
  readonly flags: number;
}

export interface Shape {
  readonly lines: number;
  readonly functions: readonly FunctionShape[];
  readonly classes: readonly ClassShape[];
  /** Lines with the type `any`. */
  readonly any: readonly number[];
  /** Lines with a non-null assertion. */
  readonly nonNull: readonly number[];
  /** Lines that spread an object literal into another, as in `{ ...{ a, b } }`. */
  readonly spreads: readonly number[];
}

export function shapeOf({ path, text }: Source): Shape {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const lineOf = (position: number): number => file.getLineAndCharacterOfPosition(position).line + 1;
  const found = { functions: [] as FunctionShape[], any: [] as number[], nonNull: [] as number[] };
  const spreads: number[] = [];
  const classes: ClassShape[] = [];
  const visit = (node: ts.Node, around: string): void => {
    const first = lineOf(node.getStart());
    let name = around;
    if (isFunction(node)) {
      name = [around, nameOf(node)].filter((part) => part !== "").join(".");
      found.functions.push({ name, lines: lineOf(node.end) - first + 1, parameters: node.parameters.length });
    }
    if (ts.isClassLike(node)) classes.push(classShape(node));
    if (node.kind === ts.SyntaxKind.AnyKeyword) found.any.push(first);
    if (ts.isNonNullExpression(node)) found.nonNull.push(first);
    if (isLiteralSpread(node)) spreads.push(first);
    ts.forEachChild(node, (child) => visit(child, name));
  };
  visit(file, "");
  return { lines: text.split("\n").length - 1, ...found, classes, spreads };
}

const isFunction = (node: ts.Node): node is ts.FunctionLikeDeclaration =>
  ts.isFunctionLike(node) && "body" in node && node.body !== undefined;

function nameOf(node: ts.FunctionLikeDeclaration): string {
  if (ts.isConstructorDeclaration(node)) return "constructor";
  const named = node.name ?? ("name" in node.parent ? (node.parent.name as ts.Node | undefined) : undefined);
  return named?.getText() ?? "callback";
}

function isLiteralSpread(node: ts.Node): boolean {
  if (!ts.isSpreadAssignment(node)) return false;
  let value = node.expression;
  while (ts.isParenthesizedExpression(value)) value = value.expression;
  return ts.isObjectLiteralExpression(value);
}

function classShape(node: ts.ClassLikeDeclaration): ClassShape {
  const fields = node.members
    .filter((member) => ts.isPropertyDeclaration(member))
    .filter((member) => !has(member, ts.SyntaxKind.StaticKeyword));
  const all = fields.map((field) => heldBy(field, node));
  return {
    name: node.name?.text ?? "",
    fields: all.reduce((sum, held) => sum + held.fields, 0),
    flags: all.reduce((sum, held) => sum + held.flags, 0),
  };
}

type Member = ts.PropertyDeclaration | ts.PropertySignature;
interface Held {
  readonly fields: number;
  readonly flags: number;
}
const has = (member: Member, kind: ts.SyntaxKind): boolean =>
  member.modifiers?.some((modifier) => modifier.kind === kind) === true;
const isReadonly = (member: Member): boolean => has(member, ts.SyntaxKind.ReadonlyKeyword);

/** Counts what a field holds. A bag or tuple without mutable booleans is one field. */
function heldBy(field: ts.PropertyDeclaration, node: ts.ClassLikeDeclaration): Held {
  const mutable = bagOf(field, node).filter(({ readonly }) => !readonly);
  const booleans = mutable.filter(({ type }) => isBoolean(type)).length;
  if (booleans > 0) return { fields: mutable.length, flags: booleans };
  if (isReadonly(field)) return { fields: 1, flags: 0 };
  return { fields: 1, flags: isBoolean(field.type ?? field.initializer) ? 1 : bitsOf(field, node) };
}

/** Members of an object or tuple that a field holds: of its literal, or of a type that this class alone uses. */
function bagOf(
  { type, initializer }: ts.PropertyDeclaration,
  node: ts.ClassLikeDeclaration,
): readonly { readonly readonly: boolean; readonly type: ts.Node | undefined }[] {
  const bag = type === undefined ? initializer : declaredType(type, node);
  if (bag === undefined) return [];
  if (ts.isTupleTypeNode(bag)) return bag.elements.map((element) => ({ readonly: false, type: element }));
  if (ts.isArrayLiteralExpression(bag)) return bag.elements.map((element) => ({ readonly: false, type: element }));
  if (ts.isTypeLiteralNode(bag) || ts.isInterfaceDeclaration(bag))
    return bag.members
      .filter((member) => ts.isPropertySignature(member))
      .map((member) => ({ readonly: isReadonly(member), type: member.type }));
  if (!ts.isObjectLiteralExpression(bag)) return [];
  return bag.properties
    .filter((property) => ts.isPropertyAssignment(property))
    .map((property) => ({ readonly: false, type: property.initializer }));
}
/** The literal or interface that a type names if it is declared in the same file, and used by this class alone. */
function declaredType(type: ts.TypeNode, node: ts.ClassLikeDeclaration): ts.Node {
  if (!ts.isTypeReferenceNode(type) || !ts.isIdentifier(type.typeName)) return type;
  const { text } = type.typeName;
  const file = node.getSourceFile();
  const found = file.statements.find(
    (statement) =>
      (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)) && statement.name.text === text,
  ) as ts.InterfaceDeclaration | ts.TypeAliasDeclaration | undefined;
  if (found === undefined || found.modifiers !== undefined) return type;
  const elsewhere = file.statements.some(
    (other) => other !== node && other !== found && ts.isClassLike(other) && names(other, text),
  );
  if (elsewhere) return type;
  return ts.isTypeAliasDeclaration(found) ? found.type : found;
}
const names = (node: ts.Node, text: string): boolean =>
  (ts.isIdentifier(node) && node.text === text) || ts.forEachChild(node, (child) => names(child, text)) === true;

/** Counts the masks that a class applies to one of its numbers. One mask alone is no flag. */
function bitsOf({ name }: ts.PropertyDeclaration, node: ts.ClassLikeDeclaration): number {
  const masks = new Set<string>();
  const isField = (operand: ts.Node): boolean =>
    ts.isPropertyAccessExpression(operand) &&
    operand.expression.kind === ts.SyntaxKind.ThisKeyword &&
    operand.name.getText() === name.getText();
  const visit = (child: ts.Node): void => {
    if (ts.isBinaryExpression(child) && BITWISE.has(child.operatorToken.kind) && isField(child.left)) {
      let mask: ts.Expression = child.right;
      if (ts.isPrefixUnaryExpression(mask)) mask = mask.operand; // `&= ~MASK`
      if (ts.isIdentifier(mask) || ts.isPropertyAccessExpression(mask) || ts.isNumericLiteral(mask))
        masks.add(mask.getText());
    }
    ts.forEachChild(child, visit);
  };
  visit(node);
  return masks.size > 1 ? masks.size : 0;
}
const BITWISE: ReadonlySet<ts.SyntaxKind> = new Set([
  ts.SyntaxKind.AmpersandToken,
  ts.SyntaxKind.BarEqualsToken,
  ts.SyntaxKind.AmpersandEqualsToken,
  ts.SyntaxKind.CaretEqualsToken,
]);

const FLAGS: ReadonlySet<ts.SyntaxKind> = new Set([
  ts.SyntaxKind.BooleanKeyword,
  ts.SyntaxKind.TrueKeyword,
  ts.SyntaxKind.FalseKeyword,
]);
const isBoolean = (type: ts.Node | undefined): boolean =>
  type !== undefined &&
  (FLAGS.has(type.kind) || (ts.isUnionTypeNode(type) && type.types.some(({ kind }) => FLAGS.has(kind))));
