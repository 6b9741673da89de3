// `protobff lsp` in Neovim without a screen, by its own client of the protocol.
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";

const PROTO = fileURLToPath(new URL("../../../proto", import.meta.url));
const COMMAND = fileURLToPath(new URL("../../bin/protobff.js", import.meta.url));
const WEB = "proto/example/web/v1/web.proto";

/** Opens a file with a fault, waits for its diagnostic, requests completion, hover and the plan. */
const script = (file: string, line: number, column: number, rpc: number, out: string): string => `
local client = vim.lsp.start_client({ name = "protobff", cmd = { "${process.execPath}", "${COMMAND}", "lsp" }, root_dir = vim.fn.getcwd() })
vim.cmd("edit ${file}")
local buffer = vim.api.nvim_get_current_buf()
vim.lsp.buf_attach_client(buffer, client)
vim.wait(100000, function() return #vim.diagnostic.get(buffer) > 0 end, 50)
local found = vim.diagnostic.get(buffer)
local at = { textDocument = { uri = vim.uri_from_bufnr(buffer) }, position = { line = ${line}, character = ${column} } }
local function request(method, params)
  local answers = vim.lsp.buf_request_sync(buffer, method, params, 100000)
  local _, answer = next(answers or {})
  return answer and answer.result
end
local result = {
  diagnostics = vim.tbl_map(function(each) return { code = each.code, lnum = each.lnum, col = each.col } end, found),
  completion = vim.tbl_map(function(each) return each.label end, request("textDocument/completion", at).items),
  hover = request("textDocument/hover", { textDocument = at.textDocument, position = { line = ${line}, character = ${column} - 2 } }),
  plan = request("workspace/executeCommand", { command = "protobff.showPlan", arguments = { { uri = at.textDocument.uri, position = { line = ${rpc}, character = 8 } } } }),
}
vim.fn.writefile({ vim.fn.json_encode(result) }, "${out}")
vim.cmd("qa!")
`;

test("Neovim shows diagnostics, completes, hovers and shows the plan", () => {
  const root = mkdtempSync(join(tmpdir(), "protobff-neovim-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  cpSync(PROTO, join(root, "proto"), { recursive: true });
  writeFileSync(
    join(root, "buf.yaml"),
    "version: v2\nmodules:\n  - path: proto/example\n  - path: proto/third_party\n  - path: proto\n    includes: [proto/bff]\n",
  );
  writeFileSync(join(root, "buf.gen.yaml"), "version: v2\nplugins:\n  - local: protoc-gen-bff\n    out: gen\n");
  const path = join(root, WEB);
  const text = readFileSync(path, "utf8").replace('"usage.spent_cents"', '"usage.spnt_cents"');
  writeFileSync(path, text);
  const before = text.slice(0, text.indexOf('"usage.spnt_cents"') + '"usage.'.length).split("\n");
  const [line, column] = [before.length - 1, before.at(-1)?.length ?? 0];
  const rpc = text.slice(0, text.indexOf("rpc GetDashboard")).split("\n").length - 1;
  const out = join(root, "result.json");
  writeFileSync(join(root, "script.lua"), script(WEB, line, column, rpc, out));
  const { status, stderr } = spawnSync("nvim", ["--headless", "-u", "NONE", "-c", "luafile script.lua"], {
    cwd: root,
    encoding: "utf8",
    timeout: 200_000,
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  const result = JSON.parse(readFileSync(out, "utf8"));
  expect(result.diagnostics).toEqual([{ code: "BFF303", lnum: line, col: column }]);
  expect(result.completion).toContain("spent_cents");
  expect(JSON.stringify(result.hover)).toContain("step usage");
  expect(result.plan.rpc).toBe("web.v1.DashboardService/GetDashboard");
  // The file has a fault.
  expect(result.plan.markdown).toContain("has no plan");
}, 240_000);
