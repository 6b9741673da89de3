import type { Tool } from "../resolve/model/model.ts";

/** Returns the end of a hint that makes an RPC no tool. */
export function withoutTool({ ir: service, rpc }: Tool): string {
  if (rpc.tool === undefined) return "add `tool: { off: true }` to the rpc";
  return service.tool === undefined ? "leave out `tool`" : "write `tool: { off: true }`";
}
