// The start of the language server. buf runs while the modules of the compiler are loaded.

import {
  type Connection,
  ErrorCodes,
  ExitNotification,
  InitializeRequest,
  Message,
  type MessageStrategy,
  ResponseError,
  ShutdownRequest,
} from "vscode-languageserver";
import { createConnection } from "vscode-languageserver/node";
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

// The order of messages: `initialize`, others, `shutdown`, `exit` (LSP 3.17, "Lifecycle Messages").

/** Method of requests in place of one that comes too early or too late. */
const REFUSED = "protobff/refused";

/** Refuses requests before the answer to `initialize` and after `shutdown`, and drops notifications then. */
class Lifecycle implements MessageStrategy {
  #state: "new" | "starting" | "running" | "shut down" = "new";

  /** Registers the answer to refused requests. */
  listen(connection: Connection): void {
    connection.onRequest(REFUSED, ({ code, message }: { code: number; message: string }) => {
      throw new ResponseError(code, message);
    });
  }
  /** Admits requests from now on. */
  started(): void {
    this.#state = "running";
  }
  handleMessage(message: Message, next: (message: Message) => void): void {
    if (Message.isRequest(message)) {
      const params = this.#refusalOf(message.method);
      next(params === undefined ? message : ({ ...message, method: REFUSED, params } as Message));
    } else if (
      !Message.isNotification(message) ||
      this.#state === "running" ||
      message.method === ExitNotification.method
    )
      next(message);
  }
  #refusalOf(method: string): { readonly code: number; readonly message: string } | undefined {
    if (method === InitializeRequest.method && this.#state === "new") {
      this.#state = "starting";
      return undefined;
    }
    if (this.#state === "shut down") return { code: ErrorCodes.InvalidRequest, message: "the server is shut down" };
    if (this.#state !== "running")
      return { code: ErrorCodes.ServerNotInitialized, message: "the server is not initialized" };
    if (method === InitializeRequest.method)
      return { code: ErrorCodes.InvalidRequest, message: "the server is initialized already" };
    if (method === ShutdownRequest.method) this.#state = "shut down";
    return undefined;
  }
}
