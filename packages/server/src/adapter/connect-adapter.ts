import {
  type ConnectRouter,
  type ConnectRouterOptions,
  createConnectRouter,
  createContextValues,
} from "@connectrpc/connect";
import type { UniversalHandler, UniversalServerRequest } from "@connectrpc/connect/protocol";
import { INCOMING } from "@protobff/runtime/internal/endpoint/authentication-handler";
import type { ServerFault } from "@protobff/runtime/internal/environment/server-fault";
import { DEFERRED_COMPRESSIONS } from "@protobff/runtime/internal/routes/compressed-answers";
import { HOLDER } from "@protobff/runtime/internal/routes/message-holder";
import { PLACES } from "@protobff/runtime/internal/stream/follower-places";
import type { Handler } from "../carrier/handler.ts";
import { NodeIncoming, type Peers } from "../requests/peers.ts";
import { holderOf } from "../requests/request-body.ts";
import { AdapterPlaces } from "../streams/stream-account.ts";
import type { StreamAccounts } from "../streams/stream-accounts.ts";

interface ConnectAdapterOptions extends ConnectRouterOptions {
  /** Adds what answers by `addCompressed`. */
  readonly routes: (router: ConnectRouter) => void;
  /** For paths that no rpc has. */
  readonly fallback: Handler;
  readonly peers: Peers;
  /** Count the streams. */
  readonly accounts: StreamAccounts;
  readonly fault: ServerFault;
}

/** A handler, and the paths that it does not leave to its fallback. */
type ConnectAdapter = Handler & { readonly paths: readonly string[] };

/**
 * A handler for what a ConnectRouter serves. `connectNodeAdapter` does the same, but prints a stack for each answer that could not be
 * written, which any client brings about by leaving, and leaves the request of an answer that cannot be sent open.
 */
export function connectAdapter({
  routes,
  fallback,
  peers,
  accounts,
  fault,
  ...options
}: ConnectAdapterOptions): ConnectAdapter {
  const router = createConnectRouter({ acceptCompression: DEFERRED_COMPRESSIONS, ...options });
  routes(router);
  const handlers = new Map<string, UniversalHandler>(router.handlers.map((handler) => [handler.requestPath, handler]));
  const serve: Handler = (request, response) => {
    const handler = handlers.get(request.url?.split("?", 1)[0] ?? "");
    if (handler === undefined) return fallback(request, response);
    const holder = holderOf(request);
    const values = createContextValues().set(INCOMING, new NodeIncoming(request, peers));
    values.set(PLACES, new AdapterPlaces(accounts.at(handler.requestPath), holder?.connection ?? request));
    values.set(HOLDER, holder);
    const hasGone = (): boolean => ("stream" in response ? response.stream : response).destroyed;
    const answer = async (): Promise<void> => {
      const { universalRequestFromNodeRequest, universalResponseToNodeResponse } = await loadConnectNode();
      if (hasGone()) return;
      let received: UniversalServerRequest;
      try {
        received = universalRequestFromNodeRequest(request, response, undefined, values);
      } catch {
        // The authority is missing, or is no host.
        response.statusCode = 400;
        response.end();
        return;
      }
      await universalResponseToNodeResponse(await handler(received), response);
    };
    answer().catch((thrown: unknown) => {
      if (hasGone()) return; // the client has gone, or was given up
      fault(`cannot answer ${handler.requestPath}`, thrown);
      response.destroy();
    });
  };
  return Object.assign(serve, { paths: [...handlers.keys()] });
}

let connectNode: Promise<typeof import("@connectrpc/connect-node")> | undefined;
/** The fast path needs no such package, which takes 10 MB. */
function loadConnectNode(): Promise<typeof import("@connectrpc/connect-node")> {
  connectNode ??= import("@connectrpc/connect-node");
  return connectNode;
}
