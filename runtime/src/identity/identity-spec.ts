import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { Authenticator } from "./authenticator.ts";
import { checkIssuers } from "./one-issuer.ts";
import { openPropagation, readSigning, type Signing } from "./propagation/propagation.ts";
import type { Settings } from "./settings.ts";
import { BEARER_PLACE } from "./source-issuer.ts";
import type { IdentitySpec, OpenIdentity, SourceParts, SourceSpec } from "./spec.ts";

/**
 * Returns the identity of a package: its sources and the type of its principals.
 *
 * @param type of principals
 * @param sources in the order in which they are declared
 * @param signs true if an upstream receives the caller by `identify: SIGNED`
 * @throws TypeError for two sources of one name
 * @example
 * const spec = identity(PersonSchema, [jwt({ name: "user", issuer, audience: ["shop"] })]);
 */
export function identity<Desc extends DescMessage>(
  type: Desc,
  sources: readonly SourceSpec<MessageShape<Desc>>[],
  { signs = false }: { readonly signs?: boolean } = {},
): IdentitySpec<MessageShape<Desc>> {
  const names = sources.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) throw new TypeError(`two sources have the name ${twice}`);
  let signing: Signing | undefined;
  return {
    type,
    sources: names,
    byCertificate: sources.find(({ byCertificate }) => byCertificate === true)?.name,
    issuers: sources.flatMap(({ issued }) => (issued?.place === BEARER_PLACE ? issued.issuer : [])),
    byCookie: sources.find(({ byCookie }) => byCookie === true)?.name,
    async configure(settings: Settings) {
      for (const source of sources) await source.configure?.(settings);
      checkIssuers(sources, settings);
      if (signs) signing = readSigning(settings);
    },
    async open(parts: Omit<SourceParts, "type">) {
      const opened = await Promise.all(sources.map((source) => source.open({ ...parts, type })));
      const propagation = openPropagation(type, signing, parts);
      return new Authenticator(type, opened, propagation) as OpenIdentity<MessageShape<Desc>>;
    },
  };
}
