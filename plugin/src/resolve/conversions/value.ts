// The input of a conversion: a typed value, and the aliases of the run.
import type { DescEnum, DescField, DescMessage } from "@bufbuild/protobuf";
import type { CelType, Node, Proto } from "../../cel/index.ts";
import type { Text } from "../../diagnostic/diagnostic.ts";
import type { EnumConversion, MessageConversion } from "../../model/conversion.ts";

export interface SourceValue {
  readonly type: CelType;
  readonly proto: Proto | undefined;
  /** The root of the expression, if the value is an expression. The parts of a literal are more exact than its type. */
  readonly root?: Node;
  readonly text?: Text;
}

/** The alias relations of the run. Undefined if there are none. */
export interface Aliases {
  readonly message: (from: DescMessage, to: DescMessage) => MessageConversion | undefined;
  readonly enum: (from: DescEnum, to: DescEnum) => EnumConversion | undefined;
  /** True if the type is in a package with options. Upstreams have none, and belong to another team. */
  readonly isLocal: (desc: DescMessage | DescEnum) => boolean;
  /** True if steps compose the type. */
  readonly isComposed: (desc: DescMessage | DescEnum) => boolean;
  /** True if the type declares the other one as an alias. */
  readonly isCopyOf: (desc: DescMessage | DescEnum, upstream: DescMessage) => boolean;
  /** For a copy that cannot become the upstream's message, returns the field at fault and the reason. */
  readonly unwritable: (from: DescMessage, to: DescMessage) => { field: DescField; why: string } | undefined;
}
