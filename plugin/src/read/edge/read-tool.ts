import type { DescMethod } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel as Level } from "@bufbuild/protobuf/wkt";
import type { Tool } from "@protobff/messages/options.js";
import { fault, type Report, type Text } from "../../diagnostic/diagnostic.ts";
import type { IrTool } from "../../ir/edge.ts";
import type { Place } from "../source/place.ts";
import { readBinds } from "../steps/read-binds.ts";
import { child, count, duration, sourced, text } from "../values/values.ts";

/** Form of a name (Model Context Protocol 2025-11-25, "Tool Names", with the length that model APIs accept). */
const NAME = /^[a-zA-Z0-9_-]{1,64}$/;

/**
 * Reads the `tool` of an rpc, or of a service.
 *
 * @param rpc undefined for a service
 */
export function readTool(
  { tool: value }: { readonly tool?: Tool | undefined },
  parent: Place,
  rpc: DescMethod | undefined,
  report: Report,
): IrTool | undefined {
  const declared = child(value, parent, "tool");
  if (declared === undefined) return undefined;
  const { value: options, place } = declared;
  const tool: IrTool = {
    kind: "tool",
    at: place.at,
    name: text(options.name, place, "name"),
    description: text(options.description, place, "description"),
    group: text(options.group, place, "group"),
    hidden: readBinds(options.hidden, place, "hidden", "hidden field", report),
    confirm: sourced(options.confirm, place, "confirm"),
    maxBytes: count(options.maxBytes, place, "max_bytes", "write the maximum number of bytes of an answer", report),
    off: options.off === true ? sourced(true, place, "off") : undefined,
    wait: duration(options.wait, place, "wait", report),
  };
  if (tool.group !== undefined) checkName(tool.group, "group of tools", report);
  if (rpc === undefined) checkOfService(tool, report);
  else if (tool.off !== undefined) checkOff(tool, report);
  else checkOfRpc(tool, rpc, report);
  return tool;
}

const OF_RPC = ["name", "description", "confirm", "off", "wait"] as const;

function checkOfService(tool: IrTool, report: Report): void {
  for (const option of OF_RPC) {
    const at = tool[option]?.at;
    if (at === undefined) continue;
    fault(report, "BFF158", at, {
      message: `\`${option}\` is an option of one tool, and this \`tool\` is for all rpcs of a service`,
      hint: `move it to the \`tool\` of an rpc`,
    });
  }
}

function checkOff(tool: IrTool, report: Report): void {
  const [hidden] = tool.hidden;
  const other = tool.name ?? tool.description ?? tool.group ?? hidden ?? tool.confirm ?? tool.maxBytes ?? tool.wait;
  if (other === undefined) return;
  fault(report, "BFF158", other.at, {
    message: "with `off` the rpc is no tool, and this option has no effect",
    hint: "leave it out, or leave out `off`",
  });
}

function checkName({ value, at }: Text, what: string, report: Report): void {
  if (NAME.test(value)) return;
  const like = value.replace(/[^a-zA-Z0-9_-]+/g, "_").slice(0, 64);
  fault(report, "BFF181", at, {
    message: `${JSON.stringify(value)} is not a valid name of a ${what}`,
    hint: NAME.test(like) ? `write "${like}"` : 'write 1 to 64 letters, digits, "_" and "-"',
  });
}

function checkOfRpc({ at, name, confirm, wait }: IrTool, rpc: DescMethod, report: Report): void {
  if (name !== undefined) checkName(name, "tool", report);
  const reads = rpc.idempotency === Level.NO_SIDE_EFFECTS;
  if (reads && confirm !== undefined)
    fault(report, "BFF199", confirm.at, {
      message: `"${rpc.name}" has no side effects, so there is nothing to confirm`,
      hint: "leave out `confirm`",
    });
  if (!reads && confirm === undefined)
    fault(report, "BFF199", at, {
      message: `"${rpc.name}" may have side effects, and its \`tool\` has no \`confirm\``,
      hint: "add `confirm: true`, or `confirm: false` if clients confirm calls themselves",
    });
  if (wait !== undefined && rpc.methodKind !== "server_streaming")
    fault(report, "BFF198", wait.at, {
      message: `"${rpc.name}" returns one response, which \`timeout\` limits`,
      hint: "leave out `wait`",
    });
}
