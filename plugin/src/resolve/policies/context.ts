import type { Ir, IrMethod } from "../../ir/ir.ts";
import type { Aliases } from "../conversions/value.ts";
import type { MessageScope } from "../scope/scope.ts";
import type { Governing } from "./entries.ts";

/** Context for resolving a policy; `steps/context.ts` has more. */
export interface PolicyContext {
  readonly run: { readonly aliases: Aliases; readonly ir: Ir };
  readonly scope: MessageScope;
  readonly governing: Governing;
  /** The rpcs whose responses the message, or step, is part of. */
  readonly roots: readonly IrMethod[];
  /** True if the result may follow the first message of a stream of parts. */
  readonly deferred: boolean;
}

/** The default number of attempts of a call that may be sent again, the first included. */
export const DEFAULT_ATTEMPTS = 3;

/** The default budget of an rpc, in milliseconds. */
export const DEFAULT_BUDGET_MS = 2_000;

/** The default time of a response in parts, from its beginning to the last of them, in milliseconds. */
export const DEFAULT_PARTS_MS = 10_000;

/** Returns true if an RPC's stream is one response in parts, because it follows nothing. */
export const sendsParts = ({ desc, stream, live }: Pick<IrMethod, "desc" | "stream" | "live">): boolean =>
  desc.methodKind === "server_streaming" && stream === undefined && live === undefined;
