import type { Call } from "../model/call.ts";
import { holdsSensitive } from "../model/sensitive-types.ts";
import type { MessageScope } from "../scope/scope.ts";

/** Returns true if the key or the answer of a cached call may contain sensitive values. */
export function isSensitiveCall(
  { registry, builtins }: Pick<MessageScope, "registry" | "builtins">,
  { method, set, metadata, policy }: Pick<Call, "method" | "set" | "metadata" | "policy">,
): boolean {
  const principal = policy.identify && builtins.get("principal")?.type;
  const messages = [method.input, method.output, ...(principal?.kind === "message" ? [principal.desc] : [])];
  return (
    messages.some((desc) => holdsSensitive(desc, registry)) ||
    [...set, ...metadata].some(({ reveal }) => reveal !== undefined)
  );
}
