// What generated `server.ts` files use, and those that begin a server by hand: `@protobff/server`.
export { type Listenable, type Listening, type ListenOptions, listen, type RequestCounters } from "./listen.ts";
export { type RestHandlerOptions, restHandler } from "./rest/rest-handler.ts";
export { type ServeOptions, type ServeParts, serve } from "./serve.ts";
