import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import {
  type ClientCapabilities,
  createProtocolConnection,
  DidChangeTextDocumentNotification,
  DidOpenTextDocumentNotification,
  ExitNotification,
  InitializedNotification,
  type InitializeParams,
  InitializeRequest,
  type InitializeResult,
  LogMessageNotification,
  type ProtocolConnection,
  PublishDiagnosticsNotification,
  type PublishDiagnosticsParams,
  ShutdownRequest,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-languageserver-protocol/node";

const COMMAND = process.env.PROTOBFF_COMMAND ?? fileURLToPath(new URL("../../../bin/protobff.js", import.meta.url));

/** An editor without a screen: the protocol's own client, connected to `protobff lsp` by its standard streams. */
export class Editor {
  readonly process: ChildProcess;
  readonly connection: ProtocolConnection;
  readonly #params: InitializeParams;
  #initialized: Promise<InitializeResult> | undefined;
  readonly #published: PublishDiagnosticsParams[] = [];
  readonly #waiting = new Set<() => void>();
  #version = 1;

  constructor(folder: string, initializationOptions: object = {}, capabilities: ClientCapabilities = {}) {
    this.process = spawn(process.execPath, [COMMAND, "lsp"], { stdio: ["pipe", "pipe", "inherit"] });
    const { stdin, stdout } = this.process;
    if (stdin === null || stdout === null) throw new Error("the process has no streams");
    this.connection = createProtocolConnection(new StreamMessageReader(stdout), new StreamMessageWriter(stdin));
    this.connection.onNotification(PublishDiagnosticsNotification.type, (params) => {
      this.#published.push(params);
      for (const wake of this.#waiting) wake();
    });
    this.connection.onNotification(LogMessageNotification.type, ({ message }) => console.error(message));
    this.connection.listen();
    const rootUri = pathToFileURL(folder).href;
    this.#params = { processId: process.pid, rootUri, capabilities, initializationOptions };
  }

  /** Sends `initialize`, once. */
  initialize(): Promise<InitializeResult> {
    this.#initialized ??= this.connection.sendRequest(InitializeRequest.type, this.#params);
    return this.#initialized;
  }

  async open(path: string, text = readFileSync(path, "utf8")): Promise<string> {
    await this.initialize();
    await this.connection.sendNotification(InitializedNotification.type, {});
    const uri = pathToFileURL(path).href;
    const textDocument = { uri, languageId: "proto", version: this.#version, text };
    await this.connection.sendNotification(DidOpenTextDocumentNotification.type, { textDocument });
    return uri;
  }

  async change(uri: string, text: string): Promise<void> {
    this.#version++;
    const textDocument = { uri, version: this.#version };
    await this.connection.sendNotification(DidChangeTextDocumentNotification.type, {
      textDocument,
      contentChanges: [{ text }],
    });
  }

  /** Resolves with the first diagnostics, published before or after the call, for which `test` holds. */
  async diagnostics(test: (params: PublishDiagnosticsParams) => boolean): Promise<PublishDiagnosticsParams> {
    for (;;) {
      const found = this.#published.find(test);
      if (found !== undefined) return found;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.add(resolve);
      await promise;
      this.#waiting.delete(resolve);
    }
  }

  get published(): readonly PublishDiagnosticsParams[] {
    return this.#published;
  }

  /** Forgets the diagnostics that were published. */
  forget(): void {
    this.#published.length = 0;
  }

  /** Ends the server as an editor does, and resolves with its exit code. */
  async end({ shutdown = true }: { readonly shutdown?: boolean } = {}): Promise<number> {
    const ended = once(this.process, "exit");
    if (shutdown) await this.connection.sendRequest(ShutdownRequest.type);
    await this.connection.sendNotification(ExitNotification.type);
    const [code] = await ended;
    this.connection.dispose();
    return Number(code);
  }
}
