// The headers that tell callers of an rpc that it is about to end, on every answer that Connect's adapter gives.
import type { ConnectRouter } from "@connectrpc/connect";
import type { UniversalHandler, UniversalServerResponse } from "@connectrpc/connect/protocol";
import type { Deprecation } from "../observer.ts";

/** What the callers of an rpc are told of its end. */
export interface Version {
  /**
   * Of every answer, names in lower case and values in turn: `deprecation` (RFC 9745), `sunset` (RFC 8594), and `link` with the relation
   * `successor-version` (RFC 5829).
   */
  readonly headers: readonly string[];
  /** What observers are told as well; undefined: the rpc is not deprecated. */
  readonly deprecation?: Deprecation | undefined;
}

/** Everything that `add` adds to the router answers with these headers. */
export function addVersioned(router: ConnectRouter, headers: readonly string[], add: () => void): void {
  const from = router.handlers.length;
  add();
  const added = router.handlers.splice(from);
  router.handlers.push(...added.map((handler) => versioned(handler, headers)));
}

/**
 * The same for what is in the router already, so that also what stands around an endpoint's own handlers, and refuses, answers with them.
 *
 * @param headers by path, `/package.Service/Method`
 */
export function withVersions(router: ConnectRouter, headers: ReadonlyMap<string, readonly string[]>): void {
  if (headers.size === 0) return;
  const all = router.handlers.splice(0);
  router.handlers.push(
    ...all.map((handler) => {
      const own = headers.get(handler.requestPath);
      return own === undefined ? handler : versioned(handler, own);
    }),
  );
}

function versioned(handler: UniversalHandler, headers: readonly string[]): UniversalHandler {
  const serve: (...given: Parameters<UniversalHandler>) => ReturnType<UniversalHandler> = async (request) =>
    telling(await handler(request), headers);
  // Connect reads the handler's own properties, `requestPath` for example.
  return Object.assign(serve, handler);
}

function telling(response: UniversalServerResponse, headers: readonly string[]): UniversalServerResponse {
  // Those of a method or a type that is not allowed are constants of Connect's, without headers.
  const header = response.header ?? new Headers();
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const [name = "", value = ""] = headers.slice(i, i + 2);
    if (!header.get(name)?.includes(value)) header.append(name, value);
  }
  return response.header === undefined ? { ...response, header } : response;
}

/** The headers of rpcs that have some, by path. */
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
