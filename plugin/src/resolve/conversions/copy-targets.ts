// Targets of a copy, grouped by oneofs and by the messages that paths lead into.
import type { DescField } from "@bufbuild/protobuf";
import type { ConvertedTarget } from "../../model/conversion.ts";

type OneofCopy = Extract<ConvertedTarget, { kind: "oneof" }>;

type FieldCopy = Extract<ConvertedTarget, { kind: "field" }>;

/** Adds fields to the targets as `grouped` does, and those of messages inside in these. */
export function placing(targets: ConvertedTarget[]): (above: readonly DescField[], copy: FieldCopy) => void {
  const group = grouped(targets);
  const inside = new Map<DescField, ReturnType<typeof placing>>();
  return ([first, ...rest], copy) => {
    if (first === undefined) {
      group(copy);
      return;
    }
    let place = inside.get(first);
    if (place === undefined) {
      const innerTargets: ConvertedTarget[] = [];
      targets.push({ kind: "message", to: first, targets: innerTargets });
      place = placing(innerTargets);
      inside.set(first, place);
    }
    place(rest, copy);
  };
}
/** Adds fields to the targets, members of one oneof together. */
export function grouped(targets: ConvertedTarget[]): (copy: FieldCopy) => void {
  const oneofs = new Map<string, OneofCopy["members"][number][]>();
  return (copy) => {
    const { to, from, conversion } = copy;
    if (to.oneof === undefined) {
      targets.push(copy);
      return;
    }
    let members = oneofs.get(to.oneof.name);
    if (members === undefined) {
      members = [];
      oneofs.set(to.oneof.name, members);
      targets.push({ kind: "oneof", to: to.oneof, members });
    }
    members.push({ to, from, conversion });
  };
}
