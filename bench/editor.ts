// Measures `protobff lsp` on a project of many rpcs: time to the first diagnostics, completion while typing, memory.
//   node bench/editor.ts [rpcs, default 1000]
// It runs the sources. Node's removal of types takes 10 to 40 MB of them, so measure memory on installed packages:
//   PROTOBFF_COMMAND=node_modules/protobff/bin/protobff.js
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CompletionRequest, DidSaveTextDocumentNotification } from "vscode-languageserver-protocol/node";
import { Editor } from "../cli/src/lsp/testing/editor.ts";

const BFF = fileURLToPath(new URL("../proto/bff", import.meta.url));
const RPCS = Number(process.argv[2] ?? 1_000);
const PER_FILE = 50;
const EDITS = Number(process.env.PROTOBFF_EDITS ?? 5);
const KEYSTROKES = Number(process.env.PROTOBFF_KEYSTROKES ?? 200);

const UP = `syntax = "proto3";
package up.v1;
service UpService { rpc Get(GetRequest) returns (Item) { option idempotency_level = NO_SIDE_EFFECTS; } }
message GetRequest { string id = 1; string locale = 2; }
message Item { string title = 1; repeated Part parts = 2; Part main = 3; }
message Part { string sku = 1; int64 size = 2; }
`;

function rpcs(file: number): string {
  const numbers = Array.from({ length: Math.min(PER_FILE, RPCS - file * PER_FILE) }, (_, i) => file * PER_FILE + i);
  const methods = numbers.map(
    (n) => `  rpc Get${n}(Request${n}) returns (Page${n}) { option idempotency_level = NO_SIDE_EFFECTS; }`,
  );
  const messages = numbers.map(
    (n) => `message Request${n} { string id = 1; string locale = 2; }
message Page${n} {
  option (bff.v1.message) = {
    let: [
      { name: "item" call: { method: "up.v1.UpService/Get" set: { spread: "args" } timeout: "100ms" } },
      { name: "next" supplementary: true call: { method: "up.v1.UpService/Get" set: { name: "id" by: "item.title" } } }
    ]
  };
  string title = 1 [(bff.v1.field).by = "item.title"];
  repeated string skus = 2 [(bff.v1.field).by = "item.parts.map(p, p.sku)"];
  optional int64 size = 3 [(bff.v1.field).by = "next.main.size"];
  repeated bff.v1.Degradation degraded = 15;
}`,
  );
  return `syntax = "proto3";
package app.v1;
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
import "up/v1/up.proto";
service App${file}Service {
  option (bff.v1.service) = {};
${methods.join("\n")}
}
${messages.join("\n")}
`;
}

function project(): string {
  const root = mkdtempSync(join(tmpdir(), "protobff-bench-editor-"));
  const write = (path: string, text: string): void => writeFileSync(join(root, path), text);
  cpSync(BFF, join(root, "proto/bff"), { recursive: true });
  for (const folder of ["proto/up/v1", "proto/app/v1"]) mkdirSync(join(root, folder), { recursive: true });
  write("buf.yaml", "version: v2\nmodules:\n  - path: proto\n");
  write("buf.gen.yaml", "version: v2\nplugins:\n  - local: protoc-gen-bff\n    out: gen\n");
  write("proto/up/v1/up.proto", UP);
  for (let file = 0; file * PER_FILE < RPCS; file++) write(`proto/app/v1/app_${file}.proto`, rpcs(file));
  return root;
}

/** CPU time of the server, its buf processes left out. */
function cpuMs(): number {
  const fields = readFileSync(`/proc/${editor.process.pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

const root = project();
const path = join(root, "proto/app/v1/app_0.proto");
const right = readFileSync(path, "utf8");
const wrong = right.replace("item.title", "item.titel");
writeFileSync(path, wrong);
const started = performance.now();
const editor = new Editor(root);
try {
  await editor.initialize();
  const opened = performance.now();
  const uri = await editor.open(path);
  const published = (areMany: boolean) =>
    editor.diagnostics((params) => params.uri === uri && params.diagnostics.length > 0 === areMany);
  await published(true);
  const first = { afterStart: performance.now() - started, afterOpening: performance.now() - opened, cpu: cpuMs() };

  const edits: number[] = [];
  for (let n = 0; n < EDITS; n++) {
    editor.forget();
    const start = performance.now();
    await editor.change(uri, n % 2 === 0 ? right : wrong);
    await published(n % 2 === 1);
    edits.push(performance.now() - start);
  }
  edits.sort((a, b) => a - b);
  const save = async (): Promise<void> => {
    const compiled = new Promise((resolve) => editor.connection.onNotification("protobff/planChanged", resolve));
    await editor.connection.sendNotification(DidSaveTextDocumentNotification.type, { textDocument: { uri } });
    await compiled;
  };
  await save();
  const changed = performance.now();
  await editor.change(uri, EDITS % 2 === 0 ? right : wrong);
  await save();
  const whole = performance.now() - changed;

  const times: number[] = [];
  for (let n = 0; n < KEYSTROKES; n++) {
    const mark = n % 2 === 0 ? '"item.' : '"item.parts.map(p, p.';
    const text = right.replace('"item.title"];', `${mark}${n % 3 === 0 ? "t" : ""}`);
    const cursor = text.indexOf(mark, text.indexOf("string title = 1")) + mark.length;
    const lines = text.slice(0, cursor).split("\n");
    const start = performance.now();
    await editor.change(uri, text);
    const found = await editor.connection.sendRequest(CompletionRequest.type, {
      textDocument: { uri },
      position: { line: lines.length - 1, character: lines.at(-1)?.length ?? 0 },
    });
    times.push(performance.now() - start);
    if (!JSON.stringify(found).includes(n % 2 === 0 ? '"title"' : '"sku"')) throw new Error("a completion is missing");
    // A person's keystrokes; some are followed by a pause, in which the server compiles.
    await new Promise((resolve) => setTimeout(resolve, n % 40 === 39 ? 3_000 : 60));
  }
  times.sort((a, b) => a - b);
  const at = (share: number): string => `${(times[Math.floor(share * (times.length - 1))] ?? 0).toFixed(1)} ms`;
  const memory = /VmHWM:\s*(\d+)/.exec(readFileSync(`/proc/${editor.process.pid}/status`, "utf8"))?.[1];
  console.log(`${RPCS} rpcs, load average ${loadavg()[0]?.toFixed(1)}`);
  const { afterStart, afterOpening, cpu } = first;
  console.log(
    `first diagnostics: ${afterStart.toFixed(0)} ms after the start, ${afterOpening.toFixed(0)} ms after opening`,
  );
  console.log(
    `${cpu} ms of CPU until then; diagnostics after an edit: median ${(edits[EDITS >> 1] ?? 0).toFixed(0)} ms, all of the project ${whole.toFixed(0)} ms`,
  );
  console.log(`completion: median ${at(0.5)}, p95 ${at(0.95)}, slowest ${at(1)}`);
  console.log(`peak resident memory: ${Math.round(Number(memory) / 1024)} MB`);
  await editor.end();
} finally {
  editor.process.kill();
  rmSync(root, { recursive: true, force: true });
}
