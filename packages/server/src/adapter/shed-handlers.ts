// Refusals of Connect's adapter under overload: in the protocol of the request, before its credentials and its message.
import type { DescMethodServerStreaming, DescMethodUnary } from "@bufbuild/protobuf";
import {
  type ConnectRouter,
  type ConnectRouterOptions,
  createConnectRouter,
  createContextKey,
  createContextValues,
} from "@connectrpc/connect";
import type { UniversalHandler, UniversalServerRequest, UniversalServerResponse } from "@connectrpc/connect/protocol";
import { connectError } from "@protobff/runtime/internal/endpoint/connect-error";
import type { Failure } from "@protobff/runtime/internal/failure";
import { HOLDER } from "@protobff/runtime/internal/routes/message-holder";
import type { Shedding } from "../overload/shedding.ts";

type Method = DescMethodUnary | DescMethodServerStreaming;
const FAILURE = createContextKey<Failure | undefined>(undefined);

/** Refuses requests to the handlers of the router while the server is overloaded. */
export function withShedding(
  router: ConnectRouter,
  shedding: Shedding,
  methods: readonly Method[],
  options: ConnectRouterOptions,
): void {
  const refusing = refusingHandlers(methods, options);
  const all = router.handlers.splice(0);
  router.handlers.push(
    ...all.map((handler) => {
      const rpc = shedding.of(handler.requestPath.slice(1));
      const other = refusing.get(handler.requestPath);
      if (rpc === undefined || other === undefined) return handler;
      const serve = (request: UniversalServerRequest): Promise<UniversalServerResponse> => {
        const failure = shedding.refusal(rpc, request.contextValues?.get(HOLDER)?.connection);
        return failure === undefined ? handler(request) : refused(other, request, failure);
      };
      // Connect reads the handler's own properties, `requestPath` for example.
      return Object.assign(serve, handler);
    }),
  );
}

/** Returns handlers of the same protocols that refuse each request before they read it. */
function refusingHandlers(
  methods: readonly Method[],
  options: ConnectRouterOptions,
): ReadonlyMap<string, UniversalHandler> {
  const router = createConnectRouter({
    ...options,
    requestGate: ({ values }) => {
      const failure = values.get(FAILURE);
      if (failure !== undefined) throw connectError(failure);
    },
  });
  // Connect's generic signature cannot express that the kind of the method does not matter.
  for (const method of methods) router.rpc(method as DescMethodUnary, () => ({}));
  return new Map(router.handlers.map((handler) => [handler.requestPath, handler]));
}

async function refused(
  handler: UniversalHandler,
  request: UniversalServerRequest,
  failure: Failure,
): Promise<UniversalServerResponse> {
  const contextValues = (request.contextValues ?? createContextValues()).set(FAILURE, failure);
  const isGet = request.method === "HEAD" && handler.allowedMethods.includes("GET");
  const response = await handler({ ...request, contextValues, ...(isGet && { method: "GET" }) });
  const header = response.header ?? new Headers();
  const { headers } = failure;
  for (let i = 0; i + 1 < headers.length; i += 2) header.set(headers[i] ?? "", headers[i + 1] ?? "");
  return { ...response, header };
}
