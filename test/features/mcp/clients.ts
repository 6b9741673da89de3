// Official TypeScript clients of a server of tools.
import {
  Client,
  type ClientCapabilities,
  type ElicitResult,
  StreamableHTTPClientTransport,
  type StreamableHTTPClientTransportOptions,
  type VersionNegotiationMode,
} from "@modelcontextprotocol/client";
import { onTestFinished } from "vitest";

export interface ClientSettings {
  readonly mode?: VersionNegotiationMode;
  /** Versions of a client that begins with `initialize`. */
  readonly versions?: readonly string[];
  readonly token?: string;
  /** Answers forms. Undefined: the client lacks the capability. */
  readonly form?: (message: string) => ElicitResult;
  readonly transport?: StreamableHTTPClientTransportOptions;
}

/** Returns a client that is not connected. */
export function clientOf({ mode = { pin: "2026-07-28" }, versions, form }: ClientSettings): Client {
  const capabilities: ClientCapabilities = form === undefined ? {} : { elicitation: { form: {} } };
  const client = new Client(
    { name: "test", version: "1" },
    {
      capabilities,
      versionNegotiation: { mode },
      ...(versions !== undefined && { supportedProtocolVersions: [...versions] }),
    },
  );
  if (form !== undefined) client.setRequestHandler("elicitation/create", ({ params }) => form(params.message));
  return client;
}

/** Returns a client over HTTP, connected until the test ends. */
export async function connected(url: string, settings: ClientSettings = {}): Promise<Client> {
  const { token, transport } = settings;
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const client = clientOf(settings);
  onTestFinished(() => client.close());
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers }, ...transport }));
  return client;
}

/** Texts of a result. */
export const textsOf = ({ content }: { readonly content: readonly { readonly type: string }[] }): string[] =>
  content.map((block) => ("text" in block ? String(block.text) : block.type));
