// What generated `identity.ts` files use, and sources of other subpaths: `@protobff/runtime/identity`.
export type { AuditEvent } from "../observer.ts";
export { countsAmbient } from "./ambient.ts";
export { type ApiKeyOptions, apiKey } from "./api-key/api-key.ts";
export { type AssertionOptions, assertion } from "./assertion/assertion.ts";
