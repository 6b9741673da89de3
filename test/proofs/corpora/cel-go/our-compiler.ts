// Runs protobff's compiler: checks, compiles, and evaluates expressions.
import * as protobuf from "@bufbuild/protobuf";
import { checkParsed } from "../../../../plugin/src/cel/check/check.ts";
import { type Code, type Expression, emitAs, emitValue, fieldType } from "../../../../plugin/src/cel/index.ts";
import * as rt from "../../../../plugin/src/cel/testing/functions.ts";
import { asJavaScript, keyed, LOOKED_UP, printed, textOf } from "../../../../plugin/src/cel/testing/harness.ts";
import { LANGUAGE, type Language } from "../../../../plugin/src/cel/types/functions/language.ts";
import { typeText } from "../../conformance/cel/type-text.ts";
import { canonical, canonicalMessage } from "./canonical.ts";
import { registry, scope, values } from "./environment.ts";
import type { Answer, Question } from "./question.ts";

/** cel-go takes ints as enums, and finds out at run time only what is sure to fail. */
const RELAXED: Language = { ...LANGUAGE, openEnums: true, soundLiterals: false };

const runtime = { ...protobuf, ...rt };
const enums = keyed((name) =>
  Object.fromEntries((registry.getEnum(name)?.values ?? []).map((value) => [value.localName, value.number])),
);

export interface OurAnswer extends Answer {
  readonly code?: string;
  /** Reason of a refusal that only the language for authors has. */
  readonly strict?: string;
  /** It throws something that is no ExpressionError. */
  readonly crash?: boolean;
  /** It throws although the compiler excludes that. */
  readonly unannounced?: boolean;
}

export function ours(question: Question): OurAnswer {
  try {
    const relaxed = checked(question.expression, RELAXED);
    if (typeof relaxed === "string") return { refused: relaxed };
    const strict = checked(question.expression, LANGUAGE);
    const answer = question.field === undefined ? evaluated(relaxed) : bound(relaxed, question.field);
    return { ...answer, ...(typeof strict === "string" && { strict }) };
  } catch (error) {
    return { crash: true, error: `compiling: ${stackOf(error)}` };
  }
}

/** The expression, or the first fault. */
export function checked(text: string, language: Language): Expression | string {
  const faults: string[] = [];
  const expression = checkParsed(textOf(text), scope, registry, language, (code, _at, message, _hint, kind) => {
    if (kind?.severity !== "warning") faults.push(`${code} ${message}`);
    return undefined;
  });
  return expression ?? faults[0] ?? "?no diagnostic";
}

function evaluated(expression: Expression): OurAnswer {
  const type = typeText(expression.type);
  const code = emitValue(expression, LOOKED_UP);
  return run(type, code, expression.fails, (value) => canonical(value, expression.type));
}

/** Returns the value of a field of t.All after the expression was bound to it. */
function bound(expression: Expression, name: string): OurAnswer {
  const schema = registry.getMessage("t.All")!;
  const field = schema.fields.find((candidate) => candidate.name === name)!;
  const code = emitAs(emitValue(expression, LOOKED_UP), fieldType(field).proto, LOOKED_UP);
  if (code === undefined) return { refused: "the field does not take it" };
  return run("t.All", code, expression.fails || code.fails === true, (value) => {
    if (value === null) return "?null";
    if (value === undefined && !code.mayBeUndefined) return "?undefined";
    const holder = protobuf.create(schema) as protobuf.Message & Record<string, unknown>;
    if (value !== undefined) holder[field.localName] = value;
    return canonicalMessage(protobuf.fromBinary(schema, protobuf.toBinary(schema, holder)));
  });
}

function run(type: string, code: Code, fails: boolean, shown: (value: unknown) => string): OurAnswer {
  const text = printed(code.print);
  const js = asJavaScript(text);
  try {
    const evaluate = new Function("rt", "schemas", "enums", "vars", `"use strict"; return ${js};`);
    return {
      type,
      code: text,
      value: shown(evaluate(runtime, (name: string) => registry.getMessage(name), enums, values)),
    };
  } catch (error) {
    if (error instanceof rt.ExpressionError) return { type, code: text, error: error.message, unannounced: !fails };
    return { type, code: text, crash: true, error: stackOf(error) };
  }
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message).split("\n").slice(0, 3).join(" ") : String(error);
}
