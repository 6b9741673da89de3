// `protoc-gen-bff explain BFF601`: what docs/diagnostics.md says of a code, in the terminal.
import { didYouMean } from "../diagnostic/did-you-mean.ts";
import { EXPLANATIONS } from "../gen/explanations.ts";

/** What is known of one code. */
export interface Explanation {
  readonly code: string;
  readonly severity: "error" | "warning";
  /** A full sentence. */
  readonly meaning: string;
  /** An example: what is wrong, what is said of it, and how it is right. */
  readonly sections: readonly Section[];
}

export interface Section {
  readonly title: string;
  /** Of the text, as Markdown has it. */
  readonly language: string;
  readonly text: string;
}

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
