// Refusals by Connect's adapter, before a request reaches its endpoint. They are reported to observers, once for each
// request.
import type { DescMethod } from "@bufbuild/protobuf";
import { Code, ConnectError, type ConnectRouter, createContextValues } from "@connectrpc/connect";
import type { UniversalHandler, UniversalServerRequest, UniversalServerResponse } from "@connectrpc/connect/protocol";
import { codeFromHttpStatus, codeFromString } from "@connectrpc/connect/protocol-connect";
import { INCOMING } from "../endpoint/authentication-handler.ts";
import { REACHED, REPORTED } from "../endpoint/context-keys.ts";
import type { Endpoint } from "../endpoint/endpoint-options.ts";
import { Failure, OVER, Reason } from "../failure.ts";
import { incomingOf } from "../identity/incoming-request.ts";

/** Reports refusals of everything in the router that is one of these endpoints'. */
export function withRefusalReports(
  router: ConnectRouter,
  endpoints: readonly ({ readonly method: DescMethod } & Partial<Pick<Endpoint, "refused">>)[],
): void {
  const paths = new Map(endpoints.map(({ method, refused }) => [`/${method.parent.typeName}/${method.name}`, refused]));
  const all = router.handlers.splice(0);
  router.handlers.push(
    ...all.map((handler) => {
      const refused = paths.get(handler.requestPath);
      return refused === undefined ? handler : telling(handler, refused);
    }),
  );
}

/** Returns the failure of a server's own refusal, whose message is meant for clients. It is no failure of ours. */
export function serverRefusal(code: Code, message: string): Failure {
  return new Failure({ code, clientCode: code, reason: Reason.REJECTED, callee: "", message, refusal: true });
}

function telling(handler: UniversalHandler, refused: NonNullable<Endpoint["refused"]>): UniversalHandler {
  const serve = async (request: UniversalServerRequest): Promise<UniversalServerResponse> => {
    const contextValues = request.contextValues ?? createContextValues();
    const startedAt = performance.now();
    let reported = false;
    const report = (code: Code): void => {
      if (reported || contextValues.get(REACHED) || contextValues.get(REPORTED)) return;
      reported = true;
      const failure = request.signal.aborted ? OVER : serverRefusal(code, "refused by the server");
      const headers = contextValues.get(INCOMING) ?? incomingOf(request.header);
      refused(failure, headers, performance.now() - startedAt);
    };
    let response: UniversalServerResponse;
    try {
      response = await handler({ ...request, contextValues });
    } catch (thrown) {
      report(ConnectError.from(thrown).code);
      throw thrown;
    }
    if (contextValues.get(REACHED) || contextValues.get(REPORTED)) return response;
    const { body } = response;
    if (body === undefined) {
      report(codeOf(response, ""));
      return response;
    }
    return { ...response, body: watched(body, (end) => report(codeOf(response, end))) };
  };
  // Connect reads the handler's own properties, `requestPath` for example.
  return Object.assign(serve, handler);
}

/** Yields the same body. When it has ended, or its reader stops, `ended` receives its last bytes. */
async function* watched(body: AsyncIterable<Uint8Array>, ended: (end: string) => void): AsyncGenerator<Uint8Array> {
  let last: Uint8Array = new Uint8Array(0);
  try {
    for await (const chunk of body) {
      last = chunk;
      yield chunk;
    }
  } finally {
    ended(Buffer.from(last.buffer, last.byteOffset, last.length).toString("latin1"));
  }
}

/**
 * Returns the code of a refused request. Its protocol puts the code in trailers, at the end of the body, in JSON, or in
 * HTTP's status alone.
 */
function codeOf({ status, trailer }: UniversalServerResponse, end: string): Code {
  const number = Number(trailer?.get("grpc-status") ?? /grpc-status: ?(\d+)/i.exec(end)?.[1]);
  if (number >= Code.Canceled && number <= Code.Unauthenticated) return number;
  const named = /"code" ?: ?"([a-z_]+)"/.exec(end)?.[1];
  return (named === undefined ? undefined : codeFromString(named)) ?? codeFromHttpStatus(status);
}
