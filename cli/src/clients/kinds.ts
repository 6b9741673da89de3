// The kinds of values in a type: messages, generated fields, and shapes of the client.
import type { ts as TypeScript } from "ts-morph";
import { ANY_MESSAGE, messageKind, type ShapeKind, type ValueKind } from "./graph.ts";
import type { Origins } from "./origin.ts";

/** Types in one type that are followed; of a larger one all messages are taken. */
const MAX_TYPES = 20_000;

/** Which parts of a type count. */
interface Parts {
  /** True: a function counts as what it returns. */
  readonly functions?: boolean;
  /** True: a function counts as its parameters, too. */
  readonly parameters?: boolean;
  /** True: a descriptor, as `CardSchema`, counts as its message. */
  readonly descriptors?: boolean;
}

/** Finds the kinds in types of one program. */
export interface Kinds {
  /** All kinds in a type, at any depth. Default: functions and descriptors count. */
  readonly inside: (type: TypeScript.Type, parts?: Parts) => ReadonlySet<ValueKind>;
  /** The kinds of the value itself; none for arrays and functions. */
  readonly itself: (type: TypeScript.Type) => readonly ValueKind[];
  /** The message of a type, `*` for an unknown one. */
  readonly messageOf: (type: TypeScript.Type) => string | undefined;
  /** True for descriptors of messages, enums, services and methods. */
  readonly isDescriptor: (type: TypeScript.Type) => boolean;
}

/** Creates the finder. */
export function createKinds(ts: typeof TypeScript, checker: TypeScript.TypeChecker, origins: Origins): Kinds {
  return new KindFinder(ts, checker, origins);
}

class KindFinder implements Kinds {
  private readonly ts: typeof TypeScript;
  private readonly checker: TypeScript.TypeChecker;
  private readonly origins: Origins;
  private readonly shapes = new Map<
    TypeScript.Symbol | TypeScript.Type,
    { kind: ShapeKind; types: Set<TypeScript.Type> }
  >();
  private readonly memo = new Map<string, Map<TypeScript.Type, ReadonlySet<ValueKind>>>();

  constructor(ts: typeof TypeScript, checker: TypeScript.TypeChecker, origins: Origins) {
    this.ts = ts;
    this.checker = checker;
    this.origins = origins;
  }

  messageOf(type: TypeScript.Type): string | undefined {
    if (!(type.flags & (this.ts.TypeFlags.Object | this.ts.TypeFlags.Intersection))) return undefined;
    const property = type.getProperty("$typeName");
    if (property === undefined) return undefined;
    // Optional in a `Partial`; what `create` takes has it as `never`.
    const name = this.checker.getNonNullableType(this.checker.getTypeOfSymbol(property));
    if (name.isStringLiteral()) return name.value;
    // Names of fields, as in `Record<keyof Card, string>`, are not those of the library.
    const declared = this.origins.packageOf(property.declarations?.[0]) === "@bufbuild/protobuf";
    return name.flags & this.ts.TypeFlags.Never || !declared ? undefined : ANY_MESSAGE;
  }

  isDescriptor(type: TypeScript.Type): boolean {
    const symbol = type.aliasSymbol ?? type.getSymbol();
    // A method of a service is a literal, and a descriptor.
    if (symbol === undefined) return type.isIntersection() && type.types.some((part) => this.isDescriptor(part));
    return (
      /^(Gen|Desc)[A-Z]/.test(symbol.name) && this.origins.packageOf(symbol.declarations?.[0]) === "@bufbuild/protobuf"
    );
  }

  private shapeOf(symbol: TypeScript.Symbol, type: TypeScript.Type): ShapeKind {
    // All objects of `Record` share a symbol.
    const key = this.origins.isSource(symbol) ? symbol : type;
    const known = this.shapes.get(key);
    if (known !== undefined) {
      known.types.add(type);
      return known.kind;
    }
    const types = new Set([type]);
    const kind: ShapeKind = {
      kind: "shape",
      from: new Map(),
      properties: cached(types, () => this.propertiesOf(types)),
      content: cached(types, () => new Set([...types].flatMap((type) => [...this.inside(type)]))),
    };
    this.shapes.set(key, { kind, types });
    return kind;
  }

  private propertiesOf(types: ReadonlySet<TypeScript.Type>): ReadonlyMap<string, ReadonlySet<ValueKind>> {
    const found = new Map<string, ReadonlySet<ValueKind>>();
    for (const type of types)
      for (const property of this.checker.getPropertiesOfType(type))
        if (this.origins.fieldsOf(property).length === 0)
          found.set(
            property.name,
            new Set([...(found.get(property.name) ?? []), ...this.inside(this.checker.getTypeOfSymbol(property))]),
          );
    return found;
  }

  private ownShape(type: TypeScript.Type): ShapeKind | undefined {
    const symbol = type.getSymbol();
    // All types `{}` share a symbol without a declaration.
    if (symbol?.declarations === undefined) return undefined;
    if (type.flags & this.ts.TypeFlags.TypeParameter)
      return this.origins.isSource(symbol) ? this.shapeOf(symbol, type) : undefined;
    if (!(type.flags & this.ts.TypeFlags.Object) || isFunction(this.checker, type)) return undefined;
    const named = (symbol.flags & (this.ts.SymbolFlags.Class | this.ts.SymbolFlags.Interface)) !== 0;
    return named && !this.origins.isSource(symbol) ? undefined : this.shapeOf(symbol, type);
  }

  itself(type: TypeScript.Type): readonly ValueKind[] {
    if (type.isUnion()) return type.types.flatMap((type) => this.itself(type));
    const message = this.messageOf(type);
    if (message !== undefined) return [messageKind(message)];
    if (this.isDescriptor(type)) return [];
    if (type.isIntersection()) return type.types.flatMap((type) => this.itself(type));
    const shape = this.ownShape(type);
    return shape === undefined ? [] : [shape];
  }

  inside(
    type: TypeScript.Type,
    { functions = true, descriptors = true, parameters = false }: Parts = {},
  ): ReadonlySet<ValueKind> {
    const key = `${functions} ${descriptors} ${parameters}`;
    const results = this.memo.get(key) ?? new Map<TypeScript.Type, ReadonlySet<ValueKind>>();
    this.memo.set(key, results);
    const known = results.get(type);
    if (known !== undefined) return known;
    const found = new Set<ValueKind>();
    const seen = new Set<TypeScript.Type>();
    const open = [type];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (seen.has(at) || !isComposed(this.ts, at) || results.get(at)?.size === 0) continue;
      seen.add(at);
      if (seen.size > MAX_TYPES) {
        found.add(messageKind(ANY_MESSAGE));
        break;
      }
      open.push(...this.step(at, found, { functions, descriptors, parameters }));
    }
    // Types of libraries are large, and few have a type of the client inside.
    if (found.size === 0) for (const each of seen) results.set(each, found);
    results.set(type, found);
    return found;
  }

  /** Adds the kinds of one type, and returns the types in it. */
  private step(type: TypeScript.Type, found: Set<ValueKind>, parts: Parts): readonly TypeScript.Type[] {
    if (type.isUnion()) return type.types;
    const message = this.messageOf(type);
    if (message !== undefined) {
      found.add(messageKind(message));
      return this.beside(type);
    }
    if (this.isDescriptor(type)) {
      const inside = type.aliasTypeArguments ?? (type.isIntersection() ? type.types : []);
      return parts.descriptors === true ? inside : [];
    }
    const more = [...(type.aliasTypeArguments ?? [])];
    if (type.isIntersection()) return [...more, ...type.types];
    if (type.flags & this.ts.TypeFlags.TypeParameter) {
      const shape = this.ownShape(type);
      if (shape !== undefined) found.add(shape);
      return [...more, this.checker.getBaseConstraintOfType(type) ?? []].flat();
    }
    if (type.flags & this.ts.TypeFlags.IndexedAccess) more.push((type as TypeScript.IndexedAccessType).objectType);
    if (type.flags & this.ts.TypeFlags.Conditional) more.push((type as TypeScript.ConditionalType).checkType);
    if (type.flags & this.ts.TypeFlags.Instantiable)
      return [...more, this.checker.getBaseConstraintOfType(type) ?? []].flat();
    return type.flags & this.ts.TypeFlags.Object
      ? [...more, ...this.stepInto(type as TypeScript.ObjectType, found, parts)]
      : more;
  }

  /** Returns the types that a message has beside its fields, as in `{ ...card, maker }`, and those in a request. */
  private beside(type: TypeScript.Type): readonly TypeScript.Type[] {
    return this.checker
      .getPropertiesOfType(type)
      .filter(({ name }) => !name.startsWith("$"))
      .filter((property) => this.origins.fieldsOf(property).length === 0)
      .map((property) => this.checker.getTypeOfSymbol(property));
  }

  private stepInto(type: TypeScript.ObjectType, found: Set<ValueKind>, parts: Parts): readonly TypeScript.Type[] {
    const more: TypeScript.Type[] = [];
    if (type.objectFlags & this.ts.ObjectFlags.Reference)
      more.push(...this.checker.getTypeArguments(type as TypeScript.TypeReference));
    const calls = this.checker.getSignaturesOfType(type, this.ts.SignatureKind.Call);
    if (parts.functions === true) more.push(...calls.map((signature) => signature.getReturnType()));
    if (parts.parameters === true)
      for (const signature of [...calls, ...type.getConstructSignatures()])
        more.push(...signature.parameters.map((parameter) => this.checker.getTypeOfSymbol(parameter)));
    const symbol = type.getSymbol();
    // A type literal of a library that is not instantiated has no type of the client.
    if (!(type.objectFlags & this.ts.ObjectFlags.Instantiated) && isDeclaredIn(symbol, this.origins)) return more;
    const named =
      symbol !== undefined && (symbol.flags & (this.ts.SymbolFlags.Class | this.ts.SymbolFlags.Interface)) !== 0;
    if (named && !this.origins.isSource(symbol)) return more;
    const shape = this.ownShape(type);
    if (shape !== undefined) found.add(shape);
    for (const property of this.checker.getPropertiesOfType(type)) {
      for (const field of this.origins.fieldsOf(property)) found.add({ kind: "field", field });
      more.push(this.checker.getTypeOfSymbol(property));
    }
    more.push(...this.checker.getIndexInfosOfType(type).map((info) => info.type));
    return more;
  }
}

/** Keeps a result until a type is added. */
function cached<V>(types: ReadonlySet<TypeScript.Type>, of: () => V): () => V {
  let last: { readonly size: number; readonly value: V } | undefined;
  return () => {
    if (last?.size !== types.size) last = { size: types.size, value: of() };
    return last.value;
  };
}

const isDeclaredIn = (symbol: TypeScript.Symbol | undefined, { packageOf }: Origins): boolean =>
  symbol?.declarations?.every((node) => packageOf(node) !== undefined) === true;

const isComposed = (ts: typeof TypeScript, { flags }: TypeScript.Type): boolean =>
  (flags & (ts.TypeFlags.Object | ts.TypeFlags.UnionOrIntersection | ts.TypeFlags.Instantiable)) !== 0;

/** True for a type of functions or constructors alone. */
const isFunction = (checker: TypeScript.TypeChecker, type: TypeScript.Type): boolean =>
  type.getCallSignatures().length + type.getConstructSignatures().length > 0 &&
  checker.getPropertiesOfType(type).length === 0;
