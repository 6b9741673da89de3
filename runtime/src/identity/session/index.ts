// What generated `identity.ts` files use where somebody logs in: `@protobff/runtime/session`.
export { type SessionOptions, session } from "./session.ts";
