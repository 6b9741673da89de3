// Finds the thing under a cursor.

import type { DescField, DescMessage, Registry } from "@bufbuild/protobuf";
import type { Expression, Scope, Stretch } from "protoc-gen-bff/internal/language";
import { beforeCursor } from "../expressions/receiver.ts";
import { checkText, withLocals } from "../expressions/types.ts";
import { holeAt, meaningOf } from "../options/meanings.ts";
import { fieldNameOf, typedPath } from "../options/typed-path.ts";
import { type Cursor, cursorAt, decoded, elementsAt } from "../syntax/cursor.ts";
import { meaningOfName, type NameInOption } from "./named.ts";
import type { Program, SourceFile } from "./program.ts";
import { type Declared, type Meant, mentionsIn } from "./symbols.ts";

/** Something under a cursor, with its place in the text. */
export type Found = Stretch &
  /** `expression`: the expression around it, whose columns are offsets in the file. */
  (
    | {
        readonly kind: "meant";
        readonly meant: Meant;
        readonly cursor: Cursor | undefined;
        readonly expression?: Expression | undefined;
      }
    | { readonly kind: "option"; readonly field: DescField }
    | { readonly kind: "function"; readonly name: string }
  );

/** Returns the innermost thing at an offset of a text, which may have changed since the program was built. */
export function foundAt(program: Program, file: SourceFile, offset: number): Found | undefined {
  const cursor = cursorAt(file.parsed, offset);
  if (cursor === undefined) return declarationAt(program, file, offset);
  const path = typedPath(cursor, program.registry, file.parsed.package);
  if (path === undefined) return undefined;
  if (cursor.kind === "key") return cursor.typed && optionAt(path.message ?? path.rule, cursor.typed);
  const meaning = meaningOf(fieldNameOf(path));
  if (cursor.kind === "string" && fieldNameOf(path) === "bff.v1.Function.name")
    return { kind: "function", name: cursor.text, from: cursor.value.from, to: cursor.value.to };
  if (cursor.kind === "scalar") return enumValueAt(path.fields.at(-1), cursor, file, offset);
  if (meaning?.kind === "name")
    return nameAt({ of: meaning.of, text: cursor.text, file, place: cursor }, cursor, program);
  if (meaning === undefined) return undefined;
  const hole = meaning.kind === "template" ? holeAt(cursor.text, cursor.at) : { text: cursor.text, from: 0 };
  return hole && inExpression(program, file, cursor, hole, offset);
}

type StringCursor = Cursor & { readonly kind: "string" };

function nameAt(name: NameInOption, { value }: StringCursor, program: Program): Found | undefined {
  const meant = meaningOfName(name, program);
  const { offsets } = decoded(value);
  const [from = value.from, to = value.to] = [offsets[0], offsets.at(-1)];
  return meant && { kind: "meant", meant, from, to, cursor: name.place as StringCursor };
}

function inExpression(
  program: Program,
  file: SourceFile,
  cursor: StringCursor,
  hole: { readonly text: string; readonly from: number },
  offset: number,
): Found | undefined {
  const scope = program.scopeAt(file, cursor);
  const { offsets } = decoded(cursor.value);
  const inHole = offsets.slice(hole.from);
  const expression =
    scope &&
    (checkText(hole.text, scope, program.registry, inHole) ??
      checkPart(hole.text, cursor.at - hole.from, scope, program.registry, inHole));
  const mention =
    expression && mentionsIn(expression, program).find(({ at }) => at.column <= offset && offset <= at.endColumn);
  if (mention !== undefined)
    return {
      kind: "meant",
      meant: mention.meant,
      from: mention.at.column,
      to: mention.at.endColumn,
      cursor,
      expression,
    };
  const word = wordAt(hole.text, cursor.at - hole.from);
  const [from, to] = word === undefined ? [] : [offsets[hole.from + word.from], offsets[hole.from + word.to]];
  return word === undefined || from === undefined || to === undefined
    ? undefined
    : { kind: "function", name: word.name, from, to };
}

/** Checks the name around a position with the value before it, because another part of the expression has a fault. */
function checkPart(
  text: string,
  at: number,
  scope: Scope,
  registry: Registry,
  offsets: readonly number[],
): Expression | undefined {
  const end = at + (/^\w*/.exec(text.slice(at))?.[0].length ?? 0);
  const before = beforeCursor(text, end);
  if (before === undefined || before.prefix === "") return undefined;
  const part = before.receiver === undefined ? before.prefix : `${before.receiver}.${before.prefix}`;
  const start = end - part.length;
  if (text.slice(start, end) !== part) return undefined;
  return checkText(part, withLocals(scope, before.macros, registry), registry, offsets.slice(start));
}

/** The dotted name before a `(` around a position. */
function wordAt(text: string, at: number): (Stretch & { readonly name: string }) | undefined {
  for (const match of text.matchAll(/[A-Za-z_][\w.]*(?=\s*\()/g)) {
    const [from, to] = [match.index, match.index + match[0].length];
    if (from <= at && at <= to) return { name: match[0], from, to };
  }
  return undefined;
}

function optionAt(message: DescMessage, { text, from, to }: Stretch & { readonly text: string }): Found | undefined {
  const field = message.fields.find(({ name }) => name === text);
  return field && { kind: "option", field, from, to };
}

function enumValueAt(
  field: DescField | undefined,
  cursor: Cursor,
  { document }: SourceFile,
  offset: number,
): Found | undefined {
  const text = document.getText();
  const from = offset - (/\w*$/.exec(text.slice(Math.max(0, offset - 100), offset))?.[0].length ?? 0);
  const name = /^\w*/.exec(text.slice(from, from + 100))?.[0] ?? "";
  const desc = field?.enum?.values.find((value) => value.name === name);
  return desc && { kind: "meant", meant: { kind: "declared", desc }, from, to: from + name.length, cursor };
}

/** The name of a declaration of the file. */
function declarationAt({ registry }: Program, { parsed }: SourceFile, offset: number): Found | undefined {
  const element = elementsAt(parsed, offset).findLast(
    ({ nameToken }) => nameToken !== undefined && nameToken.from <= offset && offset <= nameToken.to,
  );
  if (element?.nameToken === undefined) return undefined;
  const full = parsed.package === "" ? element.name : `${parsed.package}.${element.name}`;
  const parent = full.slice(0, full.lastIndexOf("."));
  const last = element.nameToken.text;
  const found: Declared | undefined =
    registry.getMessage(full) ??
    registry.getEnum(full) ??
    registry.getService(full) ??
    registry.getMessage(parent)?.fields.find(({ name }) => name === last) ??
    registry.getEnum(parent)?.values.find(({ name }) => name === last) ??
    registry.getService(parent)?.methods.find(({ name }) => name === last);
  const { from, to } = element.nameToken;
  return found && { kind: "meant", meant: { kind: "declared", desc: found }, from, to, cursor: undefined };
}
