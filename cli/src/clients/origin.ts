// Origins of declarations: the client's source, its generated code, or a library.
import type { ts as TypeScript } from "ts-morph";
import { type Answers, fieldsOf } from "./answers.ts";

/** A field of a message, by its name in the proto. */
export interface FieldName {
  readonly message: string;
  readonly field: string;
}

const NONE: readonly FieldName[] = [];

/** Answers questions about declarations of one program. */
export interface Origins {
  /** The fields of a property of generated code; a oneof has all its members. Empty: it is none. */
  readonly fieldsOf: (symbol: TypeScript.Symbol | undefined) => readonly FieldName[];
  /** True for code whose source is in the program. */
  readonly isSource: (symbol: TypeScript.Symbol | undefined) => boolean;
  /** The npm package of a declaration, `lib` for the compiler's libraries, or undefined for source. */
  readonly packageOf: (node: TypeScript.Node | undefined) => string | undefined;
  /** Files of generated messages. */
  readonly generated: ReadonlySet<TypeScript.SourceFile>;
  /** Names of messages whose code the program has. */
  readonly known: ReadonlySet<string>;
  /** The message of a generated JSON type, as `CardJson`. */
  readonly jsonTypeOf: (symbol: TypeScript.Symbol) => string | undefined;
  /** The fields of a property's name in a message. */
  readonly propertyOf: (message: string, property: string) => readonly FieldName[];
}

/** Finds the generated messages of a program. */
export function originsOf(ts: typeof TypeScript, program: TypeScript.Program, answers: Answers): Origins {
  const checker = program.getTypeChecker();
  const fields = new Map<TypeScript.Node, readonly FieldName[]>();
  const bySymbol = new WeakMap<TypeScript.Symbol, readonly FieldName[]>();
  const generated = new Set<TypeScript.SourceFile>();
  const known = new Set<string>();
  const jsonTypes = new Map<TypeScript.Node, string>();
  const propertyOf = (message: string, property: string): readonly FieldName[] =>
    fieldsOf(answers.messages.get(message), property).map((field) => ({ message, field }));
  for (const file of program.getSourceFiles()) {
    const aliases = file.statements.filter((statement) => ts.isTypeAliasDeclaration(statement));
    const shapes = new Map(
      aliases.flatMap((alias) => {
        const shape = shapeOf(ts, alias);
        return shape === undefined ? [] : [[alias.name.text, shape] as const];
      }),
    );
    if (shapes.size > 0) generated.add(file);
    for (const { message, members } of shapes.values()) {
      known.add(message);
      for (const member of members)
        if (ts.isPropertySignature(member) && "text" in member.name)
          fields.set(member, propertyOf(message, member.name.text));
    }
    for (const alias of aliases) {
      const message = shapes.get(alias.name.text.replace(/Json$/, ""))?.message;
      if (message !== undefined && !shapes.has(alias.name.text)) jsonTypes.set(alias, message);
    }
  }
  const packageOf = (node: TypeScript.Node | undefined): string | undefined => {
    const file = node?.getSourceFile();
    if (file === undefined || program.isSourceFileDefaultLibrary(file)) return "lib";
    const [, name] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file.fileName) ?? [];
    if (name !== undefined) return name.replace(/^@types\/(?:(.+)__)?/, (_, scope) => (scope ? `@${scope}/` : ""));
    return file.isDeclarationFile ? file.fileName : undefined;
  };
  return {
    generated,
    known,
    packageOf,
    propertyOf,
    jsonTypeOf: (symbol) => {
      // An import is an alias of the declared type.
      const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      return (target.declarations ?? []).map((node) => jsonTypes.get(node)).find((message) => message !== undefined);
    },
    isSource: (symbol) => (symbol?.declarations ?? []).some((node) => packageOf(node) === undefined),
    fieldsOf: (symbol) => {
      if (symbol === undefined) return NONE;
      const known = bySymbol.get(symbol);
      if (known !== undefined) return known;
      const symbols = symbol.declarations === undefined ? checker.getRootSymbols(symbol) : [symbol];
      const nodes = new Set(symbols.flatMap(({ declarations = [] }) => declarations));
      const found = [...nodes].flatMap((node) => fields.get(node) ?? NONE);
      bySymbol.set(symbol, found.length === 0 ? NONE : found);
      return found;
    },
  };
}

/** Returns the message of `type Card = Message<"web.v1.Card"> & { … }`, and its members. */
function shapeOf(ts: typeof TypeScript, { type }: TypeScript.TypeAliasDeclaration) {
  if (!ts.isIntersectionTypeNode(type)) return undefined;
  let message: string | undefined;
  let members: readonly TypeScript.TypeElement[] | undefined;
  for (const part of type.types) {
    if (ts.isTypeLiteralNode(part)) members = part.members;
    if (!ts.isTypeReferenceNode(part) || part.typeName.getText() !== "Message") continue;
    const [name] = part.typeArguments ?? [];
    if (name !== undefined && ts.isLiteralTypeNode(name) && ts.isStringLiteral(name.literal))
      message = name.literal.text;
  }
  return message === undefined || members === undefined ? undefined : { message, members };
}
