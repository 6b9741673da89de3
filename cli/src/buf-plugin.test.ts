// The check plugin as buf runs it: in `buf lint`, and in `buf lsp serve`, which editors with Buf's extension talk to.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "./testing/run.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const MINUTES = 60_000;
const SHOP = `syntax = "proto3";
package shop.v1;
import "bff/v1/options.proto";
service ShopService {
  option (bff.v1.service) = {};
  rpc GetPage(GetPageRequest) returns (GetPageResponse) {
    option idempotency_level = NO_SIDE_EFFECTS;
  }
}
message GetPageRequest {
  string id = 1;
}
message GetPageResponse {
  option (bff.v1.message) = {
    let: {
      name: "item"
      call: {
        method: "stock.v1.StockService/GetItem"
        set: { name: "id" by: "args.id" }
      }
    }
  };
  string title = 1 [(bff.v1.field).by = "item.titel"];
}
`;
// Nobody imports it: an editor gives a plugin the open file and its imports alone.
const STOCK = `syntax = "proto3";
package stock.v1;
service StockService {
  rpc GetItem(GetItemRequest) returns (GetItemResponse) {
    option idempotency_level = NO_SIDE_EFFECTS;
  }
}
message GetItemRequest {
  string id = 1;
}
message GetItemResponse {
  string title = 1;
}
`;
const BUF = `version: v2
modules:
  - path: proto
lint:
  use: [STANDARD, BFF_ERROR, BFF_WARNING]
plugins:
  - plugin: node_modules/.bin/buf-plugin-bff
`;
const GENERATE = `version: v2
inputs:
  - directory: .
    exclude_paths: [proto/bff]
plugins:
  - local: protoc-gen-bff
    out: gen
    strategy: all
    opt: [import_extension=ts, error_output=found.json]
`;

let folder: string;
const write = (path: string, text: string): void => {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
};
const bin = join(root, "node_modules/.bin");
const env = { ...process.env, CI: "", PATH: `${dirname(process.execPath)}:${bin}:${process.env.PATH ?? ""}` };
const buf = (...args: readonly string[]) => spawnSync(join(bin, "buf"), args, { cwd: folder, encoding: "utf8", env });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "protobff-check-"));
  mkdirSync(join(folder, "node_modules/.bin"), { recursive: true });
  symlinkSync(join(root, "cli/bin/buf-plugin-bff.js"), join(folder, "node_modules/.bin/buf-plugin-bff"));
  write("buf.yaml", BUF);
  write("buf.gen.yaml", GENERATE);
  write("proto/shop/v1/shop.proto", SHOP);
  write("proto/stock/v1/stock.proto", STOCK);
  expect((await run(["init", "protos", "proto"], folder)).exitCode).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test(
  "buf lint reports the same diagnostics as buf generate, with code and position",
  () => {
    const { stdout, stderr } = buf("lint", "--error-format=json");
    expect(stderr).toBe("");
    expect(buf("generate").status).not.toBe(0);
    const { diagnostics } = JSON.parse(readFileSync(join(folder, "found.json"), "utf8"));
    expect(diagnostics).toHaveLength(1);
    const [{ at, code, message, hint }] = diagnostics;
    expect(
      stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toEqual([
      expect.objectContaining({
        path: at.file,
        start_line: at.line,
        type: "BFF_3XX_ERROR",
        message: `${at.line}:${at.column}: ${code}: ${message}; hint: ${hint}`,
      }),
    ]);
    expect(message).toContain("titel");
  },
  2 * MINUTES,
);

/** One message of the language server's, and what is to be sent to it. */
interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: unknown;
}

/** Speaks to `buf lsp serve`, with one file open. */
class Editor {
  readonly child: ChildProcess;
  #buffer: Buffer = Buffer.alloc(0);
  #onMessage: (message: Message) => void = () => {};
  #open = { uri: "", version: 0, text: "" };

  constructor() {
    this.child = spawn(join(bin, "buf"), ["lsp", "serve"], { cwd: folder, env, stdio: ["pipe", "pipe", "pipe"] });
    // On a loaded machine buf gives up on a plugin, and says so; the same text again makes it try again.
    this.child.stderr?.on("data", (chunk: Buffer) => {
      if (/checks (failed|deadline exceeded)/.test(chunk.toString())) this.change(this.#open.text);
    });
    this.child.stdout?.on("data", (chunk: Buffer) => {
      this.#buffer = Buffer.concat([this.#buffer, chunk]);
      for (let message = this.#next(); message !== undefined; message = this.#next()) this.#onMessage(message);
    });
  }

  #next(): Message | undefined {
    const end = this.#buffer.indexOf("\r\n\r\n");
    if (end === -1) return undefined;
    const length = Number(/Content-Length: (\d+)/i.exec(this.#buffer.subarray(0, end).toString())?.[1]);
    if (this.#buffer.length < end + 4 + length) return undefined;
    const text = this.#buffer.subarray(end + 4, end + 4 + length).toString();
    this.#buffer = this.#buffer.subarray(end + 4 + length);
    return JSON.parse(text);
  }

  send(message: Message & { readonly result?: unknown }): void {
    const text = JSON.stringify({ jsonrpc: "2.0", ...message });
    this.child.stdin?.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
  }

  /** What the server says until one message is the one that is waited for; its questions are answered by nothing. */
  until<T>(found: (message: Message) => T | undefined): Promise<T> {
    return new Promise((resolve) => {
      this.#onMessage = (message) => {
        if (message.id !== undefined && message.method !== undefined) this.send({ id: message.id, result: null });
        const value = found(message);
        if (value !== undefined) resolve(value);
      };
    });
  }

  open(uri: string, text: string): void {
    this.#open = { uri, version: 1, text };
    this.send({ method: "textDocument/didOpen", params: { textDocument: { ...this.#open, languageId: "proto" } } });
  }

  change(text: string): void {
    const { uri, version } = this.#open;
    this.#open = { uri, version: version + 1, text };
    const textDocument = { uri, version: version + 1 };
    this.send({ method: "textDocument/didChange", params: { textDocument, contentChanges: [{ text }] } });
  }

  /** The messages of diagnostics of the last text, once some are of a plugin: buf shows its own before those. */
  diagnostics(begins: RegExp): Promise<readonly string[]> {
    return this.until(({ method, params }) => {
      if (method !== "textDocument/publishDiagnostics") return undefined;
      const notification = params as {
        readonly version: number;
        readonly diagnostics: readonly { readonly message: string }[];
      };
      const messages = notification.diagnostics.map(({ message }) => message);
      return notification.version === this.#open.version && messages.some((message) => begins.test(message))
        ? messages
        : undefined;
    });
  }
}

test(
  "an editor shows diagnostics of unsaved text, including upstreams that the open file does not import",
  async () => {
    const editor = new Editor();
    try {
      const path = join(folder, "proto/shop/v1/shop.proto");
      const uri = pathToFileURL(path).href;
      const workspace = pathToFileURL(folder).href;
      const ready = editor.until(({ id, method }) => (id === 1 && method === undefined ? true : undefined));
      const folders = [{ uri: workspace, name: "shop" }];
      const params = { processId: process.pid, rootUri: workspace, capabilities: {}, workspaceFolders: folders };
      editor.send({ id: 1, method: "initialize", params });
      await ready;
      editor.send({ method: "initialized", params: {} });

      const saved = editor.diagnostics(/BFF\d{3}/);
      editor.open(uri, SHOP);
      expect(await saved).toEqual([
        '23:47: BFF303: stock.v1.GetItemResponse has no field "titel"; hint: did you mean "title"?',
      ]);

      // A line more, and another fault: places of unsaved text are those of whole options.
      const text = `// Mine.\n${SHOP.replace("item.titel", "items.title")}`;
      const unsaved = editor.diagnostics(/BFF\d{3}/);
      editor.change(text);
      const [found, ...more] = await unsaved;
      expect(more).toEqual([]);
      expect(found).toMatch(/^24:21: BFF\d{3}: .*"items"/);
    } finally {
      const ended = new Promise((resolve) => editor.child.once("exit", resolve));
      editor.child.kill();
      await ended;
    }
  },
  3 * MINUTES,
);
