// The client of `protobff lsp` for VS Code, and a view of plans.
import { commands, EventEmitter, Uri, window, workspace } from "vscode";
import { LanguageClient } from "vscode-languageclient/node";

const PLAN = Uri.parse("protobff-plan:Plan.md");

/** Starts the server. VS Code calls it once. */
export async function activate(context) {
  const settings = workspace.getConfiguration("protobff");
  const [command, ...args] = settings.get("command");
  const cwd = workspace.workspaceFolders?.[0]?.uri.fsPath;
  const client = new LanguageClient(
    "protobff",
    { command, args, options: { cwd, shell: process.platform === "win32" } },
    {
      documentSelector: [{ scheme: "file", language: "proto" }],
      initializationOptions: { diagnostics: settings.get("diagnostics") },
    },
  );
  const view = new PlanView(client);
  context.subscriptions.push(
    client,
    workspace.registerTextDocumentContentProvider(PLAN.scheme, view),
    commands.registerCommand("protobff.openPlan", () => view.open()),
    client.onNotification("protobff/planChanged", () => view.refresh()),
  );
  await client.start();
}

/** The plan of one rpc as a page beside the text. */
class PlanView {
  #client;
  #place;
  #markdown = "";
  #changed = new EventEmitter();
  onDidChange = this.#changed.event;

  constructor(client) {
    this.#client = client;
  }

  provideTextDocumentContent() {
    return this.#markdown;
  }

  async open() {
    const editor = window.activeTextEditor;
    if (editor === undefined) return;
    const { line, character } = editor.selection.active;
    this.#place = { uri: editor.document.uri.toString(), position: { line, character } };
    if (await this.refresh()) await commands.executeCommand("markdown.showPreviewToSide", PLAN);
    else await window.showInformationMessage("Place the cursor in an RPC, or in a message that an RPC returns.");
  }

  /** Requests the plan again, and returns true if it exists. */
  async refresh() {
    if (this.#place === undefined) return false;
    const request = { command: "protobff.showPlan", arguments: [this.#place] };
    const plan = await this.#client.sendRequest("workspace/executeCommand", request);
    if (plan === null) return false;
    this.#markdown = plan.markdown;
    this.#changed.fire(PLAN);
    return true;
  }
}
