// Messages that failures carry as details.
import type { DescMessage } from "@bufbuild/protobuf";
import { type CelType, type Expression, unwrapped } from "../cel/index.ts";

/** The message that an expression gives as a detail, and whether it may be none, or several. */
export function detailOf(expression: Expression): { readonly desc: DescMessage; readonly some: boolean } | undefined {
  const wrapper = wrapperOf(expression);
  if (wrapper !== undefined) return { desc: wrapper, some: false };
  const { type } = expression;
  const inner = elementOf(type);
  return inner.kind === "message" ? { desc: inner.desc, some: inner !== type || inner.nullable === true } : undefined;
}

/** The type inside an optional or a list; any other type itself. */
function elementOf(type: CelType): CelType {
  if (type.kind === "optional") return type.of;
  return type.kind === "list" ? type.element : type;
}

/** The wrapper that an expression writes down, whose value CEL takes for the scalar in it. */
export function wrapperOf({ root }: Expression): DescMessage | undefined {
  return root.kind === "message" && unwrapped(root.desc) !== undefined ? root.desc : undefined;
}
