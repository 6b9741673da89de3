// The shape of source files: lengths and constructs, read with TypeScript's parser.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ts } from "ts-morph";
import { filesBelow } from "./files-below.ts";

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

export interface FunctionLength {
  /** The names of the function and of those around it; `callback` for one without a name. */
  readonly name: string;
  readonly lines: number;
}

export interface ClassShape {
  readonly name: string;
  /** Fields that are no constants of the class. */
  readonly fields: number;
  /** Booleans among them that change. */
  readonly flags: number;
}

export interface Shape {
  readonly lines: number;
  readonly functions: readonly FunctionLength[];
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
  const found = { functions: [] as FunctionLength[], any: [] as number[], nonNull: [] as number[] };
  const spreads: number[] = [];
  const classes: ClassShape[] = [];
  const visit = (node: ts.Node, around: string): void => {
    const first = lineOf(node.getStart());
    let name = around;
    if (isFunction(node)) {
      name = [around, nameOf(node)].filter((part) => part !== "").join(".");
      found.functions.push({ name, lines: lineOf(node.end) - first + 1 });
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

function classShape({ name, members }: ts.ClassLikeDeclaration): ClassShape {
  const has = (member: ts.PropertyDeclaration, kind: ts.SyntaxKind): boolean =>
    member.modifiers?.some((modifier) => modifier.kind === kind) === true;
  const fields = members
    .filter((member) => ts.isPropertyDeclaration(member))
    .filter((member) => !has(member, ts.SyntaxKind.StaticKeyword));
  const flags = fields.filter((member) => !has(member, ts.SyntaxKind.ReadonlyKeyword) && isFlag(member));
  return { name: name?.text ?? "", fields: fields.length, flags: flags.length };
}

const FLAGS: ReadonlySet<ts.SyntaxKind> = new Set([
  ts.SyntaxKind.BooleanKeyword,
  ts.SyntaxKind.TrueKeyword,
  ts.SyntaxKind.FalseKeyword,
]);
const isFlag = ({ type, initializer }: ts.PropertyDeclaration): boolean =>
  FLAGS.has((type ?? initializer)?.kind ?? ts.SyntaxKind.Unknown) ||
  (type !== undefined && ts.isUnionTypeNode(type) && type.types.some(({ kind }) => FLAGS.has(kind)));
