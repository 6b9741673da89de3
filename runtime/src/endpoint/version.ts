// Headers that announce the end of an RPC to its callers, on every answer of Connect's adapter.
import type { ConnectRouter } from "@connectrpc/connect";
import type { UniversalHandler, UniversalServerResponse } from "@connectrpc/connect/protocol";
import type { Deprecation } from "../observer-requests.ts";

/** Announcement of an RPC's end for its callers. */
export interface Version {
  /**
   * Headers of every answer: lower-case names and values in turn. They are `deprecation` (RFC 9745), `sunset` (RFC
   * 8594), and `link` with the relation `successor-version` (RFC 5829).
   */
  readonly headers: readonly string[];
  /** Deprecation for observers; undefined: the RPC is not deprecated. */
  readonly deprecation?: Deprecation | undefined;
}

/** Adds these headers to the answers of everything that `add` adds to the router. */
export function addVersioned(router: ConnectRouter, headers: readonly string[], add: () => void): void {
  const from = router.handlers.length;
  add();
  const added = router.handlers.splice(from);
  router.handlers.push(...added.map((handler) => versioned(handler, headers)));
}

/**
 * The same for handlers that are already in the router. The headers are then also on refusals by code around an
 * endpoint's own handlers.
 *
 * @param headers by path, `/package.Service/Method`
 */
export function withVersions(router: ConnectRouter, headers: ReadonlyMap<string, readonly string[]>): void {
  if (headers.size === 0) return;
  const all = router.handlers.splice(0);
  router.handlers.push(
    ...all.map((handler) => {
      const versionHeaders = headers.get(handler.requestPath);
      return versionHeaders === undefined ? handler : versioned(handler, versionHeaders);
    }),
  );
}

function versioned(handler: UniversalHandler, headers: readonly string[]): UniversalHandler {
  const serve: (...args: Parameters<UniversalHandler>) => ReturnType<UniversalHandler> = async (request) =>
    telling(await handler(request), headers);
  // Connect reads the handler's own properties, `requestPath` for example.
  return Object.assign(serve, handler);
}

function telling(response: UniversalServerResponse, headers: readonly string[]): UniversalServerResponse {
  // Answers to a method or type that is not allowed are constants of Connect's, without headers.
  const header = response.header ?? new Headers();
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const [name = "", value = ""] = headers.slice(i, i + 2);
    if (!header.get(name)?.includes(value)) header.append(name, value);
  }
  return response.header === undefined ? { ...response, header } : response;
}

/** Returns the headers of RPCs that have some, by path. */
export function versionHeaders(
  endpoints: readonly {
    readonly method: { readonly parent: { readonly typeName: string }; readonly name: string };
    readonly version?: Version | undefined;
  }[],
): ReadonlyMap<string, readonly string[]> {
  return new Map(
    endpoints.flatMap(({ method, version }): [string, readonly string[]][] =>
      version === undefined ? [] : [[`/${method.parent.typeName}/${method.name}`, version.headers]],
    ),
  );
}
