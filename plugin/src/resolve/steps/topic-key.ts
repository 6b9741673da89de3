import { type Expression, typeName } from "../../cel/index.ts";
import { fault, type Text } from "../../diagnostic/diagnostic.ts";
import { check, type MessageScope } from "../scope/scope.ts";

/** The key of a topic: a text that is there. */
export function keyOf(scope: MessageScope, text: Text): Expression | undefined {
  const key = check(scope, text);
  if (key === undefined || key.type.kind === "string") return key;
  return fault(scope.report, "BFF643", text.at, {
    message: `this key is ${typeName(key.type)}, not a string`,
    hint:
      key.type.kind === "optional"
        ? 'write a value for the unset case, as in `.orValue("")`; an empty key is refused'
        : "write string(…) around it",
  });
}
