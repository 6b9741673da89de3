// Requests that were never whole, reported to observers.
import type { IncomingHttpHeaders } from "node:http";
import type { DescMethod } from "@bufbuild/protobuf";
import type { Endpoint } from "@protobff/runtime/internal/endpoint/endpoint-options";
import { OVER } from "@protobff/runtime/internal/failure";
import { joined } from "./peers.ts";

/** Reports a request whose client has gone before the request had come whole, and was given to anybody. */
export type AbandonedReporter = (path: string, headers: IncomingHttpHeaders, tookMs: number) => void;

/** Tells observers of those whose rpc is one of these endpoints'. */
export function abandonedReporter(
  endpoints: readonly ({ readonly method: DescMethod } & Partial<Pick<Endpoint, "refused">>)[],
): AbandonedReporter {
  const paths = new Map(endpoints.map(({ method, refused }) => [`/${method.parent.typeName}/${method.name}`, refused]));
  return (path, headers, tookMs) => {
    const [asked = ""] = path.split("?", 1);
    paths.get(asked)?.(OVER, { get: (name) => joined(headers, name) }, tookMs);
  };
}
