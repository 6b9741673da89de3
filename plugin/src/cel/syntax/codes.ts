/** The diagnostics of expressions, BFF301 to BFF329 and BFF354: each code with its rule and the reason for it. */
export const CODES = {
  BFF301: "An expression is valid CEL. The compiler cannot check an expression that does not parse.",
  BFF302: "A name in an expression is in scope: a step, an argument, a variable or a function.",
  BFF303: "A field that an expression reads is declared in its message. A misspelt field would never have a value.",
  BFF304: "A function that an expression calls exists in the language.",
  BFF305:
    "The operands of a function or an operator have the types that it accepts. Nothing is converted silently, because such conversions lose digits or text.",
  BFF306:
    "A group of values, a function, an error or a type is not a value by itself. An expression reads a member of it, or calls it.",
  BFF307:
    "An expression uses only the part of CEL that this language has. The compiler could not check the other parts.",
  BFF308: "`ok` takes a step or an argument, and tests whether it has a value. `has` tests fields.",
  BFF309: "A literal is in the range of its type. Otherwise it would be truncated or rounded.",
  BFF310: "The value of a field in a message literal has the type of the field.",
  BFF311:
    "A message or an enum in an expression is part of this run, because the compiler reads its fields and values from its proto.",
  BFF312:
    "A message literal sets each field once, and at most one member of a oneof. Otherwise the last value would silently replace the others.",
  BFF313:
    "A macro has a fixed form, such as `list.map(x, …)`, because its parts are not evaluated like the arguments of a function.",
  BFF314:
    "A literal pattern, timestamp, duration, unit of time or time zone is valid. An invalid literal would fail at every evaluation.",
  BFF315:
    "A message or an optional is not compared with null, because it is never null: an unset message reads as its default. `has` tests whether a field or an argument is set. `ok` tests whether a step or an argument has a value, and `hasValue` whether an optional has one.",
  BFF316:
    "A condition can be true and can be false. A constant condition has a branch that never runs, and usually compares the wrong value.",
  BFF317: "An index or a key of a literal list or map exists in it. Reading a missing one always fails.",
  BFF318: "An operation can succeed. A division by zero, or a result beyond 64 bits, fails every time.",
  BFF319:
    "`failure` takes a step that may fail without failing the response. Such a step is supplementary, has an ignored error, or depends on such a step.",
  BFF320:
    "`header` and `trailer` take a step that makes one call, and a name as a literal. A call keeps metadata only for such a read. The metadata of a batch belongs to many items, and a cache keeps only messages.",
  BFF321:
    "An expression reads a value only if the value can be present. A condition that holds only without a step or an argument excludes each read of it. So do earlier cases of a `switch`, or earlier members of a oneof, that test for its value.",
  BFF322:
    "The functions of pages are in the message that a unary rpc answers with. A token belongs to the rpc, the caller and the request, which are checked before the permit.",
  BFF323:
    "`page.size` and `page.open` take a field of the request alone, and `page.size` two constants. The runtime checks the field before it composes, and documents state the constants.",
  BFF327:
    "The name of a decision in `share.of` is a constant, because a computed name would move callers between sides. The service in `shard.names` is one, because the compiler looks it up.",
  BFF354:
    "Compared values are of the same enum, or of enums with the same names and numbers. In other enums one number has different meanings.",
} as const;

export type ExpressionCode = keyof typeof CODES;
