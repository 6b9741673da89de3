// What generated `identity.ts` files use, and sources of other subpaths: `@protobff/runtime/identity`.
export type { AuditEvent } from "../observer.ts";
export { countsAmbient } from "./ambient.ts";
export type { Caller } from "./caller.ts";
export { cookieValues } from "./cookies.ts";
export { identity } from "./declared.ts";
export type { Identify, Identity } from "./identity.ts";
export { type Incoming, type IncomingHeaders, incomingOf, type Peer } from "./incoming.ts";
export { Judged } from "./judged.ts";
export { type JwtOptions, jwt } from "./jwt/jwt.ts";
export { type PeerOptions, peer } from "./peer.ts";
export { callerOf, keyOf, type Proof } from "./principal.ts";
export { denied, unauthenticated, unjudged } from "./refusals.ts";
export { Remembered } from "./remembered.ts";
export type { Route, RouteAnswer, RouteRequest, Routes } from "./routes.ts";
export type { Settings } from "./settings.ts";
export type { Place, Source } from "./source.ts";
export type { IdentitySpec, OpenIdentity, SourceParts, SourceSpec } from "./spec.ts";
export { type TrustedOptions, trusted } from "./trusted.ts";
