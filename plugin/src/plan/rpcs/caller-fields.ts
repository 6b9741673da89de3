// Fields of the principal that sealed texts of an rpc are bound to: page tokens, and confirmations of tools.
import type { BffMethod, Model } from "../../resolve/model/model.ts";
import { composedBlocks, requestReads, WHOLE } from "../../resolve/model/request-reads.ts";
import type { CallerFields } from "../model/caller-fields.ts";

/** Fields that name the tenant of a caller, whether or not the BFF reads them. */
const TENANT = /^tenant(_id)?$/;

/** Returns the tenant, and the fields that composing, calls and the permit of an rpc read. */
export function callerFields(method: BffMethod, model: Model): CallerFields | undefined {
  const { callers, permit } = method;
  if (callers === undefined || permit === undefined) return undefined;
  const { principal, caller } = requestReads([...composedBlocks(method, model), permit]);
  const isOpen = permit.public !== undefined && caller === undefined;
  const fields = callers.types
    .flatMap((type) => type.fields)
    .filter(({ name }) => principal.has(name) || TENANT.test(name));
  // A member of a oneof is no property of its message.
  if (principal.has(WHOLE) || fields.some(({ oneof }) => oneof !== undefined)) return { fields: undefined, isOpen };
  return { fields: [...new Set(fields.map(({ name }) => name))].sort(), isOpen };
}
