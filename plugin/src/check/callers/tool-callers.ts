// Callers of tools for agents: their credentials arrive in headers, and no token is passed on.

import { Identify } from "@protobff/messages/options.js";
import { fault, type Origin, type Report } from "../../diagnostic/diagnostic.ts";
import { methodsOf } from "../../resolve/model/blocks.ts";
import type { BffMethod, Block, Model, Tool } from "../../resolve/model/model.ts";
import { composedBlocks } from "../../resolve/model/request-reads.ts";
import type { Check } from "../check.ts";
import { withoutTool } from "../tool-hint.ts";
import { allCalls } from "./governing-identities.ts";

export const toolCallers: Check = {
  rules: {
    BFF218: "The permit of a tool admits a source other than sessions and cookies. Agents have neither.",
    BFF219:
      "No call below a tool has `identify: TOKEN`. The Model Context Protocol forbids that servers pass on tokens, which were issued for them alone.",
  },
  run(model, report) {
    for (const method of methodsOf(model)) {
      if (method.tool === undefined) continue;
      checkSources(method, method.tool, model, report);
      checkTokens(method, method.tool, model, report);
    }
  },
};

function checkSources({ desc, permit }: BffMethod, tool: Tool, model: Model, report: Report): void {
  const { identity } = model.packages.find(({ name }) => name === desc.parent.file.proto.package) ?? {};
  if (identity === undefined || permit === undefined || permit.public !== undefined) return;
  const admitted = identity.sources.filter(({ name }) => permit.sources?.includes(name) ?? true);
  const kinds = admitted.map(({ credential: of }) => (of.kind === "jwt" && of.cookie ? "cookie" : of.kind));
  if (kinds.length === 0 || kinds.some((kind) => kind !== "cookie" && kind !== "session")) return;
  const what = kinds.includes("cookie") ? "cookie" : "session";
  fault(report, "BFF218", tool.at, {
    message: `the permit of "${desc.name}" admits only ${what}s, and a ${what} is no credential of agents`,
    related: [
      { at: tool.rpc.at, message: "the rpc" },
      { at: permit.at, message: "its permit" },
      ...admitted.map(({ ir }) => ({ at: ir.at, message: "the permit admits this source" })),
    ],
    hint: `permit another source, or ${withoutTool(tool)}`,
    derived: true, // A faulty source may be for agents.
  });
}

function checkTokens(method: BffMethod, tool: Tool, model: Model, report: Report): void {
  const at = tokenPlace(method, model);
  if (at === undefined) return;
  fault(report, "BFF219", at, {
    message: `"${method.desc.name}" is a tool, and a call below it passes on the token of the caller`,
    related: [{ at: tool.at, message: "the tool" }],
    hint: `write \`identify: SIGNED\`, or ${withoutTool(tool)}`,
  });
}

/** Returns the place of the first `identify: TOKEN` among the calls of an rpc. */
function tokenPlace(method: BffMethod, model: Model): Origin | undefined {
  const { permit, stream, opening } = method;
  const blocks = [...composedBlocks(method, model), permit, stream, opening].filter((block) => block !== undefined);
  const calls = [
    ...blocks.flatMap((block) => allCalls(block as Block)),
    ...(stream?.call === undefined ? [] : [stream.call]),
  ];
  return calls.find(({ policy }) => policy.identify?.value === Identify.TOKEN)?.policy.identify?.at;
}
