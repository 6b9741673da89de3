// Messages that an editor shows are resolved before all others.
import type { Diagnostic } from "../../diagnostic/diagnostic.ts";
import { reachable } from "../../graph/graph.ts";
import type { MessageGraph } from "./message-graph.ts";

/** Files whose messages are resolved first. */
export interface Ahead {
  /** Their names, read when the first message is resolved. */
  readonly files: () => ReadonlySet<string>;
  /**
   * Called when the messages of these files are resolved, and again after all messages.
   * @param pending the diagnostics of resolving until now
   */
  readonly resolved: (pending: readonly Diagnostic[]) => void;
}

/**
 * Splits the messages of a graph. The first part has the messages of the files, and all that are connected with them by
 * composing. Both parts keep the order of the graph.
 */
export function messagesAhead({ order, composes }: MessageGraph, files: ReadonlySet<string>) {
  const neighbours = new Map<string, string[]>(order.map(({ ir }) => [ir.desc.typeName, []]));
  const link = (a: string, b: string): void => {
    neighbours.get(a)?.push(b);
    neighbours.get(b)?.push(a);
  };
  for (const { ir } of order) {
    const name = ir.desc.typeName;
    for (const { to } of composes.get(name) ?? []) link(name, to);
    if (ir.subset !== undefined) link(name, ir.subset.of.desc.typeName);
  }
  const roots = order.filter(({ file }) => files.has(file.desc.proto.name)).map(({ ir }) => ir.desc.typeName);
  const first = new Set(reachable(roots, (name) => neighbours.get(name) ?? []));
  const isFirst = ({ ir }: MessageGraph["order"][number]): boolean => first.has(ir.desc.typeName);
  return { first: order.filter(isFirst), rest: order.filter((message) => !isFirst(message)) };
}
