import type { Handler } from "../carrier/handler.ts";
import { isKnownMethod } from "../requests/known-methods.ts";
import { answer } from "./probes.ts";

/** Answers 501 to methods that no path has (RFC 9110, 9.1). */
export function withKnownMethods(handler: Handler): Handler {
  return (request, response) =>
    isKnownMethod(request.method)
      ? handler(request, response)
      : answer(response, 501, "this server has no such method\n");
}
