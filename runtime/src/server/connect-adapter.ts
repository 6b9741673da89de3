import {
  type ConnectRouter,
  type ConnectRouterOptions,
  createConnectRouter,
  createContextValues,
} from "@connectrpc/connect";
import type { UniversalHandler } from "@connectrpc/connect/protocol";
import { universalRequestFromNodeRequest, universalResponseToNodeResponse } from "@connectrpc/connect-node";
import { INCOMING } from "../compose/judged-handler.ts";
import { JSON_OPTIONS } from "../compose/written-json.ts";
import { HOLDER } from "../elements/bounded-handler.ts";
import { type FollowerPlaces, PLACES } from "../stream/places.ts";
import { DEFERRED_COMPRESSIONS } from "./compressed-answers.ts";
import type { ServerFault } from "./failure-log.ts";
import type { Handler } from "./handler.ts";
import { NodeIncoming, type Peers } from "./peers.ts";
import { holderOf } from "./request-body.ts";

export interface ConnectAdapterOptions extends ConnectRouterOptions {
  /** Adds what answers by `addCompressed`. */
  readonly routes: (router: ConnectRouter) => void;
  /** For paths that no rpc has. */
  readonly fallback: Handler;
  readonly peers: Peers;
  /** Who follows streams that are left to it. */
  readonly places: FollowerPlaces;
  readonly fault: ServerFault;
}

/**
 * A handler for what a ConnectRouter serves. `connectNodeAdapter` does the same, but prints a stack for each answer that could not be
 * written, which any client brings about by leaving, and leaves the request of an answer that cannot be sent open.
 */
export function connectAdapter({ routes, fallback, peers, places, fault, ...options }: ConnectAdapterOptions): Handler {
  const router = createConnectRouter({ acceptCompression: DEFERRED_COMPRESSIONS, ...options });
  routes(router);
  const handlers = new Map<string, UniversalHandler>(router.handlers.map((handler) => [handler.requestPath, handler]));
  return (request, response) => {
    const handler = handlers.get(request.url?.split("?", 1)[0] ?? "");
    if (handler === undefined) return fallback(request, response);
    const values = createContextValues().set(INCOMING, new NodeIncoming(request, peers)).set(PLACES, places);
    values.set(HOLDER, holderOf(request)).set(JSON_OPTIONS, options.jsonOptions ?? {});
    handler(universalRequestFromNodeRequest(request, response, undefined, values))
      .then((answer) => universalResponseToNodeResponse(answer, response))
      .catch((thrown: unknown) => {
        const { destroyed } = "stream" in response ? response.stream : response;
        if (destroyed) return; // the client has gone, or was given up
        fault(`cannot answer ${handler.requestPath}`, thrown);
        response.destroy();
      });
  };
}
