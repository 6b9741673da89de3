import type { CallReport } from "protoc-gen-bff/compiler";
import { changesOf, type FoundChange, type Phrase, without } from "./finding.ts";

type Cache = Pick<NonNullable<CallReport["cache"]>, "tags" | "purged" | "single_fetch">;

const USES = {
  gone: "they are removed",
  spare: "they serve failed renewals",
  counted: "they are only counted",
} as const;

const use = ({ purged }: Cache): Phrase => [USES[purged ?? "gone"]];

const fetches = ({ single_fetch: single }: Cache): Phrase => [
  single === undefined ? "one for all processes" : "one for each process",
];

/** Compares the tags and fetches of cached answers. A purge by a removed tag has no effect. */
export function tagging(answers: string, from: Cache, to: Cache): readonly FoundChange[] {
  const caches = changesOf("cache");
  return [
    ...caches.names("worse", without(from.tags, to.tags), (tags) => [`purges no longer reach ${answers} by `, ...tags]),
    ...caches.names("different", without(to.tags, from.tags), (tags) => [`purges reach ${answers} by `, ...tags]),
    ...(to.tags === undefined
      ? []
      : caches.between("different", `${answers} have another use after a purge`, use(from), use(to))),
    ...caches.between("different", `${answers} have other fetches`, fetches(from), fetches(to)),
  ];
}
