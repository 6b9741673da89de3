// Branches of upstreams before and after: where calls go, and where their copies go.
import type { RpcReport } from "protoc-gen-bff/compiler";
import { shortName } from "./composition.ts";
import { type Finding, list, type Phrase, phrase } from "./finding.ts";

type Difference = Omit<Finding, "where">;

/** A new mirror receives the data of requests, so it is worse. */
export function branchDifferences(before: RpcReport, after: RpcReport): readonly Difference[] {
  const known = new Set(mirrorsOf(before));
  const added = mirrorsOf(after).filter((mirror) => !known.has(mirror));
  if (JSON.stringify(before.branches) === JSON.stringify(after.branches)) return [];
  return [
    ...added.map(
      (mirror): Difference => ({
        kind: "forwarded",
        level: "worse",
        message: phrase`copies of calls, with all of their headers, now go to ${mirror}`,
      }),
    ),
    {
      kind: "policies",
      level: "different",
      message: ["the branches for calls have changed"],
      before: branches(before),
      after: branches(after),
    },
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
