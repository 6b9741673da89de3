import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { Judging } from "./judging.ts";
import type { Settings } from "./settings.ts";
import type { IdentitySpec, OpenIdentity, SourceParts, SourceSpec } from "./spec.ts";

/**
 * The identity of a package: how callers are known, and what is known of them.
 *
 * @param type of principals
 * @param sources in the order in which they are declared
 */
export function identity<Desc extends DescMessage>(
  type: Desc,
  sources: readonly SourceSpec<MessageShape<Desc>>[],
): IdentitySpec<MessageShape<Desc>> {
  const names = sources.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) throw new TypeError(`two sources have the name ${twice}`);
  return {
    type,
    sources: names,
    byCertificate: sources.find(({ byCertificate }) => byCertificate === true)?.name,
    async configure(settings: Settings) {
      for (const source of sources) await source.configure?.(settings);
    },
    async open(parts: Omit<SourceParts, "type">) {
      const opened = await Promise.all(sources.map((source) => source.open({ ...parts, type })));
      return new Judging(type, opened) as OpenIdentity<MessageShape<Desc>>;
    },
  };
}
