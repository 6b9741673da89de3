// The metadata of a protected resource (RFC 9728), from which clients learn where callers log in.

import type { ServerRequest, ServerResponse } from "../carrier/handler.ts";
import { answer } from "../services/probes.ts";

interface ResourceOptions {
  /** Address of the server: its origin, and the path below which it is reached. */
  readonly publicUrl: string;
  /** Issuers of the tokens that the server accepts. */
  readonly issuers: readonly string[];
  readonly scopes: readonly string[];
}

export const WELL_KNOWN = "/.well-known/oauth-protected-resource";

export class ResourceMetadata {
  /** Path of the metadata: the resource's path follows the well-known one (RFC 9728, 3.1). */
  readonly paths = [`${WELL_KNOWN}/mcp`, WELL_KNOWN];
  /** URL of the protected resource, which is an audience of its tokens (RFC 8707). */
  readonly resource: string;
  readonly #url: string;
  readonly #json: string;

  constructor({ publicUrl, issuers, scopes }: ResourceOptions) {
    this.resource = `${publicUrl}/mcp`;
    this.#url = `${publicUrl}${WELL_KNOWN}/mcp`;
    this.#json = JSON.stringify({
      resource: this.resource,
      authorization_servers: issuers,
      scopes_supported: scopes,
      bearer_methods_supported: ["header"],
    });
  }
  /** Returns the value of `www-authenticate` (RFC 9728, 5.1; RFC 6750, 3). */
  challenge(error?: string, scopes: readonly string[] = []): string {
    return [
      `Bearer resource_metadata="${this.#url}"`,
      ...(error === undefined ? [] : [`error="${error}"`]),
      ...(scopes.length === 0 ? [] : [`scope="${scopes.join(" ")}"`]),
    ].join(", ");
  }
  serve(request: ServerRequest, response: ServerResponse): void {
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.setHeader("allow", "GET, HEAD");
      answer(response, 405, "this path takes GET\n");
      return;
    }
    response.statusCode = 200;
    response.setHeader("content-type", "application/json");
    response.setHeader("access-control-allow-origin", "*");
    response.setHeader("cache-control", "max-age=300");
    response.end(request.method === "HEAD" ? "" : this.#json);
  }
}
