// Calls: what a function of the client, or of a library, receives.
import type { ts as TypeScript } from "ts-morph";
import { type Analysis, Recorder } from "./analysis.ts";
import { parameterTypes } from "./flow.ts";

/** Functions of protobuf-es that hand on a message of the same type, or look at no field that the client reads. */
const SAFE =
  /^(create|clone|isMessage|isFieldSet|clearField|from(Binary|Json|JsonString)|mergeFrom\w+|createRegistry|createMutableRegistry|anyIs|anyUnpack\w*|\w*Extension\w*|timestamp\w+|duration\w+)$/;
/** Libraries that hand on a value of a type parameter without a look at its fields. */
const TRUSTED =
  /^(lib|react|preact|@connectrpc\/.+|@bufbuild\/protobuf|@tanstack\/(react-query|query-core)|@protobff\/client|zustand|jotai|rxjs)$/;
/** Parts of these libraries that look at the fields. */
const READING = /^(ObjectConstructor|Reflect|ProxyConstructor|structuredClone)$|persist|devtools|storage|serial/i;
const JSON_FUNCTIONS = /^(toJson|toJsonString)$/;

/** Maximum number of types in one selection. */
const MAX_SELECTED = 1_000;

/** Records calls. */
interface Calls {
  readonly visit: (node: TypeScript.Node) => void;
  /** True for a part of an argument that only goes into a message again, or is compared by identity. */
  readonly isSafe: (node: TypeScript.Node) => boolean;
}

/** Creates the recorder of calls. */
export function createCalls(analysis: Analysis): Calls {
  const recorder = new CallRecorder(analysis);
  return { visit: (node) => recorder.visit(node), isSafe: (node) => recorder.isSafe(node) };
}

class CallRecorder extends Recorder {
  private readonly safe = new Set<TypeScript.Node>();
  isSafe(node: TypeScript.Node): boolean {
    return this.safe.has(node) || this.safe.has(node.parent);
  }

  visit(node: TypeScript.Node): void {
    if (this.safe.has(node.parent) && !this.ts.isFunctionLike(node)) this.safe.add(node);
    if (this.ts.isTypeReferenceNode(node) || this.ts.isExpressionWithTypeArguments(node)) this.referred(node);
    const isTag = this.ts.isJsxOpeningLikeElement(node);
    if (!isTag && !this.ts.isCallLikeExpression(node)) return;
    const signature = this.checker.getResolvedSignature(node);
    if (signature === undefined) return;
    const { declaration } = signature;
    const library = this.origins.packageOf(declaration);
    const name = nameOf(this.ts, declaration);
    this.instantiated(signature, node);
    const predicate = this.checker.getTypePredicateOfSignature(signature)?.type;
    const passed = argumentsOf(this.ts, node);
    if (library === "@bufbuild/protobuf" && SAFE.test(name)) {
      for (const { value } of passed) this.safe.add(value);
      return;
    }
    if (library === "@protobff/client" && name === "select") this.selected(passed.map(({ value }) => value));
    if (library?.startsWith("@tanstack/") && this.ts.isCallExpression(node)) this.cached(node);
    passed.forEach((argument) => {
      const { value, at } = argument;
      const type = typeOf(this.ts, this.checker, value);
      const place = this.placeOf(value);
      if (library === "react" && signature.parameters[at]?.name === "deps") {
        // React compares dependencies by identity.
        this.safe.add(value);
        return;
      }
      if (library === "@bufbuild/protobuf")
        this.graph.take(this.valuesIn(type), place, JSON_FUNCTIONS.test(name) ? "cannotTell" : "all");
      if (library?.startsWith("@connectrpc/")) this.graph.take(this.valuesIn(type), place);
      const targets = this.targetsOf(signature, argument);
      const generic =
        library !== undefined && !isTrusted(declaration, library) && new Set(targets).size > targets.length / 2;
      // A call of `any` declares nothing.
      if (generic || targets.length === 0) this.graph.take(this.kinds.inside(type), place);
      for (const target of targets) this.flow(type, target, place);
      if (predicate !== undefined && at === 0) this.asserted(type, predicate, place);
    });
  }

  /** `getQueryData<Card>(key)` returns what was stored under another type. */
  private cached({ typeArguments }: TypeScript.CallExpression): void {
    for (const argument of typeArguments ?? [])
      for (const kind of this.kinds.inside(this.checker.getTypeAtLocation(argument)))
        for (const property of kind.kind === "shape" ? kind.properties().keys() : [])
          for (const message of this.origins.known)
            this.graph.read(this.origins.propertyOf(message, property), this.placeOf(argument));
  }

  /** `select(CardSchema, { rating: true, maker: { name: true } })`: each name counts in every message that has it. */
  private selected([descriptor, selection]: readonly TypeScript.Expression[]): void {
    if (descriptor === undefined || selection === undefined) return;
    const place = this.placeOf(selection);
    const open = [this.checker.getTypeAtLocation(selection)];
    const known = new Set<TypeScript.Type>();
    for (let type = open.pop(); type !== undefined && known.size < MAX_SELECTED; type = open.pop()) {
      if (known.has(type)) continue;
      known.add(type);
      if (type.isUnion()) open.push(...type.types);
      else if (type.flags & (this.ts.TypeFlags.Any | this.ts.TypeFlags.String) || type.getStringIndexType())
        this.graph.take(this.kinds.inside(this.checker.getTypeAtLocation(descriptor)), place);
      else
        for (const property of type.flags & this.ts.TypeFlags.Object ? type.getProperties() : []) {
          for (const message of this.origins.known)
            this.graph.read(this.origins.propertyOf(message, property.name), place);
          open.push(this.checker.getTypeOfSymbol(property));
        }
    }
  }

  /** A message among the arguments of an rpc is sent back whole. */
  private valuesIn(type: TypeScript.Type) {
    return this.kinds.inside(type, { functions: false, descriptors: false });
  }

  /** The types of a parameter: as this call has it, and as it is declared, with type parameters. */
  private targetsOf(signature: TypeScript.Signature, { value, at, property }: Argument): readonly TypeScript.Type[] {
    const declared =
      signature.declaration === undefined || this.ts.isJSDocSignature(signature.declaration)
        ? undefined
        : this.checker.getSignatureFromDeclaration(signature.declaration);
    if (declared === undefined && signature.parameters.length === 0) return [];
    return [signature, ...(declared === undefined ? [] : [declared])].flatMap((each) => {
      const types = parameterTypes(this.checker, each);
      if (this.ts.isSpreadElement(value)) return types.slice(at);
      const type = types[at] ?? types.at(-1);
      const member = property === undefined ? undefined : type?.getProperty(property);
      return member === undefined ? (type ?? []) : this.checker.getTypeOfSymbol(member);
    });
  }

  /** Links type parameters of the client's functions with the types of this call. */
  private instantiated(signature: TypeScript.Signature, node: TypeScript.Node): void {
    const created = this.ts.isNewExpression(node) ? this.checker.getTypeAtLocation(node) : undefined;
    if (created !== undefined && "target" in created && this.origins.isSource(created.getSymbol())) {
      const reference = created as TypeScript.TypeReference;
      this.linked(reference.target.typeParameters ?? [], this.checker.getTypeArguments(reference), node);
    }
    const { declaration } = signature;
    if (
      declaration === undefined ||
      this.ts.isJSDocSignature(declaration) ||
      this.origins.packageOf(declaration) !== undefined
    )
      return;
    const parameters = declaration.typeParameters?.map((parameter) => this.checker.getTypeAtLocation(parameter)) ?? [];
    this.linked(parameters, this.checker.getTypeArgumentsForResolvedSignature(signature) ?? [], node);
  }

  private linked(
    parameters: readonly TypeScript.Type[],
    types: readonly TypeScript.Type[],
    node: TypeScript.Node,
  ): void {
    parameters.forEach((parameter, i) => {
      const type = types[i];
      if (type !== undefined) this.flow(type, parameter, this.placeOf(node));
    });
  }

  /** `Store<Card>` as a type. */
  private referred(node: TypeScript.TypeReferenceNode | TypeScript.ExpressionWithTypeArguments): void {
    const name = this.ts.isTypeReferenceNode(node) ? node.typeName : node.expression;
    const symbol = this.checker.getSymbolAtLocation(name);
    const target = symbol && symbol.flags & this.ts.SymbolFlags.Alias ? this.checker.getAliasedSymbol(symbol) : symbol;
    if (!this.origins.isSource(target) || node.typeArguments === undefined) return;
    const types = node.typeArguments.map((argument) => this.checker.getTypeAtLocation(argument));
    for (const declaration of target?.declarations ?? []) {
      if (!("typeParameters" in declaration)) continue;
      const parameters = (declaration as TypeScript.TypeAliasDeclaration).typeParameters ?? [];
      this.linked(
        parameters.map((parameter) => this.checker.getTypeAtLocation(parameter)),
        types,
        node,
      );
    }
  }

  private asserted(type: TypeScript.Type, predicate: TypeScript.Type, place: string): void {
    this.flow(type, predicate, place);
    if (this.kinds.messageOf(predicate) === undefined && !this.checker.isTypeAssignableTo(type, predicate))
      this.graph.take(this.kinds.inside(type, { descriptors: false }), place);
  }
}

function nameOf(ts: typeof TypeScript, declaration: TypeScript.Signature["declaration"]): string {
  const name = declaration !== undefined && "name" in declaration ? declaration.name : undefined;
  return name !== undefined && ts.isIdentifier(name as TypeScript.Node) ? (name as TypeScript.Identifier).text : "";
}

/** A value that a call or an element of JSX passes: its parameter, and of that a property. */
interface Argument {
  readonly value: TypeScript.Expression;
  readonly at: number;
  readonly property?: string;
}

function argumentsOf(ts: typeof TypeScript, node: TypeScript.CallLikeExpression): readonly Argument[] {
  const listed = (values: readonly TypeScript.Expression[]): Argument[] => values.map((value, at) => ({ value, at }));
  if (ts.isCallExpression(node) || ts.isNewExpression(node)) return listed(node.arguments ?? []);
  if (ts.isJsxOpeningElement(node) || ts.isJsxSelfClosingElement(node)) return propsOf(ts, node);
  if (ts.isTaggedTemplateExpression(node))
    return ts.isTemplateExpression(node.template)
      ? listed([node.template, ...node.template.templateSpans.map(({ expression }) => expression)])
      : listed([node.template]);
  return [];
}

function propsOf(ts: typeof TypeScript, node: TypeScript.JsxOpeningLikeElement): readonly Argument[] {
  const children = ts.isJsxOpeningElement(node) && ts.isJsxElement(node.parent) ? node.parent.children : [];
  return [...node.attributes.properties, ...children].flatMap((part) => {
    if (ts.isJsxSpreadAttribute(part)) return { value: part.expression, at: 0 };
    const inside = ts.isJsxAttribute(part) ? part.initializer : part;
    if (inside === undefined || !ts.isJsxExpression(inside) || inside.expression === undefined) return [];
    const property = ts.isJsxAttribute(part) ? part.name.getText() : "children";
    return { value: inside.expression, at: 0, property };
  });
}

function typeOf(
  ts: typeof TypeScript,
  checker: TypeScript.TypeChecker,
  argument: TypeScript.Expression,
): TypeScript.Type {
  const type = checker.getTypeAtLocation(ts.isSpreadElement(argument) ? argument.expression : argument);
  return ts.isSpreadElement(argument) ? (type.getNumberIndexType() ?? type) : type;
}

function isTrusted(declaration: TypeScript.Node | undefined, library: string): boolean {
  if (!TRUSTED.test(library)) return false;
  for (let at = declaration; at !== undefined; at = at.parent)
    if ("name" in at && READING.test((at.name as { readonly text?: string } | undefined)?.text ?? "")) return false;
  return true;
}
