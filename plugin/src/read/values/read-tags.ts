import { type Cache, Purged } from "@protobff/messages/options.js";
import { fault, type Report, type Sourced, type Text } from "../../diagnostic/diagnostic.ts";
import type { IrCache, IrPurged } from "../../ir/step.ts";
import type { Place } from "../source/place.ts";
import { checkTemplate } from "./check-address.ts";
import { checkUnique } from "./names.ts";
import { sourced, texts } from "./values.ts";

const USES: { readonly [value in Purged]?: IrPurged } = {
  [Purged.GONE]: "gone",
  [Purged.STALE_ON_FAILURE]: "spare",
  [Purged.COUNT_ONLY]: "counted",
};
/** Maximum number of tags of an answer, as in the runtime. */
const MAX_TAGS = 16;
/** Longest time for which tagged answers may be used, in milliseconds: purges are remembered for twice this time. */
const MAX_MS = 86_400_000;

/** @param from the value that holes usually read; "on" for the tags of a live answer */
export function readTagTexts(
  tag: readonly string[],
  place: Place,
  from: "answer" | "event" | "on",
  report: Report,
): readonly Text[] {
  const tags = texts(tag, place, from === "on" ? "on" : "tag");
  for (const text of tags) {
    checkTemplate(text, report);
    if (text.value === "")
      fault(report, "BFF809", text.at, {
        message: "this tag is empty, so no purge can name it",
        hint:
          from === "on"
            ? 'name a tag that a call declares, as in "order:{args.order_id}"'
            : `name what the ${from} contains, as in "order:{${from}.id}"`,
      });
  }
  checkUnique(tags, "BFF809", (name) => `the tag "${name}" is in the list twice`, "leave out one of them", report);
  return tags;
}

/** Reads the tags of a cache, the use of its purged answers, and whether one process fetches for all. */
export function readTags(
  { tag, purged: use, singleFetch }: Pick<Cache, "tag" | "purged" | "singleFetch">,
  place: Place,
  { ttl, stale }: Pick<IrCache, "ttl" | "stale">,
  report: Report,
): Pick<IrCache, "tags" | "purged" | "singleFetch"> {
  const tags = readTagTexts(tag, place, "answer", report);
  const further = tags[MAX_TAGS];
  if (further !== undefined)
    fault(report, "BFF809", further.at, {
      message: `these are ${tags.length} tags, more than ${MAX_TAGS}`,
      hint: `keep the ${MAX_TAGS} tags that purges name`,
    });
  for (const [name, time] of [["ttl", ttl] as const, ["stale", stale] as const])
    if (tags.length > 0 && time !== undefined && time.value > MAX_MS)
      fault(report, "BFF812", time.at, {
        message: `tagged answers may be used for at most 24 h, but "${name}" is longer`,
        hint: 'write at most "24h", or leave out `tag`',
      });
  const purged = readPurged(sourced(use, place, "purged"), report);
  return { tags, purged, singleFetch: sourced(singleFetch, place, "single_fetch") };
}

function readPurged(setting: Sourced<Purged> | undefined, report: Report): Sourced<IrPurged> | undefined {
  if (setting === undefined) return undefined;
  const value = USES[setting.value];
  if (value !== undefined) return { value, at: setting.at };
  return fault(report, "BFF809", setting.at, {
    message: '"PURGED_UNSPECIFIED" is not a use of purged answers',
    hint: "write GONE, STALE_ON_FAILURE or COUNT_ONLY, or leave it out",
  });
}
