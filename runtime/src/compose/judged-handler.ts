// For what Connect's adapter serves: credentials are judged when a request's headers have come, before Connect reads its message.
import { Code, ConnectError, type ConnectRouter, createContextKey, createContextValues } from "@connectrpc/connect";
import type { UniversalHandler, UniversalServerRequest, UniversalServerResponse } from "@connectrpc/connect/protocol";
import { codeToHttpStatus, errorToJsonBytes } from "@connectrpc/connect/protocol-connect";
import { OVER } from "../failure.ts";
import { type Incoming, incomingOf } from "../identity/incoming.ts";
import type { Judged } from "../identity/judged.ts";
import { type Admission, Denied, type Verdict } from "./admission.ts";
import type { AnswerMetadata } from "./answer-metadata.ts";
import { connectError } from "./connect-error.ts";

/** What a server of ours knows of a request besides the headers that Connect has. */
export const INCOMING = createContextKey<Incoming | undefined>(undefined);
/** What an endpoint is given. */
export const JUDGED = createContextKey<Judged | undefined>(undefined);

/** Everything that `add` adds to the router is judged by this. */
export function addJudged(router: ConnectRouter, admission: Admission, add: () => void): void {
  const from = router.handlers.length;
  add();
  const added = router.handlers.splice(from);
  router.handlers.push(...added.map((handler) => judgedHandler(handler, admission)));
}

function judgedHandler(handler: UniversalHandler, admission: Admission): UniversalHandler {
  const serve = async (request: UniversalServerRequest): Promise<UniversalServerResponse> => {
    const contextValues = request.contextValues ?? createContextValues();
    const verdict = await admission.judge(contextValues.get(INCOMING) ?? incomingOf(request.header));
    const error = errorOf(verdict, request.signal);
    if (error === undefined && !(verdict instanceof Denied)) contextValues.set(JUDGED, verdict);
    if (error !== undefined && request.method === "GET" && handler.allowedMethods.includes("GET"))
      return adding(refused(error), verdict);
    const body = error === undefined ? request.body : failing(request.body, error);
    return adding(await handler({ ...request, contextValues, body }), verdict);
  };
  // Connect reads the handler's own properties, `requestPath` for example.
  return Object.assign(serve, handler);
}

function errorOf(verdict: Verdict, signal: AbortSignal): ConnectError | undefined {
  if (verdict instanceof Denied) return connectError(verdict.failure);
  // The client has gone: nothing begins.
  return signal.aborted ? new ConnectError(OVER.clientMessage, Code.Canceled) : undefined;
}

/** A body that ends so: the protocol's own handler makes a refusal of it. What has come is read, as for other refusals. */
function failing(body: UniversalServerRequest["body"], error: ConnectError): AsyncIterable<Uint8Array> {
  const next = async (): Promise<never> => {
    if (typeof body === "object" && body !== null && Symbol.asyncIterator in body)
      await (body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]().return?.();
    throw error;
  };
  return { [Symbol.asyncIterator]: () => ({ next }) };
}

function refused(error: ConnectError): UniversalServerResponse {
  const bytes = errorToJsonBytes(error, undefined);
  const header = new Headers({ "content-type": "application/json", "content-length": String(bytes.length) });
  const body = (async function* () {
    yield bytes;
  })();
  return { status: codeToHttpStatus(error.code), header, body };
}

/** Of a refusal; beside an answer the endpoint sends it. */
function adding(response: UniversalServerResponse, verdict: Verdict): UniversalServerResponse {
  if (!(verdict instanceof Denied)) return response;
  const { headers = [] }: Partial<AnswerMetadata> = verdict.metadata ?? {};
  for (let i = 0; i + 1 < headers.length; i += 2) response.header?.append(headers[i] ?? "", headers[i + 1] ?? "");
  return response;
}
