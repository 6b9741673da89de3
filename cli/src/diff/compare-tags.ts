import type { CallReport } from "protoc-gen-bff/compiler";
import { type Finding, list } from "./finding.ts";

type Cache = Pick<NonNullable<CallReport["cache"]>, "tags" | "purged">;

const USES = {
  gone: "they are removed",
  spare: "they serve failed renewals",
  counted: "they are only counted",
} as const;

/** Compares the tags of cached answers. A purge by a removed tag has no effect. */
export function tagging(answers: string, from: Cache, to: Cache): readonly Omit<Finding, "where">[] {
  const lost = from.tags?.filter((tag) => !to.tags?.includes(tag)) ?? [];
  const gained = to.tags?.filter((tag) => !from.tags?.includes(tag)) ?? [];
  return [
    ...(lost.length === 0
      ? []
      : [
          {
            kind: "cache",
            level: "worse",
            message: [`purges no longer reach ${answers} by `, ...list(lost)],
          } as const,
        ]),
    ...(gained.length === 0
      ? []
      : [{ kind: "cache", level: "different", message: [`purges reach ${answers} by `, ...list(gained)] } as const]),
    ...(from.purged === to.purged || to.tags === undefined
      ? []
      : [
          {
            kind: "cache",
            level: "different",
            message: [`${answers} have another use after a purge`],
            before: [USES[from.purged ?? "gone"]],
            after: [USES[to.purged ?? "gone"]],
          } as const,
        ]),
  ];
}
