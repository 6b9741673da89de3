// The probes of orchestrators, and plain-text answers.
import type { Handler } from "../carrier/handler.ts";
import { readyAnswer } from "../overload/load.ts";
import type { Readiness } from "./readiness.ts";

/** The paths of the probes. */
export const PROBES = ["/healthz", "/readyz"];

/** Serves `/healthz`, ok while the process answers, and `/readyz`, ok while it accepts requests and can verify callers. */
export function withProbes(readiness: Readiness, handler: Handler): Handler {
  return (request, response) => {
    switch (request.url?.split("?", 1)[0]) {
      case "/healthz":
        return answer(response, 200, "ok\n");
      case "/readyz": {
        const { status, body } = readyAnswer(readiness.state, readiness.load);
        return answer(response, status, body);
      }
      default:
        return handler(request, response);
    }
  };
}

/** The common part of responses of HTTP/1.1 and HTTP/2. */
interface Answerable {
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  end(text: string): unknown;
}

/** Ends a response with a text that nothing stores. */
export function answer(response: Answerable, status: number, text: string): void {
  response.statusCode = status;
  response.setHeader("content-type", "text/plain; charset=utf-8");
  response.setHeader("cache-control", "no-store");
  response.end(text);
}
