import type { Handler } from "../carrier/handler.ts";
import { ALL_METHODS, isKnownMethod } from "../requests/known-methods.ts";
import { answer } from "./probes.ts";

/** Answers 501 to methods that no path has (RFC 9110, 9.1), and lists all others for `OPTIONS *` (9.3.7). */
export function withKnownMethods(handler: Handler): Handler {
  return (request, response) => {
    if (!isKnownMethod(request.method)) answer(response, 501, "this server has no such method\n");
    else if (request.method === "OPTIONS" && request.url === "*") {
      response.statusCode = 204;
      response.setHeader("allow", ALL_METHODS);
      response.end();
    } else handler(request, response);
  };
}
