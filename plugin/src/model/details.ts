// Messages that failures carry as details.
import type { DescMessage } from "@bufbuild/protobuf";
import { type Expression, unwrapped } from "../cel/index.ts";

/** The message that an expression gives as a detail, and whether it may be none, or several. */
export function detailOf(expression: Expression): { readonly desc: DescMessage; readonly some: boolean } | undefined {
  const wrapper = wrapperOf(expression);
  if (wrapper !== undefined) return { desc: wrapper, some: false };
  const { type } = expression;
  const inner = type.kind === "optional" ? type.of : type.kind === "list" ? type.element : type;
  return inner.kind === "message" ? { desc: inner.desc, some: inner !== type || inner.nullable === true } : undefined;
}

/** The wrapper that an expression writes down, whose value CEL takes for the scalar in it. */
export function wrapperOf({ root }: Expression): DescMessage | undefined {
  return root.kind === "message" && unwrapped(root.desc) !== undefined ? root.desc : undefined;
}
