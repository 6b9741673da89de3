import { once } from "node:events";
import { type CapturedRequest, type CaptureHeader, Explorer, openAdmin } from "@protobff/server/capture";
import { CaptureError } from "../capture/capture-error.ts";
import type { World } from "../world/create-endpoints.ts";
import { CapturedReplays } from "./captured-replays.ts";

/** Requests of a capture that a page shows. */
interface PageContent {
  readonly world: World;
  readonly header: CaptureHeader;
  readonly requests: readonly CapturedRequest[];
  /** Prints one line. */
  readonly print: (line: string) => void;
  readonly error: (line: string) => void;
}

/** Only this machine reaches the page: answers of a capture contain personal data. */
const HOST = "127.0.0.1";

/**
 * Serves the live page with these requests, until the process receives SIGINT, SIGTERM or SIGHUP.
 *
 * @param port 0: a free one
 * @throws CaptureError if nothing can listen at the port
 */
export async function servePage(port: number, { print, error, ...content }: PageContent): Promise<0> {
  const { name, services, upstreams, types, plan } = content.world.declaration;
  const explorer = new Explorer({
    name,
    services,
    types,
    plan,
    upstreams: Object.values(upstreams),
    token: process.env.BFF_EXPLORER_TOKEN?.replace(/^none$/, "") || undefined,
    serverUrl: () => undefined,
    replays: new CapturedReplays(content),
  });
  const admin = await openAdmin({
    host: HOST,
    port,
    metrics: () => "",
    state: () => "ready",
    pages: [explorer],
    fault: (message, cause) => error(`${message}: ${cause}`),
  }).catch((thrown: Error) => {
    throw new CaptureError(`--page ${port}: ${thrown.message}; write another port, or 0 for a free one`);
  });
  print(`the live page is ${admin.url}/ until this command is stopped`);
  await Promise.race((["SIGINT", "SIGTERM", "SIGHUP"] as const).map((signal) => once(process, signal)));
  await admin.close();
  return 0;
}
