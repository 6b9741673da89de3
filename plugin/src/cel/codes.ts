/** The diagnostics of expressions, BFF301 to BFF329: what each code says. */
export const CODES = {
  BFF301: "The expression is not CEL: it does not parse.",
  BFF302: "A name is not known where the expression stands.",
  BFF303: "A message has no such field.",
  BFF304: "There is no function of that name.",
  BFF305: "A function or an operator does not take operands of these types.",
  BFF306: "A name stands for a group of values or a type and is no value by itself.",
  BFF307: "The construct is part of CEL but not of this language.",
  BFF308: "`ok` asks about a step or an argument and takes nothing else.",
  BFF309: "A literal is out of the range of its type.",
  BFF310: "A field of a message literal is given a value of another type.",
  BFF311: "There is no message or enum of that name in this run.",
  BFF312: "A field is given twice in a message literal, or two members of one oneof are.",
  BFF313: "A macro is written wrongly.",
  BFF314: "A literal pattern, timestamp or duration is malformed.",
  BFF315: "A message is compared with null, which it never is: an unset one reads as its default (warning).",
  BFF316: "A condition is always true or always false (warning).",
  BFF317: "An index or a key is not in the literal that it is looked for in.",
  BFF318: "An operation is sure to fail: a division by zero, or a result beyond 64 bits.",
} as const;

export type ExpressionCode = keyof typeof CODES;
