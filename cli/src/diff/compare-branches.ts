// Branches of upstreams before and after: where calls go, and where their copies go.
import type { RpcReport } from "protoc-gen-bff/compiler";
import { shortName } from "./composition.ts";
import { changesOf, type FoundChange, list, type Phrase, phrase, same, without } from "./finding.ts";

/** A new mirror receives the data of requests, so it is worse. */
export function branchChangesOf(before: RpcReport, after: RpcReport): readonly FoundChange[] {
  if (same(before.branches, after.branches)) return [];
  return [
    ...without(mirrorsOf(after), mirrorsOf(before)).map((mirror) =>
      changesOf("forwarded").of("worse", phrase`copies of calls, with all of their headers, now go to ${mirror}`),
    ),
    changesOf("policies").of("different", "the branches for calls have changed", branches(before), branches(after)),
  ];
}

const mirrorsOf = ({ branches: all = [] }: RpcReport): readonly string[] =>
  all.flatMap(({ upstream, name, mirror }) => (mirror === undefined ? [] : [`${name} of ${upstream}`]));

function branches({ branches: all = [] }: RpcReport): Phrase {
  if (all.length === 0) return ["none"];
  return list(
    all.map(({ upstream, name, if: condition, share, protocol, mirror }) =>
      [
        `${shortName(upstream)} ${mirror === undefined ? "on" : "mirrored to"} ${name}`,
        ...(share === undefined ? [] : [`${share * 100} %`]),
        ...(condition === undefined ? [] : [`if ${condition}`]),
        ...(protocol === undefined ? [] : [`over ${protocol}`]),
        ...(mirror?.compare === true ? ["compared"] : []),
        ...(mirror?.ignore ?? []).map((field) => `without ${field}`),
      ].join(", "),
    ),
    3,
  );
}
