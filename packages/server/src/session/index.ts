// What generated `identity.ts` files use where somebody logs in: `@protobff/server/session`.
export { type SessionOptions, session } from "./session.ts";
