import type { RpcReport } from "protoc-gen-bff/compiler";
import { changesOf, type FoundChange, phrase, without } from "../finding.ts";

type Pages = RpcReport["pages"];

/** Compares page sizes and page tokens. Clients read lists to their end, so a smaller page breaks none of them. */
export function comparePages(before: Pages, after: Pages): readonly FoundChange[] {
  const api = changesOf("api");
  const changed = (before?.sizes ?? []).flatMap((old) => {
    const now = after?.sizes?.find(({ field }) => field === old.field);
    if (now === undefined) return [api.of("worse", phrase`${old.field} no longer limits its pages`)];
    const [had, has] = [old, now].map(({ usual, most }) => [`${usual}, at most ${most}`]);
    return api.between("different", phrase`its pages by ${now.field} have another size`, had ?? [], has ?? []);
  });
  const lost = without(before?.tokens, after?.tokens);
  return [...changed, ...lost.map((field) => api.of("worse", phrase`no longer accepts page tokens in ${field}`))];
}
