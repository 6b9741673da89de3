import type { DescMessage } from "@bufbuild/protobuf";
import { type CelType, type Expression, isComplete, type Node, presenceOf, type Variable } from "../../cel/index.ts";
import { caution, didYouMean, fault, type Text } from "../../diagnostic/diagnostic.ts";
import type { IrBind, IrCompose } from "../../ir/step.ts";
import { protoOf } from "../../model/proto-of.ts";
import { isTorn } from "../../read/read-message.ts";
import { camel } from "../../text/camel.ts";
import { hasRules } from "../graph/message-graph.ts";
import type { ArgBinding, ComposeSource } from "../model/model.ts";
import { lookupMessage } from "../names/lookup.ts";
import { syntheticText } from "../names/synthetic-text.ts";
import type { Argument, ComposePlace } from "../scope/args.ts";
import { check, checkCondition, stepsRead, where } from "../scope/scope.ts";
import { argsRead, type MessageContext, type Resolved } from "./context.ts";
import { hasResolver } from "./resolver.ts";
import { isArgs, spreadNames } from "./set.ts";

export function resolveCompose(
  cx: MessageContext,
  ir: IrCompose,
  locals: readonly Variable[],
  what: string,
): Resolved | undefined {
  const { scope, run } = cx;
  const message = ir.message && lookupMessage(run.ir, ir.message, scope.container, scope.report);
  if (ir.message === undefined || message === undefined) return undefined;
  const place: OpenPlace = {
    message: ir.message,
    at: ir.message.at,
    what,
    request: undefined,
    members: new Map(),
    named: new Map(ir.args.flatMap(({ name }) => (name === undefined ? [] : [[name.value, name.at]]))),
    broken: new Set(),
  };
  if (!run.uncomposed.has(cx.ir))
    run.places.set(message.typeName, [...(run.places.get(message.typeName) ?? []), place]);
  if (!composable(cx, message)) {
    const declared = run.messages.get(message.typeName);
    if (declared !== undefined && isTorn(declared)) return undefined;
    return fault(scope.report, "BFF208", ir.message.at, {
      message: `"${message.typeName}" is not composed by this BFF`,
      hint: "compose a message that has (bff.v1.message) or (bff.v1.field) rules, or bind the upstream message with `by`",
    });
  }
  const args: ArgBinding[] = [];
  for (const bind of bindsOf(cx, ir, message, locals, place)) addArg(cx, bind, locals, place, args);
  const source: ComposeSource = { kind: "compose", message, args };
  const type: CelType = { kind: "message", desc: message };
  return {
    source,
    type,
    proto: { kind: "message", desc: message },
    absent: false,
    needs: [],
    uses: args.flatMap((arg) => [arg.by, arg.if]),
  };
}

/** A place whose arguments are being resolved. */
interface OpenPlace extends ComposePlace {
  /** The message's name as written there. */
  readonly message: Text;
  readonly members: Map<string, Argument>;
  readonly broken: Set<string>;
}
/** One argument: named, or from a spread. */
type NamedBind = IrBind & { readonly gives: string };

/**
 * Yields the arguments in order, with those of spreads one by one. Reports named arguments that no expression reads.
 */
function* bindsOf(
  cx: MessageContext,
  ir: IrCompose,
  message: DescMessage,
  locals: readonly Variable[],
  place: OpenPlace,
): Generator<NamedBind> {
  const { run } = cx;
  const used = run.used.get(message.typeName) ?? new Set<string>();
  const spreadable = run.spreadable.get(message.typeName) ?? new Set<string>();
  const named = new Set(ir.args.map((bind) => bind.name?.value));
  const composed = run.messages.get(message.typeName);
  const takesAll = composed !== undefined && hasResolver(composed);
  const spreads = ir.args.map((bind) => bind.spread && spreadNames(cx, bind.spread, locals, "arguments"));
  for (const [i, bind] of ir.args.entries()) {
    if (bind.spread !== undefined) {
      const names = spreads[i];
      // As in a request, the last spread with a field provides it.
      const later = spreads.slice(i + 1);
      for (const name of new Set([...used, ...spreadable, ...(takesAll ? (names ?? []) : [])])) {
        // An argument with a fault is passed on as one.
        const isBroken = isArgs(bind.spread) && cx.scope.brokenArgs.has(name);
        if (names === undefined || isBroken) place.broken.add(name);
        else if (names.has(name) && !named.has(name) && !later.some((others) => others?.has(name))) {
          const by = syntheticText(`${bind.spread.value}.${name}`, bind.spread.at);
          yield { ...bind, name: undefined, by, gives: name };
        }
      }
    } else if (bind.name !== undefined) {
      yield { ...bind, gives: bind.name.value };
      if (!used.has(bind.name.value) && !spreadable.has(bind.name.value) && !takesAll) unused(cx, message, bind, used);
    }
  }
}

function addArg(
  cx: MessageContext,
  bind: NamedBind,
  locals: readonly Variable[],
  place: OpenPlace,
  args: ArgBinding[],
): void {
  const { scope } = cx;
  const name = bind.gives;
  const condition = bind.if && checkCondition(scope, bind.if, "this `if`", locals);
  const by = bind.by && check(where(scope, condition), bind.by, locals);
  if (by === undefined || by.type.kind === "struct" || (bind.if && condition === undefined)) {
    place.broken.add(name);
    return;
  }
  const twin = args.find((other) => other.name !== name && camel(other.name) === camel(name));
  if (twin !== undefined) {
    fault(scope.report, "BFF241", bind.name?.at ?? bind.at, {
      message: `the arguments "${twin.name}" and "${name}" are both "${camel(name)}" in TypeScript`,
      related: [{ at: twin.at, message: `"${twin.name}" is passed here` }],
      hint: `rename one of them, here and where "${place.message.value}" reads it`,
    });
    place.broken.add(name);
    return;
  }
  args.push({ name, by, if: condition, at: bind.at });
  place.members.set(name, argumentOf(cx, bind, by, condition));
}

function argumentOf(cx: MessageContext, bind: NamedBind, by: Expression, condition: Expression | undefined): Argument {
  const unsafe = [...by.unsafe, ...(condition?.unsafe ?? [])];
  const steps = stepsRead(cx.scope, [by, condition]);
  const args = argsRead(cx, [by, condition]);
  return {
    type: by.type,
    // A null value is passed on as an unset one.
    proto: by.proto ?? protoOf(by.type.kind === "wrapper" ? by.type.of : by.type),
    absent: unsafe.length > 0 || condition !== undefined,
    absentByFailure:
      steps.some((step) => step.absentByFailure && step.variable !== undefined && unsafe.includes(step.variable)) ||
      args.some((arg) => arg.absentByFailure && unsafe.includes(arg.variable)) ||
      unsafe.some((variable) => variable.missing?.lack === "failure"),
    tainted: steps.some((step) => step.tainted) || args.some((arg) => arg.tainted),
    complete: isComplete(by.root),
    ...presenceOfPath(by),
    at: bind.by?.at ?? bind.at,
    typedAt: by.root.kind === "name" ? by.root.variable.typedAt : undefined,
    written: bind.by?.value,
  };
}

/** The field with presence at the end of a path, or the argument's whose path that is. */
function presenceOfPath({ path, root }: Expression): Pick<Argument, "presence" | "choice"> {
  if (path && root.kind === "name") return { presence: root.variable.presence, choice: root.variable.choice };
  const field = path && root.kind === "select" && typeof root.field !== "string" ? root.field : undefined;
  if (field === undefined || presenceOf(field) === "implicit") return { presence: undefined, choice: undefined };
  const of = root.kind === "select" ? textOfPath(root.of) : "";
  return { presence: field, choice: field.oneof && `${of}: ${field.oneof}` };
}

function textOfPath(node: Node): string {
  if (node.kind === "name") return `${node.variable.role} ${node.variable.name}`;
  return node.kind === "select" && typeof node.field !== "string" ? `${textOfPath(node.of)}.${node.field.name}` : "";
}

function composable(cx: MessageContext, message: DescMessage): boolean {
  const ir = cx.run.messages.get(message.typeName);
  return ir !== undefined && ir.alias === undefined && (hasRules(ir) || ir.fields.length === 0);
}

function unused(cx: MessageContext, message: DescMessage, bind: IrBind, used: ReadonlySet<string>): void {
  const like = bind.name && didYouMean(bind.name.value, [...used]);
  caution(cx.run.suspect, "BFF339", bind.name?.at ?? bind.at, {
    message: `"${message.name}" does not read args.${bind.name?.value}`,
    hint: like === undefined ? "remove the argument" : `did you mean "${like}"?`,
  });
}
