import { type Diagnostic, fault, type Text } from "../../diagnostic/diagnostic.ts";
import type { RpcContext } from "../packages/rpc-context.ts";
import { free, type MessageScope } from "../scope/scope.ts";

interface NameRefusal {
  readonly message: string;
  readonly hint: string;
}

/** Names that an expression about a whole request may not read. */
export interface NameRules {
  /** For `principal` in a package without an identity. */
  readonly principal: NameRefusal;
  /** Returns the refusal of any other name; undefined: all are in scope. */
  readonly other: (names: ReadonlySet<string>) => NameRefusal | undefined;
  /** For a step of the service or of the permit, which no such expression reads. */
  readonly step: (name: string) => NameRefusal;
}

/**
 * Returns true if a text reads only names in scope. Each missing name has a separate diagnostic, because the available
 * values have other names.
 */
export function checkNames(
  { service, method, context }: RpcContext,
  scope: MessageScope,
  text: Text,
  code: Diagnostic["code"],
  { principal, other, step }: NameRules,
): boolean {
  const { names } = free(scope, text);
  const steps = [...service.steps, ...(method.permit?.steps ?? [])];
  const stepName = steps.find(({ name }) => name !== undefined && names.has(name.value))?.name?.value;
  const refusal =
    names.has("principal") && !context.identified
      ? principal
      : (other(names) ?? (stepName === undefined || scope.builtins.has(stepName) ? undefined : step(stepName)));
  if (refusal === undefined) return true;
  fault(scope.report, code, text.at, { ...refusal });
  return false;
}
