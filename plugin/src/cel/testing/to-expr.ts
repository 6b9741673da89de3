// For tests: our tree in cel-spec's form, to compare it with the results of other parsers. Macros stay calls; has() is
// one of select.
import {
  ConstantSchema,
  type Expr,
  Expr_CreateStruct_EntrySchema,
  ExprSchema,
} from "@bufbuild/cel-spec/cel/expr/syntax_pb.js";
import { create } from "@bufbuild/protobuf";
import type { Ast } from "../syntax/ast.ts";

export function toExpr(ast: Ast): Expr {
  switch (ast.kind) {
    case "constant":
      return create(ExprSchema, { exprKind: { case: "constExpr", value: constant(ast) } });
    case "ident":
      return create(ExprSchema, {
        exprKind: { case: "identExpr", value: { name: (ast.absolute ? "." : "") + ast.name } },
      });
    case "select":
      if (ast.optional) {
        const field: Ast = { kind: "constant", value: ast.field, unsigned: false, start: 0, end: 0 };
        return call("_?._", undefined, [ast.of, field]);
      }
      return select(ast, false);
    case "call": {
      const [first] = ast.args;
      if (ast.fn === "has" && ast.target === undefined && first?.kind === "select") return select(first, true);
      return call((ast.absolute ? "." : "") + ast.fn, ast.target, ast.args);
    }
    case "list":
      return create(ExprSchema, {
        exprKind: {
          case: "listExpr",
          value: { elements: ast.elements.map(toExpr), optionalIndices: [...ast.optionals] },
        },
      });
    case "map": {
      const entries = ast.entries.map(({ key, value, optional }) =>
        create(Expr_CreateStruct_EntrySchema, {
          keyKind: { case: "mapKey", value: toExpr(key) },
          value: toExpr(value),
          optionalEntry: optional,
        }),
      );
      return create(ExprSchema, { exprKind: { case: "structExpr", value: { entries } } });
    }
    case "message": {
      const entries = ast.fields.map(({ name, value, optional }) =>
        create(Expr_CreateStruct_EntrySchema, {
          keyKind: { case: "fieldKey", value: name },
          value: toExpr(value),
          optionalEntry: optional,
        }),
      );
      return create(ExprSchema, { exprKind: { case: "structExpr", value: { messageName: ast.name, entries } } });
    }
  }
}

function select(ast: Ast & { kind: "select" }, testOnly: boolean): Expr {
  return create(ExprSchema, {
    exprKind: { case: "selectExpr", value: { operand: toExpr(ast.of), field: ast.field, testOnly } },
  });
}

function call(fn: string, target: Ast | undefined, args: readonly Ast[]): Expr {
  const value = { function: fn, args: args.map(toExpr), ...(target === undefined ? {} : { target: toExpr(target) }) };
  return create(ExprSchema, { exprKind: { case: "callExpr", value } });
}

function constant({ value, unsigned }: Ast & { kind: "constant" }) {
  switch (typeof value) {
    case "string":
      return create(ConstantSchema, { constantKind: { case: "stringValue", value } });
    case "bigint":
      return create(ConstantSchema, { constantKind: { case: unsigned ? "uint64Value" : "int64Value", value } });
    case "number":
      return create(ConstantSchema, { constantKind: { case: "doubleValue", value } });
    case "boolean":
      return create(ConstantSchema, { constantKind: { case: "boolValue", value } });
    default:
      return value === null
        ? create(ConstantSchema, { constantKind: { case: "nullValue", value: 0 } })
        : create(ConstantSchema, { constantKind: { case: "bytesValue", value } });
  }
}
