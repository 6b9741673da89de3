// The language server: requests of an editor, answered from the last compilation of its project.
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { tryRead } from "protoc-gen-bff/compiler";
import {
  type Connection,
  DidChangeWatchedFilesNotification,
  type InitializeParams,
  type InitializeResult,
  LSPErrorCodes,
  type Position,
  ResponseError,
  type ServerCapabilities,
  TextDocumentSyncKind,
  TextDocuments,
} from "vscode-languageserver";
import { TextDocument } from "vscode-languageserver-textdocument";
import { rootOf } from "../project/buf.ts";
import { actions } from "./features/actions.ts";
import { complete } from "./features/completion.ts";
import { inlayHints } from "./features/hints.ts";
import { hover } from "./features/hover.ts";
import type { ModulesWith } from "./features/members.ts";
import { definition, references } from "./features/places.ts";
import { planAt } from "./features/plan.ts";
import { prepareRename, RenameRefusal, rename } from "./features/rename.ts";
import { semanticTokens, TOKEN_TYPES } from "./features/tokens.ts";
import { type Program, type SourceFile, sourceFile } from "./program/program.ts";
import type { FirstBuilds } from "./workspace/first-builds.ts";
import { modulesWith } from "./workspace/modules.ts";
import { type Outcome, Project } from "./workspace/project.ts";
import { Publisher } from "./workspace/publisher.ts";

/** Larger documents have no features. */
const MAX_CHARACTERS = 2_000_000;
const MAX_DOCUMENTS = 200;
const MAX_PROJECTS = 8;
/** Time without a change before a text is compiled, in milliseconds. */
const QUIET_MS = 150;
/** Files whose changes outside of the editor change diagnostics. */
const WATCHED = ["**/*.proto", "**/{buf.yaml,buf.gen.yaml,bff.lock.json}"];
const SHOW_PLAN = "protobff.showPlan";

/** Serves one editor until the connection ends. Returns the answer to its `initialize`. */
export function serveEditor(
  connection: Connection,
  params: InitializeParams,
  folders: readonly string[],
  builds: FirstBuilds,
): InitializeResult {
  return new LanguageServer(connection, folders, builds).listen(params);
}

class LanguageServer {
  readonly #connection: Connection;
  readonly #documents = new TextDocuments(TextDocument);
  readonly #projects = new Map<string, Project>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #files = new WeakMap<TextDocument, { readonly version: number; readonly file: SourceFile }>();
  readonly #folders: readonly string[];
  readonly #builds: FirstBuilds;
  /** True if the editor can request hints again. */
  #refreshes = false;
  readonly #publisher: Publisher;

  constructor(connection: Connection, folders: readonly string[], builds: FirstBuilds) {
    this.#connection = connection;
    this.#folders = folders;
    this.#builds = builds;
    this.#publisher = new Publisher(connection);
  }

  listen({ initializationOptions, capabilities }: InitializeParams): InitializeResult {
    const connection = this.#connection;
    this.#refreshes = capabilities.workspace?.inlayHint?.refreshSupport === true;
    const diagnostics: unknown = initializationOptions?.diagnostics;
    if (diagnostics === "always" || diagnostics === "never") this.#publisher.publishing = diagnostics;
    // The first document then finds a program.
    connection.onInitialized(() => {
      this.#warmUp();
      if (capabilities.workspace?.didChangeWatchedFiles?.dynamicRegistration !== true) return;
      const watchers = WATCHED.map((globPattern) => ({ globPattern }));
      void connection.client.register(DidChangeWatchedFilesNotification.type, { watchers }).catch(() => {});
    });
    connection.onExit(() => this.#stop());
    connection.onShutdown(() => this.#stop());
    this.#answerPlaces();
    this.#answerTexts();
    // Each opened document is reported as changed, too.
    const opened = new WeakSet<TextDocument>();
    this.#documents.onDidOpen(({ document }) => {
      opened.add(document);
      this.#schedule(document, "open");
    });
    this.#documents.onDidChangeContent(({ document }) => {
      if (!opened.delete(document)) this.#schedule(document, "change");
    });
    // A closed document has the text on disk again, if its file still exists.
    this.#documents.onDidClose(({ document }) => this.#schedule(document, "change"));
    connection.onDidChangeWatchedFiles(({ changes }) => {
      for (const { uri } of changes) this.#schedule({ uri }, "change");
    });
    this.#documents.onDidSave(({ document }) => this.#schedule(document, "save"));
    this.#documents.listen(connection);
    return { capabilities: CAPABILITIES, serverInfo: { name: "protobff" } };
  }

  #answerPlaces(): void {
    const connection = this.#connection;
    connection.onCompletion(({ textDocument, position }) =>
      this.#at(textDocument.uri, position, complete, { isIncomplete: false, items: [] }),
    );
    connection.onHover(({ textDocument, position }) => this.#at(textDocument.uri, position, hover, undefined));
    connection.onDefinition(({ textDocument, position }) =>
      this.#at(textDocument.uri, position, (...at) => definition(...at, this.#modulesIn(textDocument.uri)).slice(), []),
    );
    connection.onReferences(({ textDocument, position, context }) =>
      this.#at(
        textDocument.uri,
        position,
        (...at) => references(...at, context.includeDeclaration, this.#modulesIn(textDocument.uri)).slice(),
        [],
      ),
    );
    connection.onPrepareRename(({ textDocument, position }) =>
      this.#at(textDocument.uri, position, (...at) => refusable(() => prepareRename(...at)), undefined),
    );
    connection.onRenameRequest(async ({ textDocument, position, newName }) => {
      await this.#compileNow(textDocument.uri);
      const { uri } = textDocument;
      return this.#at(uri, position, (...at) => refusable(() => this.#renamed(uri, at, newName)), undefined);
    });
    connection.onExecuteCommand(async ({ command, arguments: [at] = [] }) => {
      if (command !== SHOW_PLAN || !isPlace(at)) return null;
      return (await this.#at(at.uri, at.position, planAt, undefined)) ?? null;
    });
  }

  #answerTexts(): void {
    const connection = this.#connection;
    connection.languages.semanticTokens.on(({ textDocument }) =>
      this.#in(textDocument.uri, (program, file) => semanticTokens(program, file), { data: [] }),
    );
    connection.languages.inlayHint.on(({ textDocument, range }) =>
      this.#in(
        textDocument.uri,
        (program, file) =>
          inlayHints(program, file, file.document.offsetAt(range.start), file.document.offsetAt(range.end)),
        [],
      ),
    );
    connection.onCodeAction(({ textDocument, context }) =>
      this.#in(textDocument.uri, (program, file) => actions(program, file, context.diagnostics), []),
    );
  }

  #modulesIn(uri: string): ModulesWith {
    const root = this.#projectOf(uri)?.root;
    return (word) => (root === undefined ? [] : modulesWith(root, word));
  }

  #renamed(uri: string, [program, file, offset]: readonly [Program, SourceFile, number], name: string) {
    return rename(program, file, offset, name, {
      isChanged: (changed) => this.#isChanged(program, changed),
      modulesWith: this.#modulesIn(uri),
    });
  }

  /** True if a document is not the text that the program was compiled from. */
  #isChanged(program: Program, uri: string): boolean {
    const document = this.#documents.get(uri);
    const name = this.#projectOf(uri)?.nameOf(pathOf(uri));
    return (
      document !== undefined && name !== undefined && program.files(name)?.document.getText() !== document.getText()
    );
  }

  /**
   * Answers a request about a place, after the first compilation. Without a program, or after a fault of this server,
   * it returns `nothing`.
   */
  #at<T>(
    uri: string,
    position: Position,
    answer: (program: Program, file: SourceFile, offset: number) => T,
    nothing: T,
  ): Promise<T> {
    return this.#in(uri, (program, file) => answer(program, file, file.document.offsetAt(position)), nothing);
  }

  async #in<T>(uri: string, answer: (program: Program, file: SourceFile) => T, nothing: T): Promise<T> {
    const project = this.#projectOf(uri);
    if (this.#documents.get(uri) !== undefined) await project?.ready;
    const document = this.#documents.get(uri);
    const name = project?.nameOf(pathOf(uri));
    const { program } = project ?? {};
    if (document === undefined || program === undefined || name === undefined) return nothing;
    if (document.getText().length > MAX_CHARACTERS) return nothing;
    try {
      return answer(program, this.#parsed(document, name));
    } catch (thrown) {
      if (thrown instanceof ResponseError) throw thrown;
      this.#failed(thrown);
      return nothing;
    }
  }

  #parsed(document: TextDocument, name: string): SourceFile {
    const known = this.#files.get(document);
    if (known?.version === document.version) return known.file;
    const file = sourceFile(name, document);
    this.#files.set(document, { version: document.version, file });
    return file;
  }

  #projectOf(uri: string): Project | undefined {
    if (!uri.startsWith("file:")) return undefined;
    const root = rootOf(dirname(pathOf(uri)));
    if (root === undefined) return undefined;
    const known = this.#projects.get(root);
    if (known !== undefined || this.#projects.size >= MAX_PROJECTS) return known;
    const project: Project = new Project(
      root,
      {
        open: () => this.#open(),
        found: (early, name) => this.#publisher.publishEarly(project, early, name),
        ended: (outcome) => this.#publish(project, outcome),
        failed: (thrown) => this.#failed(thrown),
      },
      this.#builds.get(root),
    );
    this.#projects.set(root, project);
    return project;
  }

  #schedule({ uri }: Pick<TextDocument, "uri">, on: "change" | "open" | "save"): void {
    const project = this.#projectOf(uri);
    if (project === undefined) return;
    clearTimeout(this.#timers.get(project.root));
    const compile = async (): Promise<void> => {
      this.#timers.delete(project.root);
      const path = pathOf(uri);
      await project.compile(path, on !== "open" || this.#open().get(path) !== tryRead(path));
      if (on === "save") void this.#connection.sendNotification("protobff/planChanged", { uri });
    };
    this.#timers.set(project.root, setTimeout(compile, on === "change" ? QUIET_MS : 0));
  }

  /** Resolves after changes that wait for their time are compiled. */
  async #compileNow(uri: string): Promise<void> {
    const project = this.#projectOf(uri);
    const timer = project && this.#timers.get(project.root);
    if (project === undefined || timer === undefined) return project?.settled;
    clearTimeout(timer);
    this.#timers.delete(project.root);
    return project.compile();
  }

  #publish(project: Project, outcome: Outcome): void {
    this.#publisher.publish(project, outcome);
    if (this.#refreshes) void this.#connection.languages.inlayHint.refresh().catch(() => {});
  }

  #open(): ReadonlyMap<string, string> {
    const all = this.#documents.all().filter(({ uri }) => uri.startsWith("file:"));
    return new Map(
      all
        .filter((document) => document.getText().length <= MAX_CHARACTERS)
        .slice(0, MAX_DOCUMENTS)
        .map((document) => [pathOf(document.uri), document.getText()]),
    );
  }

  /** Reports a bug of this server to the editor's log. The server continues. */
  #failed(thrown: unknown): void {
    const trace = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    this.#connection.console.error(`protobff lsp failed because of a bug in it, please report it:\n${trace}`);
  }

  #warmUp(): void {
    for (const uri of this.#folders) this.#schedule({ uri: `${uri}/buf.yaml` }, "open");
  }

  #stop(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }
}

const CAPABILITIES: ServerCapabilities = {
  textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental, save: true },
  completionProvider: { triggerCharacters: [".", '"', "'", "{", "/", "("] },
  hoverProvider: true,
  definitionProvider: true,
  referencesProvider: true,
  renameProvider: { prepareProvider: true },
  codeActionProvider: { codeActionKinds: ["quickfix"] },
  semanticTokensProvider: { legend: { tokenTypes: [...TOKEN_TYPES], tokenModifiers: [] }, full: true },
  inlayHintProvider: true,
  executeCommandProvider: { commands: [SHOW_PLAN] },
};

/** Turns a refusal into the answer of the protocol. */
function refusable<T>(answer: () => T): T {
  try {
    return answer();
  } catch (thrown) {
    if (thrown instanceof RenameRefusal) throw new ResponseError(LSPErrorCodes.RequestFailed, thrown.message);
    throw thrown;
  }
}

const pathOf = (uri: string): string => fileURLToPath(uri);

function isPlace(value: unknown): value is { readonly uri: string; readonly position: Position } {
  if (typeof value !== "object" || value === null || !("uri" in value) || !("position" in value)) return false;
  const { uri, position } = value;
  return typeof uri === "string" && typeof position === "object" && position !== null && "line" in position;
}
