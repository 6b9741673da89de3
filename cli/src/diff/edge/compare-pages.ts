import type { RpcReport } from "protoc-gen-bff/compiler";
import type { Finding } from "../finding.ts";
import { phrase } from "../finding.ts";

type Pages = RpcReport["pages"];
type Difference = Omit<Finding, "where">;

/** Compares page sizes and page tokens. Clients read lists to their end, so a smaller page breaks none of them. */
export function comparePages(before: Pages, after: Pages): readonly Difference[] {
  const sizes = after?.sizes ?? [];
  const changed = (before?.sizes ?? []).flatMap((old): Difference[] => {
    const now = sizes.find(({ field }) => field === old.field);
    if (now === undefined)
      return [{ kind: "api", level: "worse", message: phrase`${old.field} no longer limits its pages` }];
    if (now.usual === old.usual && now.most === old.most) return [];
    const text = ({ usual, most }: typeof old) => [`${usual}, at most ${most}`];
    const message = phrase`its pages by ${now.field} have another size`;
    return [{ kind: "api", level: "different", message, before: text(old), after: text(now) }];
  });
  const lost = (before?.tokens ?? []).filter((field) => !after?.tokens?.includes(field));
  return [
    ...changed,
    ...lost.map(
      (field): Difference => ({
        kind: "api",
        level: "worse",
        message: phrase`no longer accepts page tokens in ${field}`,
      }),
    ),
  ];
}
