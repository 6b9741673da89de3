// Reads of fields by name: access, destructuring, keys of objects, types.
import type { ts as TypeScript } from "ts-morph";
import { type Analysis, Recorder } from "./analysis.ts";

/** Creates the function that records the reads of one node. */
export function createReads(analysis: Analysis): (node: TypeScript.Node) => void {
  const recorder = new ReadRecorder(analysis);
  return (node) => recorder.visit(node);
}

class ReadRecorder extends Recorder {
  visit(node: TypeScript.Node): void {
    const { ts, checker } = this;
    if (ts.isPropertyAccessExpression(node)) this.accessed(node);
    else if (ts.isElementAccessExpression(node)) {
      const key = checker.getTypeAtLocation(node.argumentExpression);
      this.keyed(checker.getTypeAtLocation(node.expression), key, node);
      this.described(node.expression, key.isStringLiteral() ? key.value : undefined, node);
    } else if (ts.isObjectBindingPattern(node)) this.bound(node);
    else if (ts.isBinaryExpression(node)) {
      const right = checker.getTypeAtLocation(node.right);
      if (node.operatorToken.kind === ts.SyntaxKind.InKeyword)
        this.keyed(right, checker.getTypeAtLocation(node.left), node);
      if (node.operatorToken.kind === ts.SyntaxKind.EqualsToken && isPattern(ts, node.left))
        this.unpacked(node.left, right);
    } else if (ts.isForInStatement(node)) this.all(checker.getTypeAtLocation(node.expression), node);
    else if (ts.isForOfStatement(node) && !ts.isVariableDeclarationList(node.initializer))
      this.all(checker.getTypeAtLocation(node.expression), node);
    else if (ts.isObjectLiteralElementLike(node) && ts.isObjectLiteralExpression(node.parent)) {
      if (node.name !== undefined && "text" in node.name) this.written(node.parent, node.name.text, node);
    } else if (ts.isJsxAttribute(node)) this.written(node.parent, node.name.getText(), node);
    else if (ts.isTypeNode(node)) this.typeNamed(node);
  }

  private all(type: TypeScript.Type, node: TypeScript.Node): void {
    this.graph.take(this.kinds.inside(type), this.placeOf(node));
  }

  /** Reads one property. A name that the type does not declare may be any field. */
  private property(type: TypeScript.Type, name: string, node: TypeScript.Node): void {
    const parts = type.isUnion() ? type.types : [this.checker.getApparentType(type)];
    for (const part of parts) {
      const symbol = part.getProperty(name);
      this.graph.read(this.origins.fieldsOf(symbol), this.placeOf(node));
      if (symbol === undefined && this.hides(part)) this.all(part, node);
    }
  }

  private hides(type: TypeScript.Type): boolean {
    return (
      this.kinds.itself(type).some(({ kind }) => kind === "message") ||
      (type.flags & this.ts.TypeFlags.Instantiable) !== 0
    );
  }

  /** Reads properties whose names are the values of a type. */
  private keyed(type: TypeScript.Type, key: TypeScript.Type, node: TypeScript.Node): void {
    const keys = key.isUnion() ? key.types : [key];
    if (keys.every((each) => each.isStringLiteral())) {
      for (const each of keys) if (each.isStringLiteral()) this.property(type, each.value, node);
      return;
    }
    const parts = type.isUnion() ? type.types : [type];
    for (const part of parts) {
      const indexed = this.checker.getIndexInfosOfType(this.checker.getApparentType(part)).length > 0;
      if (this.kinds.messageOf(part) !== undefined || !indexed) this.all(part, node);
    }
  }

  private nameIn(name: TypeScript.PropertyName): TypeScript.Type | string {
    return this.ts.isComputedPropertyName(name) ? this.checker.getTypeAtLocation(name.expression) : name.text;
  }

  private named(type: TypeScript.Type, name: TypeScript.PropertyName, node: TypeScript.Node): void {
    const found = this.nameIn(name);
    if (typeof found === "string") this.property(type, found, node);
    else this.keyed(type, found, node);
  }

  private accessed(node: TypeScript.PropertyAccessExpression): void {
    const symbol = this.checker.getSymbolAtLocation(node.name);
    this.graph.read(this.origins.fieldsOf(symbol), this.placeOf(node.name));
    const type = this.checker.getTypeAtLocation(node.expression);
    if (symbol === undefined && this.hides(type)) this.all(type, node);
    this.described(node.expression, node.name.text, node);
  }

  /** `CardSchema.field.rating` names a field by its descriptor. */
  private described(object: TypeScript.Expression, name: string | undefined, node: TypeScript.Node): void {
    if (!this.ts.isPropertyAccessExpression(object) || object.name.text !== "field") return;
    const owner = this.checker.getTypeAtLocation(object.expression);
    if (!this.kinds.isDescriptor(owner)) return;
    for (const kind of this.kinds.inside(owner)) {
      if (kind.kind !== "message") continue;
      if (name === undefined) this.graph.takeMessage(kind.name, this.placeOf(node), "all");
      else this.graph.read(this.origins.propertyOf(kind.name, name), this.placeOf(node));
    }
  }

  private bound(pattern: TypeScript.ObjectBindingPattern): void {
    const type = this.checker.getTypeAtLocation(pattern);
    for (const element of pattern.elements) {
      if (element.dotDotDotToken !== undefined)
        this.flow(type, this.checker.getTypeAtLocation(element.name), this.placeOf(element));
      else if (element.propertyName !== undefined) this.named(type, element.propertyName, element);
      else if (this.ts.isIdentifier(element.name)) this.property(type, element.name.text, element);
    }
  }

  /** `({ title: shown, ...rest } = card)` */
  private unpacked(target: TypeScript.Expression, type: TypeScript.Type): void {
    if (this.ts.isParenthesizedExpression(target)) {
      this.unpacked(target.expression, type);
      return;
    }
    if (this.ts.isBinaryExpression(target)) {
      this.unpacked(target.left, type);
      return;
    }
    if (this.ts.isArrayLiteralExpression(target)) {
      for (const element of target.elements) if (isPattern(this.ts, element)) this.all(type, target);
      return;
    }
    if (!this.ts.isObjectLiteralExpression(target)) {
      this.flow(type, this.checker.getTypeAtLocation(target), this.placeOf(target));
      return;
    }
    for (const member of target.properties) {
      if (this.ts.isSpreadAssignment(member)) this.unpacked(member.expression, type);
      else if (this.ts.isShorthandPropertyAssignment(member)) this.property(type, member.name.text, member);
      else if (this.ts.isPropertyAssignment(member)) {
        this.named(type, member.name, member);
        const name = this.nameIn(member.name);
        const symbol = typeof name === "string" ? type.getProperty(name) : undefined;
        if (symbol !== undefined) this.unpacked(member.initializer, this.checker.getTypeOfSymbol(symbol));
        else this.all(type, member);
      }
    }
  }

  /** A key of an object for a message: without the field it does not compile. */
  private written(
    object: TypeScript.ObjectLiteralExpression | TypeScript.JsxAttributes,
    name: string,
    node: TypeScript.Node,
  ): void {
    const type = this.checker.getContextualType(object);
    if (type !== undefined)
      for (const part of type.isUnion() ? type.types : [type])
        this.graph.read(this.origins.fieldsOf(part.getProperty(name)), this.placeOf(node));
  }

  private typeNamed(node: TypeScript.TypeNode): void {
    if (this.ts.isIndexedAccessTypeNode(node))
      this.keyed(this.checker.getTypeAtLocation(node.objectType), this.checker.getTypeAtLocation(node.indexType), node);
    if (!this.ts.isTypeReferenceNode(node)) return;
    const json = this.checker.getSymbolAtLocation(node.typeName);
    const message = json === undefined ? undefined : this.origins.jsonTypeOf(json);
    if (message !== undefined) this.graph.takeMessage(message, this.placeOf(node), "cannotTell");
    const types = (node.typeArguments ?? []).map((argument) => this.checker.getTypeAtLocation(argument));
    for (const key of types.flatMap((type) => (type.isUnion() ? type.types : [type])))
      if (key.isStringLiteral())
        for (const type of types)
          for (const kind of this.kinds.itself(type))
            if (kind.kind === "message")
              this.graph.read(this.origins.propertyOf(kind.name, key.value), this.placeOf(node));
  }
}

const isPattern = (ts: typeof TypeScript, node: TypeScript.Node): boolean =>
  ts.isObjectLiteralExpression(node) || ts.isArrayLiteralExpression(node);
