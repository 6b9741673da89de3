// `@protobff/server/session`: the interface of generated `identity.ts` files with a login.
export { type SessionOptions, session } from "./session.ts";
