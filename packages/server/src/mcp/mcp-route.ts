import type { Handler } from "../carrier/handler.ts";
import { MCP_PATH, McpPath, type McpPathOptions } from "./mcp-path.ts";
import type { OpenMcp } from "./open-mcp.ts";

/** Bounds and origins that all requests of a server share. */
export interface McpBounds extends Omit<McpPathOptions, "server" | "resource" | "origins" | "hasCors"> {
  readonly corsOrigins: readonly string[];
}

/** `/mcp` of a server, which loads nothing of it without tools. */
export class McpRoute {
  readonly #mcp: OpenMcp;
  readonly #publicUrl: string | undefined;

  constructor(mcp: OpenMcp, publicUrl: string | undefined) {
    this.#mcp = mcp;
    this.#publicUrl = publicUrl;
  }
  get paths(): readonly string[] {
    return [MCP_PATH, ...(this.#mcp.metadata?.paths ?? [])];
  }
  /** As of `OpenMcp`. */
  drain(): void {
    this.#mcp.drain();
  }
  /** Returns what serves `/mcp`. */
  path({ corsOrigins, ...bounds }: McpBounds): McpPath {
    const { server, metadata } = this.#mcp;
    const origins = new Set([...corsOrigins, ...(this.#publicUrl === undefined ? [] : [this.#publicUrl])]);
    const hasCors = corsOrigins.length > 0;
    return new McpPath({ ...bounds, server, resource: metadata?.resource, origins, hasCors });
  }
  /** Returns a handler of the protected resource's metadata, which leaves all other paths to the given one. */
  before(handler: Handler): Handler {
    const { metadata } = this.#mcp;
    if (metadata === undefined) return handler;
    return (request, response) => {
      if (metadata.paths.includes(request.url?.split("?", 1)[0] ?? "")) metadata.serve(request, response);
      else handler(request, response);
    };
  }
}
