// Requests that were never whole, reported to observers.
import type { IncomingHttpHeaders } from "node:http";
import type { DescMethod } from "@bufbuild/protobuf";
import type { Endpoint } from "@protobff/runtime/internal/endpoint/endpoint-options";
import { OVER } from "@protobff/runtime/internal/failure";
import { joined } from "./peers.ts";

/** Reports a request whose client closed before the request was complete and was passed to a handler. */
export type AbandonedReporter = (path: string, headers: IncomingHttpHeaders, tookMs: number) => void;

/** Reports abandoned requests of these endpoints' RPCs to observers. */
export function abandonedReporter(
  endpoints: readonly ({ readonly method: DescMethod } & Partial<Pick<Endpoint, "refused">>)[],
): AbandonedReporter {
  const paths = new Map(endpoints.map(({ method, refused }) => [`/${method.parent.typeName}/${method.name}`, refused]));
  return (path, headers, tookMs) => {
    const [pathname = ""] = path.split("?", 1);
    paths.get(pathname)?.(OVER, { get: (name) => joined(headers, name) }, tookMs);
  };
}
