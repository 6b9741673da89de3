import type { Begun } from "./begin.ts";
import { nameOf } from "./choose-rpcs.ts";

/** Lists the RPCs that a new BFF composes, and the assumptions about them. */
export function choiceLines({ bff, choice }: Begun): string {
  const named = choice.rpcs.filter(({ kind }) => kind === "named");
  const lines = [
    `${bff.package}.${bff.service}/${bff.rpc} composes`,
    ...choice.rpcs.map(
      (rpc) => `  ${nameOf(rpc.method)}${named.includes(rpc) ? ": assumed to be read-only because of its name" : ""}`,
    ),
    ...(choice.others > 0 ? [`  (other RPCs that qualify: ${choice.others}; choose with --rpc)`] : []),
  ];
  if (named.length > 0)
    lines.push(
      bff.readOnly
        ? "the RPC is declared NO_SIDE_EFFECTS, which covers the upstream RPCs that do not declare it themselves"
        : "assumed reads are called with read_only: true; writes run one after the other",
    );
  return `${lines.join("\n")}\n`;
}
