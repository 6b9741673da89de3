// Tags of cached answers: lists of literal texts and of values of holes.
import { type Expression, emitValue, type Names } from "../../cel/index.ts";
import type { PlanCallPolicy } from "../../plan/model/calls.ts";
import { commas, type Line, mentions } from "../text/lines.ts";
import { absentAs, readParameters } from "./lambda.ts";

/** `["order:", answer.id]`; a hole without a value is undefined. */
export function tagParts(parts: readonly (string | { readonly print: Line })[]): Line {
  return ["[", ...commas(parts.map((part) => (typeof part === "string" ? [JSON.stringify(part)] : part.print))), "]"];
}

/** Returns the value of a hole, undefined if it has none. */
export const holeValue = (by: Expression, names: Names): { readonly print: Line } => ({
  print: absentAs("undefined", by, names, emitValue(by, names).print),
});

type CallTags = NonNullable<PlanCallPolicy["cache"]>["tags"];

/** `tag: ["order:{answer.id}"], tags: (answer: Order) => [["order:", answer.id]]` */
export function callTags(tags: CallTags, answer: Line, part: Line[number], names: Names): Line {
  let sent = 0;
  const lists = tags.map(({ parts }) =>
    tagParts(
      parts.map((part) => {
        if (typeof part === "string") return part;
        return part.ofAnswer ? holeValue(part.by, names) : { print: [`holes[${sent++}]`] };
      }),
    ),
  );
  const body: Line = ["[", ...commas(lists), "]"];
  const holes: Line = ["readonly ", part, "[]"];
  const parameters = readParameters(
    [
      { name: "answer", type: answer },
      { name: "holes", type: holes },
    ],
    (name) => mentions([body], name),
  );
  const texts = tags.map(({ text }) => JSON.stringify(text.value)).join(", ");
  return [`tag: [${texts}], tags: (`, ...parameters, ") => ", ...body];
}
