// Values of a message of which an answer contains some fields.
import type { DescField } from "@bufbuild/protobuf";
import type { OneofTarget } from "../../model/conversion.ts";
import type { MessageNames } from "../names/message-names.ts";
import { anyOf, type Line } from "../text/lines.ts";
import { zeroOf } from "../text/zero-of.ts";

/** Prints the value of a field that the answer contains, and otherwise its zero value. */
export function selectedValue(field: DescField, value: Line, literal: boolean, { fields }: MessageNames): Line {
  return [`${anyOf([field.name], fields)} ? `, ...value, ` : ${literal ? zeroOf(field) : "undefined"}`];
}

type Member = OneofTarget["members"][number];

/** Tests for the members of a oneof: a later member is tried only if the answer may contain it or one after it. */
export function selectedMembers({ members }: OneofTarget, { fields }: MessageNames) {
  const tried = [...members.filter((member) => !member.default), ...members.filter((member) => member.default)];
  const has = (some: readonly Member[]): string =>
    anyOf(
      some.map(({ field }) => field.name),
      fields,
    );
  const reached = (member: Member): string => has(tried.slice(tried.indexOf(member)));
  const decides = (member: Member): boolean => member.if === undefined && !member.default;
  return {
    unreached: (member: Member): Line => [`!(${reached(member)})`],
    /** The value, which may decide about the member and about those after it. */
    value: (member: Member, print: Line): Line => [
      `${decides(member) ? reached(member) : has([member])} ? `,
      ...print,
      " : undefined",
    ],
    chosen: (member: Member, chosen: Line): Line => [`${has([member])} ? `, ...chosen, " : { case: undefined }"],
  };
}
