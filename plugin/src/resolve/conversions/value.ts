// What a conversion starts from: a typed value, and the aliases of the run.
import type { DescEnum, DescField, DescMessage } from "@bufbuild/protobuf";
import type { CelType, Node, Proto } from "../../cel/index.ts";
import type { Text } from "../../diagnostic/origin.ts";
import type { EnumConversion, MessageConversion } from "../../model/conversion.ts";

export interface Value {
  readonly type: CelType;
  readonly proto: Proto | undefined;
  /** The expression, where it is one: a literal's parts say more than its type. */
  readonly root?: Node;
  readonly text?: Text;
}

/** The alias relations of the run; undefined where there is none. */
export interface Aliases {
  readonly message: (from: DescMessage, to: DescMessage) => MessageConversion | undefined;
  readonly enum: (from: DescEnum, to: DescEnum) => EnumConversion | undefined;
  /** Whether it is of a package that has options: upstreams have none, and are another team's. */
  readonly own: (desc: DescMessage | DescEnum) => boolean;
  /** Of a copy that cannot become the upstream's message, the field that is to blame, and why. */
  readonly unwritable: (from: DescMessage, to: DescMessage) => { field: DescField; why: string } | undefined;
}
