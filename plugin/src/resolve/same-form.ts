import type { Proto } from "../cel/index.ts";

/** Whether two values are represented alike. */
export function sameForm(a: Proto | undefined, b: Proto | undefined): boolean {
  return form(a) === form(b);
}
function form(proto: Proto | undefined): string {
  switch (proto?.kind) {
    case "scalar":
      return `s${proto.scalar}`;
    case "enum":
    case "message":
      return proto.desc.typeName;
    case "list":
      return `[${form(proto.of)}]`;
    case "map":
      return `{${proto.key}:${form(proto.of)}}`;
    default:
      return "?";
  }
}
