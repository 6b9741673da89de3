// Serves page.html on a separate origin, as a real site does.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface Page {
  /** `http://127.0.0.1:<port>`: whose scripts the BFF has to let call. */
  readonly origin: string;
  close(): Promise<void>;
}

export async function startPage(): Promise<Page> {
  const html = readFileSync(new URL("page.html", import.meta.url));
  const server = createServer((_, response) => {
    response.setHeader("content-type", "text/html; charset=utf-8");
    response.end(html);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
