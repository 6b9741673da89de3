import type { Handler } from "../carrier/handler.ts";
import { answer } from "./probes.ts";

const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** Whether a server knows this method of HTTP: others are 501 at any path, and not 405 (RFC 9110, 9.1). */
export const isKnownMethod = (method = ""): boolean => METHODS.has(method);

/** Answers methods that no path has. */
export function withKnownMethods(handler: Handler): Handler {
  return (request, response) =>
    isKnownMethod(request.method)
      ? handler(request, response)
      : answer(response, 501, "this server has no such method\n");
}
