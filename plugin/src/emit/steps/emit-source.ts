// The source of a stream, or of a topic: a call that is followed.
import type { Printable } from "@bufbuild/protoplugin";
import { type Expression, emitAs, emitValue } from "../../cel/index.ts";
import { protoOf } from "../../model/proto-of.ts";
import type { PlanRequest } from "../../plan/model/messages.ts";
import { around, commas, type Line, type Lines, mentions, object } from "../text/lines.ts";
import { lambda, type Typed } from "../values/lambda.ts";
import type { ValueNames } from "../values/value.ts";
import { metadataProperties, requestLiteral, shardChoice } from "./emit-call.ts";

/** The position of an item. */
interface Position {
  readonly kind: "int" | "uint" | "string";
  readonly by: Expression;
}

/** The first parameter of a function, and the same with its type, for a function that reads it. */
interface SourceParameters {
  readonly cx: Line;
  readonly typed?: Line;
  /** The second parameter. */
  readonly args?: string | Typed;
}

/** Names for printing a call; `item` is the local name of an item. */
type SourceNames = ValueNames & { readonly item: string };

/**
 * `callSource(app.watchRun, (cx, args, opened, resume) => ({ … }), { kind: "uint", of: (event) => event.seq })`
 */
export function callSource(
  rpc: Printable,
  call: PlanRequest,
  position: Position | undefined,
  within: SourceNames,
  { cx, typed = cx, args = "args" }: SourceParameters,
): Lines {
  const { file } = within;
  const body = around(["("], requestLiteral(call, within), [")"]);
  const request = lambdaOver(mentions(body, "cx") ? typed : cx, [args, "opened", "resume"], body);
  const location = position && place(position, within);
  const extra: Line[] = [
    ...(call.metadata.length === 0 ? [] : [["metadata: ", ...metadataOf(call, { cx, typed }, within, args)]]),
    ...(call.shard === undefined
      ? []
      : [["shard: ", ...functionOf(["(", ...shardChoice(call.shard, within), ")"], { cx, typed }, args)]]),
    ...(call.effects === "none" ? [] : [["effect: true"]]),
  ];
  const options: Lines = extra.length > 0 ? [["{ ", ...commas(extra), " }"]] : [];
  const others: Lines = location === undefined && extra.length === 0 ? [] : [location ?? ["undefined"], ...options];
  const open: Line = [file.runtime("callSource"), "(", rpc, ", "];
  return around(open, request, [...others.flatMap((argument): Line => [", ", ...argument]), ")"]);
}

/** The position of an item in CEL's own form, which a token is made of. */
function place({ kind, by }: Position, within: SourceNames): Line {
  const form = protoOf({ kind });
  const code = emitValue(by, within);
  const { print } = (form && emitAs(code, form, within)) ?? code;
  return [`{ kind: "${kind}", of: (${within.item}) => `, ...print, " }"];
}

function metadataOf(call: PlanRequest, parameter: Parameter, within: SourceNames, args: string | Typed): Line {
  const [properties = []] = object(metadataProperties(call, within), Number.POSITIVE_INFINITY);
  return functionOf(["(", ...properties, ")"], parameter, args);
}

/** The first parameter of a function, and the same with its type. */
type Parameter = Readonly<Record<"cx" | "typed", Line>>;

const functionOf = (body: Line, { cx, typed }: Parameter, args: string | Typed): Line =>
  lambda(mentions([body], "cx") ? typed : cx, [args], body);

/** Prints the same function over several lines. */
function lambdaOver(cx: Line, others: readonly (string | Typed)[], body: Lines): Lines {
  const all: Line = lambda(cx, others, body.flat());
  const arrow = all.findIndex((part) => typeof part === "string" && part.includes("=> "));
  return around(all.slice(0, arrow + 1), body, []);
}
