// Inputs of generated functions: arguments, callers and variables of the environment.
import type { DescMessage } from "@bufbuild/protobuf";
import type { Expression, Variable } from "../../cel/index.ts";
import type { Origin } from "../../diagnostic/diagnostic.ts";
import type { PlanIdentity } from "./plan.ts";

export interface PlanArg {
  readonly name: string;
  readonly variable: Variable;
}
export interface PlanArgs {
  /** The request's message, if every place passes the same one; undefined: the names in `members`. */
  readonly message: DescMessage | undefined;
  readonly members: readonly PlanArg[];
}

export interface PlanCallers {
  /** The principals' types. */
  readonly types: readonly DescMessage[];
  /** The RPCs that answer anybody. */
  readonly open: readonly unknown[];
}

export interface PlanEnvVar {
  readonly variable: Variable;
  readonly ir: {
    readonly at: Origin;
    readonly shape: { readonly of: string; readonly item: string } | undefined;
    readonly default: { readonly value: unknown } | undefined;
    readonly alternates: readonly { readonly value: string }[];
    readonly min: { readonly value: string } | undefined;
    readonly max: { readonly value: string } | undefined;
  };
}

/** One source of an identity. */
export type PlanIdentitySource = PlanIdentity["identity"]["sources"][number];
/** In order: literal text and holes over `env`. */
export type PlanText = readonly (string | Expression)[];
