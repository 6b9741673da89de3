// Connect's GET. Its adapter supports neither caches nor HEAD.
import { type ConnectRouter, createContextValues } from "@connectrpc/connect";
import {
  type Compression,
  compressionNegotiate,
  type UniversalHandler,
  type UniversalServerRequest,
  type UniversalServerResponse,
} from "@connectrpc/connect/protocol";
import { INCOMING } from "../endpoint/authentication-handler.ts";
import { CDN_TAGS, STALE } from "../endpoint/context-keys.ts";
import type { HttpCaching } from "../endpoint/http-caching.ts";
import { incomingOf } from "../identity/incoming-request.ts";
import { COMPRESS_FROM, COMPRESSIONS } from "../wire/compressions.ts";
import { compressedResponse, singleChunk, whole } from "./compressed-answers.ts";
import { cachedAnswer, NO_STORE } from "./http-caching.ts";

/** Sets caching headers on the answers over GET of everything that `add` adds to the router. */
export function addCachedGet(
  router: ConnectRouter,
  policy: HttpCaching | undefined,
  { forPages }: { readonly forPages: boolean },
  add: () => void,
): void {
  const from = router.handlers.length;
  add();
  const added = router.handlers.splice(from);
  const vary = forPages ? ["accept-encoding", "origin"] : ["accept-encoding"];
  router.handlers.push(...added.map((handler) => cachedGet(handler, policy, vary)));
}

function cachedGet(
  handler: UniversalHandler,
  policy: HttpCaching | undefined,
  vary: readonly string[],
): UniversalHandler {
  if (!handler.allowedMethods.includes("GET")) return handler;
  const serve = async (request: UniversalServerRequest): Promise<UniversalServerResponse> => {
    if (request.method === "HEAD") {
      // RFC 9110, 9.3.2: the headers of the GET answer, without its body.
      const { body: _, ...head } = await serve({ ...request, method: "GET" });
      return head;
    }
    if (request.method !== "GET") return handler(request);
    if (policy === undefined) return withHeaders(await handler(request), NO_STORE);
    const contextValues = request.contextValues ?? createContextValues();
    const header = new Headers(request.header);
    // The tag is that of the uncompressed body, which is compressed below.
    header.set("accept-encoding", "identity"); // without it Connect would compress as the request is
    if (contextValues.get(INCOMING) === undefined) contextValues.set(INCOMING, incomingOf(request.header));
    const response = await handler({ ...request, header, contextValues });
    const { status, header: sent = new Headers(), body } = response;
    if (status !== 200 || body === undefined) return withHeaders(response, NO_STORE);
    const bytes = await whole(body);
    const ifNoneMatch = request.header.get("if-none-match");
    const once = contextValues.get(STALE) || sent.has("bff-degraded") || sent.has("set-cookie");
    const answer = cachedAnswer({ policy, body: bytes, ifNoneMatch, once, vary, tags: contextValues.get(CDN_TAGS) });
    withHeaders(response, answer.headers);
    if (answer.status === 304) {
      for (const name of ["content-type", "content-length"]) sent.delete(name);
      const { body: _, ...head } = response;
      return { ...head, status: 304 };
    }
    const compression = compressionFor(request);
    if (compression === null || bytes.length < COMPRESS_FROM) return { ...response, body: singleChunk(bytes) };
    return compressedResponse(request, { ...response, header: sent }, bytes, compression);
  };
  // Connect reads the handler's own properties, `requestPath` for example.
  return Object.assign(serve, handler);
}

function withHeaders(response: UniversalServerResponse, headers: readonly string[]): UniversalServerResponse {
  for (let i = 0; i + 1 < headers.length; i += 2) response.header?.set(headers[i] ?? "", headers[i + 1] ?? "");
  return response;
}

/** Negotiates the compression as Connect does. */
function compressionFor({ url, header }: UniversalServerRequest): Compression | null {
  const requested = new URL(url).searchParams.get("compression");
  return compressionNegotiate(COMPRESSIONS, requested, header.get("accept-encoding"), "").response;
}
