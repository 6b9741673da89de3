import type { DescFile, DescService } from "@bufbuild/protobuf";
import type { ExplorerConfig } from "../config/config-telemetry.ts";
import { Explorer } from "../explorer/explorer.ts";
import type { Mock } from "../explorer/live.ts";

/** Parts of a server that the live page shows. */
export interface ExploredServer {
  readonly name: string;
  readonly services: readonly DescService[];
  readonly types?: readonly DescFile[] | undefined;
  readonly upstreams: Readonly<Record<string, DescService>>;
  readonly plan?: (() => Promise<readonly unknown[]>) | undefined;
  readonly mocks?: ReadonlyMap<string, Mock> | undefined;
  /** Returns the server's address, once it listens. */
  readonly serverUrl: () => string | undefined;
}

/** Opens the live page. */
export function openExplorer(explorer: ExplorerConfig, server: ExploredServer): Explorer {
  return new Explorer({
    ...server,
    token: explorer.token,
    callers: explorer.callers,
    upstreams: Object.values(server.upstreams),
  });
}
