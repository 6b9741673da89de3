import { createContextValues } from "@connectrpc/connect";
import type { UniversalHandler, UniversalServerRequest } from "@connectrpc/connect/protocol";
import { INCOMING } from "@protobff/runtime/internal/endpoint/authentication-handler";
import type { ServerFault } from "@protobff/runtime/internal/environment/server-fault";
import { HOLDER } from "@protobff/runtime/internal/routes/message-holder";
import { PLACES } from "@protobff/runtime/internal/stream/follower-places";
import type { Handler } from "../carrier/handler.ts";
import { NodeIncoming, type Peers } from "../requests/peers.ts";
import { holderOf } from "../requests/request-body.ts";
import { AdapterPlaces } from "../streams/stream-account.ts";
import type { StreamAccounts } from "../streams/stream-accounts.ts";

interface ConnectAdapterOptions {
  /** Paths of the handlers. */
  readonly paths: ReadonlySet<string>;
  /** Makes the handlers. Called with the first request at one of the paths. */
  readonly load: () => Promise<readonly UniversalHandler[]>;
  /** For all other paths. */
  readonly fallback: Handler;
  readonly peers: Peers;
  /** Count the streams. */
  readonly accounts: StreamAccounts;
  readonly fault: ServerFault;
}

/**
 * A handler for what a ConnectRouter serves. `connectNodeAdapter` does the same, but prints a stack for each answer that could not be
 * written, which any client brings about by leaving, and leaves the request of an answer that cannot be sent open.
 */
export function connectAdapter({ paths, load, fallback, peers, accounts, fault }: ConnectAdapterOptions): Handler {
  let loading: ReturnType<typeof loaded> | undefined;
  const loaded = async () => {
    // The fast path needs no such package, which takes 10 MB.
    const [all, connectNode] = await Promise.all([load(), import("@connectrpc/connect-node")]);
    return { ...connectNode, handlers: new Map(all.map((handler) => [handler.requestPath, handler])) };
  };
  return (request, response) => {
    const path = request.url?.split("?", 1)[0] ?? "";
    if (!paths.has(path)) return fallback(request, response);
    const holder = holderOf(request);
    const values = createContextValues().set(INCOMING, new NodeIncoming(request, peers));
    values.set(PLACES, new AdapterPlaces(accounts.at(path), holder?.connection ?? request));
    values.set(HOLDER, holder);
    const hasGone = (): boolean => ("stream" in response ? response.stream : response).destroyed;
    const answer = async (): Promise<void> => {
      loading ??= loaded();
      const { handlers, universalRequestFromNodeRequest, universalResponseToNodeResponse } = await loading;
      if (hasGone()) return;
      const handler = handlers.get(path);
      if (handler === undefined) return fallback(request, response);
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
      fault(`cannot answer ${path}`, thrown);
      response.destroy();
    });
  };
}
