// `protobff explain BFF601`: what docs/diagnostics.md says of a code, in the terminal.

import { didYouMean } from "./diagnostic/did-you-mean.ts";
import { EXPLANATIONS } from "./gen/explanations.ts";

/** The text for a code, in upper or lower case, with or without "BFF"; or, when there is none, the code that may have been meant. */
export function explain(wanted: string): { readonly text: string } | { readonly like: string | undefined } {
  const digits = wanted.trim().replace(/^bff[-_ ]?/i, "");
  const found = EXPLANATIONS.find(({ code }) => code === `BFF${digits}`);
  if (found === undefined) {
    const codes = EXPLANATIONS.map(({ code }) => code);
    return { like: didYouMean(`BFF${digits}`, codes) };
  }
  const { code, severity, meaning, sections } = found;
  const indented = (text: string): string => text.replace(/^(?=.)/gm, "    ");
  const parts = sections.map(({ title, text }) => `${title}:\n\n${indented(text)}\n`);
  return { text: [`${code} (${severity}): ${meaning}\n`, ...parts].join("\n") };
}
