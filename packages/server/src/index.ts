// `@protobff/server`: the interface of generated `server.ts` files, and of programs that start a server by hand.
export { type Listenable, type Listening, type ListenOptions, listen, type RequestCounters } from "./listen.ts";
export { type ServeOptions, type ServeParts, serve } from "./serve.ts";
