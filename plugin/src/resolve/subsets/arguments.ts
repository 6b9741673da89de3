// Arguments that a message reads, found before its places are known.
import type { Ir } from "../../ir/ir.ts";
import type { IrBind } from "../../ir/step.ts";
import { innerSource, messageTexts } from "../graph/message-graph.ts";
import { methodNamed, resolveName } from "../names/lookup.ts";
import { freeNames } from "../scope/free-names.ts";
import { hasResolver } from "../steps/resolver.ts";
import type { Declared } from "./effects.ts";

/** Returns the names that a message reads, or can use by `spread: "args"`. Undefined: a function may read any. */
export function argumentsOf(
  ir: Ir,
  messages: ReadonlyMap<string, Declared>,
  name: string,
  around: ReadonlySet<string> = new Set(),
): ReadonlySet<string> | undefined {
  const message = messages.get(name);
  if (message === undefined || around.has(name)) return new Set();
  if (hasResolver(message.ir)) return undefined;
  const container = message.file.desc.proto.package;
  const found = new Set(
    messageTexts(message.ir).flatMap(({ text }) => [...freeNames(text.value, ir.registry, container).args]),
  );
  for (const { source } of message.ir.steps) {
    const inner = innerSource(source);
    if (inner?.kind === "call" && inner.set.some(spreadsArgs))
      for (const field of (inner.method && methodNamed(ir, inner.method.value)?.input.fields) ?? [])
        found.add(field.name);
    if (inner?.kind !== "compose" || inner.message === undefined || !inner.args.some(spreadsArgs)) continue;
    const child = resolveName(container, inner.message.value, (candidate) =>
      messages.has(candidate) ? candidate : undefined,
    );
    const inside =
      child === undefined ? new Set<string>() : argumentsOf(ir, messages, child, new Set([...around, name]));
    if (inside === undefined) return undefined;
    for (const argument of inside) found.add(argument);
  }
  return found;
}
const spreadsArgs = ({ spread }: IrBind): boolean => spread?.value.trim() === "args";
