// Types of the parts of values.
import type { DescMessage } from "@bufbuild/protobuf";
import { reachable } from "../../../graph/graph.ts";
import type { CelType } from "../model/type.ts";

const inside = new WeakMap<DescMessage, readonly DescMessage[]>();

/** Returns the messages that a value of a type may hold: its own, and those in their fields, at any depth. */
export function messagesInside(type: CelType): readonly DescMessage[] {
  switch (type.kind) {
    case "message": {
      const found =
        inside.get(type.desc) ?? reachable([type.desc], ({ fields }) => fields.flatMap(({ message }) => message ?? []));
      inside.set(type.desc, found);
      return found;
    }
    case "list":
      return messagesInside(type.element);
    case "map":
      return messagesInside(type.value);
    case "optional":
      return messagesInside(type.of);
    default:
      return [];
  }
}

/** Returns true if the values of a type, or their contents, may be of any type. */
export function holdsDyn(type: CelType): boolean {
  switch (type.kind) {
    case "list":
      return holdsDyn(type.element);
    case "map":
      return holdsDyn(type.key) || holdsDyn(type.value);
    case "optional":
      return holdsDyn(type.of);
    default:
      return type.kind === "dyn";
  }
}
