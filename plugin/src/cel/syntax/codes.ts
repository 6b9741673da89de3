/** The diagnostics of expressions, BFF301 to BFF329 and BFF354: each code with its rule and the reason for it. */
export const CODES = {
  BFF301: "An expression is CEL: it has to parse before anything can be known about it.",
  BFF302:
    "A name in an expression is known where the expression stands: a step, an argument, a variable or a function.",
  BFF303:
    "A field that an expression reads is declared in its message. A misspelt one would otherwise read as nothing for ever.",
  BFF304: "A function that an expression calls exists in this language, because there is nothing else to run.",
  BFF305:
    "A function or an operator takes operands of the types that it is defined for. Nothing is converted silently, because that is where numbers and texts get lost.",
  BFF306:
    "A group of values, a function or a type is no value by itself: an expression reads something of it, or calls it.",
  BFF307:
    "An expression uses the part of CEL that this language has. What it leaves out could not be checked when generating.",
  BFF308:
    "`ok` asks whether a step or an argument has a value, and takes nothing else. Fields are asked about with `has`.",
  BFF309: "A literal is in the range of its type, because it would have to be cut off or rounded.",
  BFF310:
    "A field of a message literal is given a value of its own type, because the message has no place for another.",
  BFF311:
    "A message or enum in an expression is known to this run, because its fields and values are taken from its proto.",
  BFF312: "A field of a message literal is given once, and of a oneof one member: the last one would silently win.",
  BFF313:
    "A macro is written in its own form, such as `list.map(x, …)`, because its parts are not evaluated like the arguments of a function.",
  BFF314:
    "A literal pattern, timestamp, duration, unit of time or time zone is one. It would fail every time that it is evaluated.",
  BFF315:
    "A message is not compared with null, which it never is: an unset one reads as its default, so the answer never changes. `has` asks whether a field or an argument is set, `ok` whether a step or an argument is there.",
  BFF316:
    "A condition can be true and can be false. One that is always the same has a branch that never runs, and usually compares the wrong thing.",
  BFF317: "An index or a key of a literal list or map is in it, because looking for it always fails.",
  BFF318: "An operation can succeed. A division by zero, or a result beyond 64 bits, fails every time.",
  BFF319:
    "`failure` takes a step whose failure the response goes on after: a supplementary one, one with an error that is ignored, or one that rests on such a step. Of any other there is never a failure to read.",
  BFF320:
    "`header` and `trailer` take a step that makes one call, and a name as a literal. A call keeps what comes beside its answer only where that is read; a batch's answer is that to many, and a cache keeps messages alone.",
  BFF321:
    "A value is read where it can be there. Behind a condition that holds only where a step or an argument is absent, or in the cases and the members of a oneof after one that has asked for it, what reads it never has a value.",
  BFF354:
    "Values are compared with values of their own enum. Two enums with different names or numbers give the same number to different values.",
} as const;

export type ExpressionCode = keyof typeof CODES;
