// Options of bff.v1 by the name of a message, of a field, or of both, from docs/options.md.
import { plain, type Section } from "./pages.ts";

/** A message or an enum of options.proto. */
export interface OptionType {
  readonly name: string;
  readonly text: string;
  readonly members: readonly OptionMember[];
}

/** A field of a message, or a value of an enum. */
interface OptionMember {
  readonly name: string;
  readonly owner: string;
  /** The option types in the text of its type. */
  readonly type: string | undefined;
  readonly text: string;
}

/** Reads the types of the page's sections. */
export function optionTypes(sections: readonly Section[]): readonly OptionType[] {
  return sections
    .filter(({ page, level, heading }) => page === "options" && level === 3 && /^\w+$/.test(heading))
    .map(({ heading: name, text }) => {
      const [intro = "", ...items] = text.split(/^- (?=\*\*`)/m);
      return { name, text: plain(withGuide(intro)).trim(), members: items.map((item) => memberOf(name, item)) };
    });
}

const withGuide = (intro: string): string =>
  intro.replace(/\[Guide\]\((\w+)\.md(#[\w-]+)?\)/, "See protobff explain $1$2");

function memberOf(owner: string, item: string): OptionMember {
  const [, name = "", type, text = ""] = /^\*\*`(\w+)`\*\*(?: \((.*?)\))?: ([\s\S]*)$/.exec(item) ?? [];
  // The type is a link to its section.
  const [, named] = /\[(\w+)\]/.exec(type ?? "") ?? [];
  return {
    name,
    owner,
    type: named,
    text: `${name}${type === undefined ? "" : ` (${plain(type)})`}: ${plain(text).trim()}`,
  };
}

/**
 * Returns the texts about an option: `RateLimit`, `rate_limit`, `MethodRule.rate_limit`, or `(bff.v1.method)`.
 * Undefined: there is no such option.
 */
export function explainOption(query: string, types: readonly OptionType[]): string | undefined {
  const isRule = /^\(?bff\.v1\.[a-z_]+\)?$/.test(query);
  const name = query.replace(/^\(|\)$/g, "").replace(/^bff\.v1\./, "");
  const rule = `${name.replaceAll("_", "")}rule`;
  const whole = types.find((type) => type.name.toLowerCase() === (isRule ? rule : name.toLowerCase()));
  const [owner, field] = name.includes(".") ? name.split(".", 2) : [undefined, name];
  const members = types
    .filter((type) => owner === undefined || type.name.toLowerCase() === owner.toLowerCase())
    .flatMap((type) => (isRule ? [] : type.members.filter((member) => member.name === field)));
  const named = types.filter((type) => type === whole || members.some((member) => member.type === type.name));
  const parts = [...members.map((member) => `${member.owner}.${member.text}`), ...named.map(typeText)];
  return parts.length === 0 ? undefined : parts.join("\n\n");
}

const typeText = ({ name, text, members }: OptionType): string =>
  [`${name}: ${text}`, ...members.map((member) => member.text.replace(/^/gm, "  "))].join("\n\n");
