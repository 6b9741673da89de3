// Assignments: a value of one type arrives where another type is declared.
import type { ts as TypeScript } from "ts-morph";
import { type Flow, type Parts, WithParts } from "./analysis.ts";
import { ANY_MESSAGE } from "./graph.ts";
import type { Origins } from "./origin.ts";

/** Depth of nested types; below it every shape of the target receives every kind of the source. */
const MAX_DEPTH = 8;

/** Creates the function that compares both types of an assignment. */
export function createFlow(parts: Parts): Flow {
  const assignments = new Assignments(parts);
  return (source, target, place) => assignments.flow(source, target, place, 0);
}

class Assignments extends WithParts {
  /** Compared pairs: of whole values, and of nested ones. */
  private readonly done = [
    new Map<TypeScript.Type, Set<TypeScript.Type>>(),
    new Map<TypeScript.Type, Set<TypeScript.Type>>(),
  ];

  private takesAnything(type: TypeScript.Type): boolean {
    return isOpen(this.ts, this.checker, type, this.origins);
  }

  private isForeign(type: TypeScript.Type): boolean {
    return this.kinds.inside(type, { parameters: true }).size === 0;
  }

  flow(source: TypeScript.Type, target: TypeScript.Type, place: string, depth: number): void {
    if (source === target) return;
    if (!isObject(this.ts, source) || this.isForeign(source)) return;
    const known = this.done[Math.min(depth, 1)]?.get(source) ?? new Set();
    this.done[Math.min(depth, 1)]?.set(source, known);
    if (known.has(target)) return;
    known.add(target);
    if (this.takesAnything(target)) {
      this.graph.take(this.kinds.inside(source), place);
      return;
    }
    if (depth > MAX_DEPTH) {
      this.graph.flow(this.kinds.inside(source), this.kinds.inside(target), place);
      return;
    }
    if (source.isUnion()) {
      for (const part of source.types) this.flow(part, target, place, depth);
      return;
    }
    if (target.flags & this.ts.TypeFlags.TypeParameter) {
      this.intoParameter(source, target, place, depth);
      return;
    }
    if (target.isUnion()) {
      this.intoUnion(source, target, place, depth);
      return;
    }
    const message = this.kinds.messageOf(target);
    if (message !== undefined && (message === ANY_MESSAGE || message === this.kinds.messageOf(source))) return;
    if (this.kinds.isDescriptor(target) || this.kinds.isDescriptor(source)) return;
    if (target.isIntersection() && message === undefined) {
      // `T & {}` excludes null, and takes no more than T.
      const parts = target.types.filter((part) => !this.takesAnything(part) || part.getStringIndexType() !== undefined);
      for (const part of parts) this.flow(source, part, place, depth);
      return;
    }
    if (source.flags & this.ts.TypeFlags.Instantiable) {
      this.fromParameter(source, target, place, depth);
      return;
    }
    if (target.flags & this.ts.TypeFlags.Instantiable) {
      this.graph.flow(this.kinds.inside(source), this.kinds.inside(target), place);
      return;
    }
    if (target.flags & this.ts.TypeFlags.Object) this.intoObject(source, target as TypeScript.ObjectType, place, depth);
  }

  private intoParameter(source: TypeScript.Type, target: TypeScript.Type, place: string, depth: number): void {
    this.graph.flow(this.kinds.inside(source), this.kinds.itself(target), place);
    const limit = this.checker.getBaseConstraintOfType(target);
    // `T extends object` takes everything, as `T` does; the function's body shows what it reads.
    if (limit === undefined || (this.takesAnything(limit) && limit.getStringIndexType() === undefined)) return;
    if (this.origins.isSource(target.getSymbol())) this.flow(source, limit, place, depth + 1);
  }

  private fromParameter(source: TypeScript.Type, target: TypeScript.Type, place: string, depth: number): void {
    this.graph.flow(this.kinds.inside(source), this.kinds.itself(target), place);
    this.graph.flow(this.kinds.inside(target), this.kinds.itself(source), place);
    const limit = this.checker.getBaseConstraintOfType(source);
    if (limit !== undefined && limit !== source) this.flow(limit, target, place, depth + 1);
  }

  private intoUnion(source: TypeScript.Type, target: TypeScript.UnionType, place: string, depth: number): void {
    if (target.types.some((part) => isInit(part, this.origins))) {
      this.graph.take(this.kinds.inside(source, { functions: false, descriptors: false }), place);
      return;
    }
    const objects = target.types.filter((part) => isObject(this.ts, part));
    const fitting = objects.filter((part) => this.checker.isTypeAssignableTo(source, part));
    for (const part of fitting.length > 0 ? fitting : objects) this.flow(source, part, place, depth);
  }

  private intoObject(source: TypeScript.Type, target: TypeScript.ObjectType, place: string, depth: number): void {
    this.graph.flow(this.kinds.itself(source), this.kinds.itself(target), place);
    // Both names refer to one object, so a nested value may come back.
    if (depth > 0 && this.kinds.messageOf(source) === undefined)
      this.graph.flow(this.kinds.itself(target), this.kinds.itself(source), place);
    this.signatures(source, target, place, depth);
    // A class of the client is compared by its members.
    const alike = isReference(this.ts, source) && isReference(this.ts, target);
    if (alike && (source.target === target.target || !this.origins.isSource(source.getSymbol()))) {
      this.betweenReferences(source, target, place, depth);
      return;
    }
    if (target.getStringIndexType() !== undefined) {
      const value = target.getStringIndexType();
      const declared = source.getStringIndexType();
      if (
        this.kinds.messageOf(source) !== undefined ||
        (this.kinds.itself(source).length > 0 && declared === undefined && !isLiteral(this.ts, source))
      )
        this.graph.take(this.kinds.inside(source), place);
      const values =
        declared === undefined
          ? this.checker.getPropertiesOfType(source).map((p) => this.checker.getTypeOfSymbol(p))
          : [declared];
      for (const each of values) if (value !== undefined) this.flow(each, value, place, depth + 1);
      return;
    }
    for (const property of this.checker.getPropertiesOfType(source)) {
      const same = target.getProperty(property.name);
      if (same !== undefined && same !== property)
        this.flow(this.checker.getTypeOfSymbol(property), this.checker.getTypeOfSymbol(same), place, depth + 1);
    }
  }

  private betweenReferences(
    source: TypeScript.TypeReference,
    target: TypeScript.TypeReference,
    place: string,
    depth: number,
  ): void {
    const [from, to] = [this.checker.getTypeArguments(source), this.checker.getTypeArguments(target)];
    const sequences = [source, target].every((type) =>
      /Array|Set$|Itera|Generator|Promise/.test(type.getSymbol()?.name ?? ""),
    );
    if (source.target === target.target || sequences) {
      (sequences ? from.slice(0, 1) : from).forEach((part, i) => {
        const other = to[i];
        if (other === undefined || part === other) return;
        this.flow(part, other, place, depth + 1);
        if (!(other.flags & this.ts.TypeFlags.Any)) this.flow(other, part, place, depth + 1);
      });
      return;
    }
    // Containers of two kinds, as a Map and an Iterable of pairs.
    this.graph.flow(this.kinds.inside(source), this.kinds.inside(target), place);
    const values = /Itera|Generator/.test(target.getSymbol()?.name ?? "") ? to.slice(0, 1) : to;
    const open = (type: TypeScript.Type): boolean =>
      this.takesAnything(type) || (isReference(this.ts, type) && this.checker.getTypeArguments(type).some(open));
    if (values.some(open)) this.graph.take(this.kinds.inside(source), place);
  }

  private signatures(source: TypeScript.Type, target: TypeScript.Type, place: string, depth: number): void {
    for (const kind of [this.ts.SignatureKind.Call, this.ts.SignatureKind.Construct])
      for (const to of this.checker.getSignaturesOfType(target, kind))
        for (const from of this.checker.getSignaturesOfType(source, kind)) {
          const parameters = parameterTypes(this.checker, to);
          parameterTypes(this.checker, from).forEach((declared, i) => {
            const passed = parameters[i] ?? parameters.at(-1);
            if (passed !== undefined) this.flow(passed, declared, place, depth + 1);
          });
          this.flow(from.getReturnType(), to.getReturnType(), place, depth + 1);
        }
  }
}

/** Returns the types of parameters; of a rest parameter the type of its elements. */
export function parameterTypes(checker: TypeScript.TypeChecker, signature: TypeScript.Signature): TypeScript.Type[] {
  return signature.parameters.map((parameter) => {
    const type = checker.getTypeOfSymbol(parameter);
    const [declaration] = parameter.declarations ?? [];
    const rest = declaration !== undefined && "dotDotDotToken" in declaration && declaration.dotDotDotToken;
    return rest ? (type.getNumberIndexType() ?? type) : type;
  });
}

/** True for types whose values can be read without a name that the type declares. */
function isOpen(
  ts: typeof TypeScript,
  checker: TypeScript.TypeChecker,
  type: TypeScript.Type,
  { packageOf }: Origins,
): boolean {
  if (type.flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown | ts.TypeFlags.NonPrimitive)) return true;
  if (type.isUnion()) return type.types.some((part) => isOpen(ts, checker, part, { packageOf } as Origins));
  if (!(type.flags & ts.TypeFlags.Object)) return false;
  const symbol = type.getSymbol();
  if (symbol !== undefined && /^(Object|Function)$/.test(symbol.name) && packageOf(symbol.declarations?.[0]) === "lib")
    return true;
  const empty = checker.getPropertiesOfType(type).length === 0 && checker.getIndexInfosOfType(type).length === 0;
  if (empty && type.getCallSignatures().length === 0 && type.getConstructSignatures().length === 0) return true;
  const index = type.getStringIndexType();
  return index !== undefined && (index.flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown)) !== 0;
}

const isObject = (ts: typeof TypeScript, type: TypeScript.Type): boolean =>
  (type.flags &
    (ts.TypeFlags.Object |
      ts.TypeFlags.UnionOrIntersection |
      ts.TypeFlags.Instantiable |
      ts.TypeFlags.NonPrimitive)) !==
  0;
const isReference = (ts: typeof TypeScript, type: TypeScript.Type): type is TypeScript.TypeReference =>
  (type.flags & ts.TypeFlags.Object) !== 0 &&
  ((type as TypeScript.ObjectType).objectFlags & ts.ObjectFlags.Reference) !== 0;
const isLiteral = (ts: typeof TypeScript, type: TypeScript.Type): boolean =>
  ((type.getSymbol()?.flags ?? 0) & ts.SymbolFlags.ObjectLiteral) !== 0;

/** The type of what `create` takes: a message inside is sent whole. */
const isInit = (type: TypeScript.Type, { packageOf }: Origins): boolean =>
  type.getSymbol()?.name === "__type" && packageOf(type.getSymbol()?.declarations?.[0]) === "@bufbuild/protobuf";
