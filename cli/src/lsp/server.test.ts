// `protobff lsp` as an editor sees it: the protocol's own client over standard input and output.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  CodeActionRequest,
  CompletionRequest,
  DidChangeWatchedFilesNotification,
  DidCloseTextDocumentNotification,
  DidSaveTextDocumentNotification,
  ExecuteCommandRequest,
  FileChangeType,
  HoverRequest,
  InitializedNotification,
  InitializeRequest,
  PrepareRenameRequest,
  type PublishDiagnosticsParams,
  type RegistrationParams,
  RegistrationRequest,
  RenameRequest,
  ShutdownRequest,
} from "vscode-languageserver-protocol/node";
import { Editor } from "./testing/editor.ts";

const PROTO = fileURLToPath(new URL("../../../proto", import.meta.url));
const WEB = "proto/example/web/v1/web.proto";

const OTHER = `syntax = "proto3";
package web.v1;
import "bff/v1/options.proto";
service OtherService {
  option (bff.v1.service) = {};
  rpc GetOther(GetOtherRequest) returns (Other) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetOtherRequest {}
message Other { string name = 1 [(bff.v1.field).by = "nothing"]; }
`;

let root: string;
let editor: Editor | undefined;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "protobff-editor-"));
  cpSync(PROTO, join(root, "proto"), { recursive: true });
  writeFileSync(
    join(root, "buf.yaml"),
    "version: v2\nmodules:\n  - path: proto/example\n  - path: proto/third_party\n  - path: proto\n    includes: [proto/bff]\n",
  );
  writeFileSync(join(root, "buf.gen.yaml"), "version: v2\nplugins:\n  - local: protoc-gen-bff\n    out: gen\n");
});
afterEach(() => {
  editor?.process.kill();
  editor = undefined;
  rmSync(root, { recursive: true, force: true });
});

const path = (): string => join(root, WEB);
const text = (): string => readFileSync(path(), "utf8");
function position(all: string, mark: string, more: number) {
  const lines = all.slice(0, all.indexOf(mark) + more).split("\n");
  return { line: lines.length - 1, character: lines.at(-1)?.length ?? 0 };
}

test("a session: diagnostics of unsaved text, completion in broken text, hover, rename, the plan after a save", async () => {
  editor = new Editor(root);
  const { capabilities } = await editor.initialize();
  expect(capabilities).toMatchObject({
    hoverProvider: true,
    renameProvider: { prepareProvider: true },
    inlayHintProvider: true,
  });
  const right = text();
  const uri = await editor.open(path(), right.replace("usage.spent_cents", "usage.spnt_cents"));
  const found = await editor.diagnostics((params) => params.uri === uri && params.diagnostics.length > 0);
  expect(found.diagnostics).toMatchObject([
    { code: "BFF303", source: "protobff", range: { start: position(right, "usage.spent_cents", 6) } },
  ]);
  editor.forget();
  await editor.change(uri, right);
  await editor.diagnostics((params) => params.uri === uri && params.diagnostics.length === 0);

  const broken = right.replace('"usage.spent_cents"', '"usage.');
  await editor.change(uri, broken);
  const { connection } = editor;
  const at = { textDocument: { uri }, position: position(broken, '"usage.', 7) };
  const list = await connection.sendRequest(CompletionRequest.type, at);
  expect(JSON.stringify(list)).toContain('"label":"spent_cents"');
  const faults = await editor.diagnostics(({ diagnostics: [first] }) => first?.source === "buf");
  expect(new Set(faults.diagnostics.map(({ source }) => source))).toEqual(new Set(["buf"]));
  // The last program that buf could build answers.
  const hovered = await connection.sendRequest(HoverRequest.type, {
    textDocument: { uri },
    position: position(broken, "unread.count", 2),
  });
  expect(JSON.stringify(hovered)).toContain("step unread");
  const refused = connection.sendRequest(RenameRequest.type, {
    textDocument: { uri },
    position: position(broken, "unread.count", 2),
    newName: "count",
  });
  await expect(refused).rejects.toThrow("correct its faults, then rename");

  editor.forget();
  const misspelt = right.replace("(bff.v1.field).by", "(bff.v1.field).byy");
  await editor.change(uri, misspelt);
  const { diagnostics } = await editor.diagnostics(({ diagnostics: [first] }) => /byy/.test(String(first?.message)));
  expect(diagnostics).toMatchObject([
    { source: "buf", message: '"byy" is no option of FieldRule\nhint: did you mean "by"?', severity: 1 },
  ]);
  const range = diagnostics[0]!.range;
  const context = { diagnostics };
  const fixes = await connection.sendRequest(CodeActionRequest.type, { textDocument: { uri }, range, context });
  expect(fixes).toMatchObject([
    { title: 'did you mean "by"?', edit: { changes: { [uri]: [{ range, newText: "by" }] } } },
  ]);

  await editor.change(uri, right);
  const saved = new Promise((resolve) => connection.onNotification("protobff/planChanged", resolve));
  await connection.sendNotification(DidSaveTextDocumentNotification.type, { textDocument: { uri } });
  expect(await saved).toEqual({ uri });
  const plan = await connection.sendRequest(ExecuteCommandRequest.type, {
    command: "protobff.showPlan",
    arguments: [{ uri, position: position(right, "rpc GetDashboard", 6) }],
  });
  expect(plan).toMatchObject({ rpc: "web.v1.DashboardService/GetDashboard" });
  expect(await editor.end()).toBe(0);
}, 120_000);

test("requests before initialize, a second initialize, and requests after shutdown are refused", async () => {
  editor = new Editor(root);
  const { connection } = editor;
  const at = { textDocument: { uri: pathToFileURL(path()).href }, position: { line: 0, character: 0 } };
  await expect(connection.sendRequest(HoverRequest.type, at)).rejects.toMatchObject({ code: -32002 });
  await editor.initialize();
  const again = connection.sendRequest(InitializeRequest.type, { processId: null, rootUri: null, capabilities: {} });
  await expect(again).rejects.toMatchObject({ code: -32600 });
  await connection.sendRequest(ShutdownRequest.type);
  for (const type of [HoverRequest.type, CompletionRequest.type, ShutdownRequest.type, "no/request"])
    await expect(connection.sendRequest(type as string, at)).rejects.toMatchObject({ code: -32600 });
  expect(await editor.end({ shutdown: false })).toBe(0);
}, 120_000);

test("diagnostics of unsaved text go when the document is closed, and those of a deleted file with the file", async () => {
  editor = new Editor(root, {}, { workspace: { didChangeWatchedFiles: { dynamicRegistration: true } } });
  const { connection } = editor;
  const registered = new Promise<RegistrationParams>((resolve) => {
    connection.onRequest(RegistrationRequest.type, (params) => resolve(params));
  });
  const isGone = (uri: string) => (params: PublishDiagnosticsParams) =>
    params.uri === uri && params.diagnostics.length === 0;
  const uri = await editor.open(path(), text().replace("usage.spent_cents", "usage.spnt_cents"));
  await editor.diagnostics((params) => params.uri === uri && params.diagnostics.length > 0);
  editor.forget();
  await connection.sendNotification(DidCloseTextDocumentNotification.type, { textDocument: { uri } });
  await editor.diagnostics(isGone(uri));

  const { registrations } = await registered;
  expect(registrations).toMatchObject([{ method: "workspace/didChangeWatchedFiles" }]);
  const other = join(root, "proto/example/web/v1/other.proto");
  const otherUri = pathToFileURL(other).href;
  const changed = (type: FileChangeType) =>
    connection.sendNotification(DidChangeWatchedFilesNotification.type, { changes: [{ uri: otherUri, type }] });
  writeFileSync(other, OTHER);
  await changed(FileChangeType.Created);
  const { diagnostics } = await editor.diagnostics(
    (params) => params.uri === otherUri && params.diagnostics.length > 0,
  );
  expect(diagnostics).toMatchObject([{ code: "BFF302" }]);
  editor.forget();
  rmSync(other);
  await changed(FileChangeType.Deleted);
  await editor.diagnostics(isGone(otherUri));
}, 120_000);

test("no diagnostics beside the check plugin, unless the editor requests them", async () => {
  const config = join(root, "buf.yaml");
  writeFileSync(config, `${readFileSync(config, "utf8")}plugins:\n  - plugin: buf-plugin-bff\n`);
  const wrong = text().replace("usage.spent_cents", "usage.spnt_cents");
  editor = new Editor(root);
  const uri = await editor.open(path(), wrong);
  const { connection } = editor;
  const saved = new Promise((resolve) => connection.onNotification("protobff/planChanged", resolve));
  await connection.sendNotification(DidSaveTextDocumentNotification.type, { textDocument: { uri } });
  await saved;
  expect(editor.published).toEqual([]);
  expect(await editor.end()).toBe(0);
  editor = new Editor(root, { diagnostics: "always" });
  const again = await editor.open(path(), wrong);
  await editor.diagnostics((params) => params.uri === again && params.diagnostics.length > 0);
}, 120_000);

test("files outside of a project have empty answers, and an end without shutdown is exit code 1", async () => {
  const alone = join(tmpdir(), "alone.proto");
  editor = new Editor(tmpdir());
  const uri = await editor.open(alone, 'syntax = "proto3";');
  const list = await editor.connection.sendRequest(CompletionRequest.type, {
    textDocument: { uri },
    position: { line: 0, character: 3 },
  });
  expect(list).toEqual({ isIncomplete: false, items: [] });
  expect(await editor.end({ shutdown: false })).toBe(1);
}, 120_000);

test("diagnostics of files on disk, which buf builds before the editor opens one", async () => {
  writeFileSync(path(), text().replace("usage.spent_cents", "usage.spnt_cents"));
  editor = new Editor(root);
  await editor.initialize();
  await editor.connection.sendNotification(InitializedNotification.type, {});
  const { diagnostics } = await editor.diagnostics((params) => params.diagnostics.length > 0);
  expect(diagnostics).toMatchObject([{ code: "BFF303" }]);
  // The image was built before this edit.
  const uri = await editor.open(path(), text().replace("usage.spnt_cents", "usage.spent_cents"));
  editor.forget();
  await editor.diagnostics((params) => params.uri === uri && params.diagnostics.length === 0);
}, 120_000);

test("a function is renamed in the proto and in TypeScript, and nothing while TypeScript reads it elsewhere", async () => {
  const app = `syntax = "proto3";
package app.v1;
import "bff/v1/options.proto";
option (bff.v1.file) = { function: { name: "slug.of" param: ["string"] result: "string" } };
service AppService {
  option (bff.v1.service) = {};
  rpc GetPage(GetPageRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetPageRequest { string id = 1; }
message Page { string slug = 1 [(bff.v1.field).by = "slug.of(args.id)"]; }
`;
  const file = join(root, "proto/example/app/v1/app.proto");
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, app);
  const functions = join(root, "src/functions.ts");
  mkdirSync(dirname(functions));
  writeFileSync(functions, "export const functions = {\n  slugOf: (id) => id,\n} satisfies AppFunctions;\n");
  editor = new Editor(root);
  const uri = await editor.open(file, app);
  const { connection } = editor;
  const at = { textDocument: { uri }, position: position(app, "slug.of(", 2) };
  const rename = () => connection.sendRequest(RenameRequest.type, { ...at, newName: "slug.by_id" });
  const changes = (await rename())?.changes ?? {};
  expect(await connection.sendRequest(PrepareRenameRequest.type, at)).toMatchObject({ placeholder: "slug.of" });
  expect(changes[uri]?.map(({ newText }) => newText)).toEqual(["slug.by_id", "slug.by_id"]);
  expect(changes[pathToFileURL(functions).href]).toEqual([
    { range: { start: { line: 1, character: 2 }, end: { line: 1, character: 8 } }, newText: "slugById" },
  ]);
  writeFileSync(join(root, "src/calls.ts"), "export const call = (f: AppFunctions) => f.slugOf('a');\n");
  await expect(rename()).rejects.toThrow("`slugOf` may be read at calls.ts:1: rename `slugOf` to `slugById`");
  const wrong = { ...at, position: position(app, "GetPageRequest", 2) };
  await expect(connection.sendRequest(PrepareRenameRequest.type, wrong)).rejects.toThrow("only steps and functions");
}, 120_000);
