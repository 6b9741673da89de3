// Answers whose fields depend on the client: by a mask, or because only a mask selects a field.
import type { DescMessage } from "@bufbuild/protobuf";
import { reachable } from "../../graph/graph.ts";
import type { Ir, IrField, IrMessage } from "../../ir/ir.ts";
import type { MessageConversion } from "../../model/conversion.ts";
import { composedBy, messagesByName, methodsOf } from "./blocks.ts";
import type { BffMethod, Model } from "./model.ts";

/** Returns the messages of an answer that paths of a mask may enter. */
function answerTypes(output: DescMessage): readonly DescMessage[] {
  return reachable([output], ({ fields }) =>
    fields.flatMap(({ message }) => (message === undefined || isWellKnown(message) ? [] : [message])),
  );
}
const isWellKnown = ({ typeName }: DescMessage): boolean => typeName.startsWith("google.protobuf.");

/** Returns the fields that masks of these rpcs may name. */
export function answerFields(
  methods: readonly Pick<BffMethod, "desc">[],
  { files }: Pick<Ir, "files">,
): readonly IrField[] {
  const known = new Set(methods.flatMap(({ desc }) => answerTypes(desc.output)).map(({ typeName }) => typeName));
  return files
    .flatMap(({ messages }) => messages)
    .flatMap(({ desc, fields }) => (known.has(desc.typeName) ? fields : []));
}

/** Returns the fields of an answer with `on_request`. */
export function onRequestIn({ desc: { output } }: Pick<BffMethod, "desc">, ir: Pick<Ir, "files">): readonly IrField[] {
  const messages = withOnRequest(ir);
  if (messages.length === 0) return [];
  const known = new Set(answerTypes(output).map(({ typeName }) => typeName));
  return messages.flatMap(({ desc, fields }) => (known.has(desc.typeName) ? fields.filter(isOnRequest) : []));
}
const isOnRequest = ({ onRequest }: IrField): boolean => onRequest !== undefined;

const onRequests = new WeakMap<Ir["files"], readonly IrMessage[]>();
/** Returns the messages that have a field with `on_request`. They are found once, because every rpc needs them. */
function withOnRequest({ files }: Pick<Ir, "files">): readonly IrMessage[] {
  const found =
    onRequests.get(files) ?? files.flatMap(({ messages }) => messages.filter(({ fields }) => fields.some(isOnRequest)));
  onRequests.set(files, found);
  return found;
}

/** Returns true if a part of the answers is not for every client. */
export function choosesFields(method: BffMethod, { ir }: Pick<Model, "ir">): boolean {
  return method.fields !== undefined || onRequestIn(method, ir).length > 0;
}

/**
 * Returns true if the composed message is the answer, or a copy with the same names: a selection of the answer's fields
 * is then one of the message's.
 */
export function composesByName({ response }: Pick<BffMethod, "response">): boolean {
  return response === undefined || keepsNames(response, new Set());
}
function keepsNames(conversion: MessageConversion, seen: Set<MessageConversion>): boolean {
  if (seen.has(conversion)) return true;
  seen.add(conversion);
  return conversion.targets.every((target) => {
    if (target.kind === "computed" || target.kind === "message") return false;
    const pairs = target.kind === "field" ? [target] : target.members;
    return pairs.every(({ from, to, conversion: inner }) => {
      let of = inner;
      while (of.kind === "list" || of.kind === "map") of = of.of;
      return from.name === to.name && (of.kind !== "message" || keepsNames(of.via, seen));
    });
  });
}

/** Returns the composed messages whose functions take a selection: some answer contains a part of their fields. */
export function selectiveMessages(model: Model): ReadonlySet<string> {
  const byName = messagesByName(model.messages);
  const roots = methodsOf(model).filter((method) => choosesFields(method, model) && composesByName(method));
  return new Set(
    reachable(
      roots.map(({ composed }) => composed),
      ({ steps }) => composedBy(steps, byName),
    ).map(({ desc }) => desc.typeName),
  );
}
