// Tools for agents (MCP): a process without them loads nothing of it.
import type { DescFile, DescService, Message } from "@bufbuild/protobuf";
import type { Endpoint } from "@protobff/runtime/internal/endpoint/endpoint-options";
import { type ConfigFault, type Environment, EnvReader } from "@protobff/runtime/internal/environment/env-reader";
import type { ServerFault } from "@protobff/runtime/internal/environment/server-fault";
import { typesOf } from "@protobff/runtime/internal/http-rule/types-of";
import type { Identity } from "@protobff/runtime/internal/identity/identity";
import type { IdentitySpec } from "@protobff/runtime/internal/identity/spec";
import type { Observer } from "@protobff/runtime/internal/observer";
import type { StreamEndpoint } from "@protobff/runtime/internal/stream/stream-endpoint";
import { isStdio, STDIO } from "../config/stdio.ts";
import type { McpRoute } from "../mcp/mcp-route.ts";
import type { McpConfig, OpenMcp } from "../mcp/open-mcp.ts";
import type { Tool } from "../mcp/tool.ts";

/** Loads the tools of a package, as generated code exports them. */
export type LoadTools = () => Promise<readonly Tool<never, never>[]>;

/** Returns the tools with their configuration. Undefined without tools, or with `BFF_MCP=false`. */
export async function declaredTools(
  source: Environment,
  load: LoadTools | undefined,
  identity: Pick<IdentitySpec, "issuers"> | undefined,
): Promise<{ readonly config?: McpConfig; readonly faults: readonly ConfigFault[] }> {
  const faults: ConfigFault[] = [];
  if (load === undefined) {
    const problem = "is not possible, for this server has no tools";
    if (isStdio(process)) faults.push({ variable: STDIO, problem, remedy: "an rpc with the option tool" });
    return { faults };
  }
  if (!new EnvReader(source, faults).bool("BFF_MCP", "true")) return { faults };
  const { readMcpConfig } = await import("../mcp/open-mcp.ts");
  // Generated functions receive the principal and the environment of their package.
  const tools = (await load()) as unknown as readonly Tool<Message, unknown>[];
  const read = await readMcpConfig(source, tools, identity?.issuers ?? []);
  return { config: read.config, faults: [...faults, ...read.faults] };
}

/** Parts of a process that tools need. */
interface ToolParts {
  readonly name: string;
  readonly endpoints: readonly (Endpoint | StreamEndpoint)[];
  readonly services: readonly DescService[];
  readonly types: readonly DescFile[] | undefined;
  readonly identity: Identity<Message> | undefined;
  readonly env: unknown;
  readonly observer: Pick<Observer, "audit"> | undefined;
  readonly fault: ServerFault;
  readonly basePath?: string;
}

/** Opens the route of the tools. */
export async function openTools(config: McpConfig, parts: ToolParts): Promise<McpRoute> {
  const { McpRoute } = await import("../mcp/mcp-route.ts");
  return new McpRoute(await opened(config, parts), config.publicUrl);
}
async function opened(config: McpConfig, parts: ToolParts): Promise<OpenMcp> {
  const { openMcp } = await import("../mcp/open-mcp.ts");
  return openMcp(config, { ...parts, registry: typesOf(parts.services, parts.types ?? []) });
}

/** Serves the tools over standard input and output until the input ends. */
export async function serveStdioTools(
  config: McpConfig,
  parts: ToolParts,
  bounds: { readonly maxBytes: number; readonly graceMs: number },
): Promise<void> {
  const [mcp, { serveStdio }] = [await opened(config, parts), await import("../mcp/stdio.ts")];
  const write = (text: string): unknown => process.stdout.write(text);
  await serveStdio({ mcp, input: process.stdin, write, headers: config.headers, ...bounds });
  mcp.close();
}
