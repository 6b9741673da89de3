// The start of the language server. buf runs while the modules of the compiler are loaded.
import { createConnection } from "vscode-languageserver/node";
import { Lifecycle } from "./lifecycle.ts";
import { startFirstBuilds } from "./workspace/first-builds.ts";
import { boundHeap } from "./workspace/heap.ts";

/** Serves one editor, which sends `initialize` first. */
export function startServer(input: NodeJS.ReadableStream, output: NodeJS.WritableStream): void {
  boundHeap();
  const lifecycle = new Lifecycle();
  const connection = createConnection(input, output, { messageStrategy: lifecycle });
  lifecycle.listen(connection);
  connection.onInitialize(async (params) => {
    const { rootUri, workspaceFolders } = params;
    const named = (workspaceFolders ?? []).map(({ uri }) => uri);
    const folders = named.length === 0 && typeof rootUri === "string" ? [rootUri] : named;
    const builds = startFirstBuilds(folders);
    const { serveEditor } = await import("./server.ts");
    const answer = serveEditor(connection, params, folders, builds);
    lifecycle.started();
    return answer;
  });
  connection.listen();
}
