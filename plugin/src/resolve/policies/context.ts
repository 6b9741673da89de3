import type { IrMethod } from "../../ir.ts";
import type { Aliases } from "../conversions/convert.ts";
import type { MessageScope } from "../scope/scope.ts";
import type { Governing } from "./entries.ts";

/** What resolving a policy has at hand; steps/context.ts has more. */
export interface PolicyContext {
  readonly run: { readonly aliases: Aliases };
  readonly scope: MessageScope;
  readonly governing: Governing;
  /** The rpcs whose responses the message, or step, is part of. */
  readonly roots: readonly IrMethod[];
}

/** The default budget of an rpc, in milliseconds. */
export const DEFAULT_BUDGET_MS = 2_000;
