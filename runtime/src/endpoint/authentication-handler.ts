// Authentication for Connect's adapter: credentials are verified on a request's headers, before Connect reads its message.
import {
  Code,
  ConnectError,
  type ConnectRouter,
  type ContextValues,
  createContextKey,
  createContextValues,
} from "@connectrpc/connect";
import type { UniversalHandler, UniversalServerRequest, UniversalServerResponse } from "@connectrpc/connect/protocol";
import { codeToHttpStatus, errorToJsonBytes } from "@connectrpc/connect/protocol-connect";
import { type AdmissionCheck, Denied, type Verdict } from "../admission/admission.ts";
import type { AnswerMetadata } from "../admission/answer-metadata.ts";
import { OVER } from "../failure.ts";
import type { AuthenticatedRequest } from "../identity/authenticated-request.ts";
import { type Incoming, incomingOf } from "../identity/incoming-request.ts";
import { connectError } from "./connect-error.ts";
import { REPORTED } from "./context-keys.ts";

/** Facts of a request that our server has besides the headers that Connect has. */
export const INCOMING = createContextKey<Incoming | undefined>(undefined);
/** The authenticated request for the endpoint. */
export const AUTHENTICATED = createContextKey<AuthenticatedRequest | undefined>(undefined);

/** Authenticates the requests of all routes that `add` adds to the router. */
export function addAuthenticated(router: ConnectRouter, admission: AdmissionCheck, add: () => void): void {
  const from = router.handlers.length;
  add();
  const added = router.handlers.splice(from);
  router.handlers.push(...added.map((handler) => authenticatedHandler(handler, admission)));
}

function authenticatedHandler(handler: UniversalHandler, admission: AdmissionCheck): UniversalHandler {
  const serve = async (request: UniversalServerRequest): Promise<UniversalServerResponse> => {
    const contextValues = copyOf(request.contextValues ?? createContextValues());
    let verdict: Verdict | undefined;
    const authenticate = async (): Promise<ConnectError | undefined> => {
      verdict = await admission.authenticate(contextValues.get(INCOMING) ?? incomingOf(request.header));
      if (verdict instanceof Denied) contextValues.set(REPORTED, true);
      else contextValues.set(AUTHENTICATED, verdict);
      return errorOf(verdict, request.signal);
    };
    const { body } = request;
    const isGet = request.method === "GET" && handler.allowedMethods.includes("GET");
    // The handler's clock, that of the client's deadline, runs meanwhile.
    if (isStream(body) && !isGet)
      return adding(await handler({ ...request, contextValues, body: authenticatedBody(body, authenticate) }), verdict);
    const startedAt = performance.now();
    const error = await authenticate();
    if (error !== undefined) return adding(refused(error), verdict);
    return handler({ ...request, contextValues, header: withLess(request.header, performance.now() - startedAt) });
  };
  // Connect reads the handler's own properties, `requestPath` for example.
  return Object.assign(serve, handler);
}

/**
 * Gives each request separate values. A custom server may share one object between all requests, but the caller belongs
 * to one request.
 */
function copyOf(base: ContextValues): ContextValues {
  const copy = createContextValues();
  const values: ContextValues = {
    get: (key) => (key.id === AUTHENTICATED.id ? copy : base).get(key),
    set(key, value) {
      (key.id === AUTHENTICATED.id ? copy : base).set(key, value);
      return values;
    },
    delete(key) {
      (key.id === AUTHENTICATED.id ? copy : base).delete(key);
      return values;
    },
  };
  return values;
}

const isStream = (body: UniversalServerRequest["body"]): body is AsyncIterable<Uint8Array> =>
  typeof body === "object" && body !== null && Symbol.asyncIterator in body;

/**
 * Yields a body that is not read before authentication. A refusal is thrown as its first read. The protocol's own
 * handler turns it into an answer after it has read the received bytes, as for other refusals.
 */
async function* authenticatedBody(
  body: AsyncIterable<Uint8Array>,
  authenticate: () => Promise<ConnectError | undefined>,
): AsyncGenerator<Uint8Array> {
  const error = await authenticate();
  if (error !== undefined) {
    await body[Symbol.asyncIterator]().return?.();
    throw error;
  }
  yield* body;
}

/**
 * Deducts the time of authentication from the deadline. Only Connect's header needs this: all other protocols send
 * messages in a stream.
 */
function withLess(header: Headers, tookMs: number): Headers {
  const timeout = header.get(TIMEOUT);
  if (timeout === null || !/^\d{1,15}$/.test(timeout) || tookMs < 1) return header;
  const less = new Headers(header);
  less.set(TIMEOUT, String(Math.max(0, Math.ceil(Number(timeout) - tookMs))));
  return less;
}
const TIMEOUT = "connect-timeout-ms";

function errorOf(verdict: Verdict, signal: AbortSignal): ConnectError | undefined {
  if (verdict instanceof Denied) return connectError(verdict.failure);
  // No work starts for a disconnected client.
  return signal.aborted ? new ConnectError(OVER.clientMessage, Code.Canceled) : undefined;
}

function refused(error: ConnectError): UniversalServerResponse {
  const bytes = errorToJsonBytes(error, undefined);
  const header = new Headers({ "content-type": "application/json", "content-length": String(bytes.length) });
  for (const [name, value] of error.metadata) header.append(name, value);
  const body = (async function* () {
    yield bytes;
  })();
  return { status: codeToHttpStatus(error.code), header, body };
}

/** Adds the headers of a refusal. The endpoint adds those of an answer. */
function adding(response: UniversalServerResponse, verdict: Verdict | undefined): UniversalServerResponse {
  if (!(verdict instanceof Denied)) return response;
  const { headers = [] }: Partial<AnswerMetadata> = verdict.metadata ?? {};
  for (let i = 0; i + 1 < headers.length; i += 2) response.header?.append(headers[i] ?? "", headers[i + 1] ?? "");
  return response;
}
