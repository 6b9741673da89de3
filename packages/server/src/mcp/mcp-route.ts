import type { Handler } from "../carrier/handler.ts";
import { MCP_PATH, type McpHttpOptions, withMcp } from "./http.ts";
import type { OpenMcp } from "./open-mcp.ts";

/** Bounds and origins that all requests of a server share. */
export interface McpBounds extends Pick<McpHttpOptions, "peers" | "maxBytes" | "maxElements" | "masks" | "shed"> {
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
  /** Returns a handler that leaves all other paths to the given one. */
  before(handler: Handler, { corsOrigins, ...bounds }: McpBounds): Handler {
    const origins = new Set([...corsOrigins, ...(this.#publicUrl === undefined ? [] : [this.#publicUrl])]);
    const { peers, maxBytes, maxElements, masks, shed } = bounds;
    return withMcp({ ...this.#mcp, peers, maxBytes, maxElements, masks, shed, origins }, handler);
  }
}
