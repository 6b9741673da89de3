// Highlighting with classes instead of inline styles, so that the content security policy permits no inline styles.
import type { ThemeRegistration } from "shiki";
import type { MarkdownOptions } from "vitepress";

/** Classes of tokens, with the scopes of TextMate grammars that have them. */
const CLASSES: Readonly<Record<string, readonly string[]>> = {
  comment: ["comment", "punctuation.definition.comment"],
  string: ["string", "punctuation.definition.string"],
  number: ["constant"],
  keyword: ["keyword", "storage", "variable.language"],
  type: ["entity.name.type", "entity.name.class", "support.type", "support.class", "entity.name.tag"],
  function: ["entity.name.function", "support.function"],
  inserted: ["markup.inserted"],
  deleted: ["markup.deleted"],
};
const FOREGROUND = "#000000";
const names = Object.keys(CLASSES);
/** Shiki maps scopes to colours, so each class has a colour that stands for it. */
const colourOf = (name: string): string => `#00000${names.indexOf(name) + 1}`;

export const theme = {
  name: "classes",
  type: "light",
  fg: FOREGROUND,
  bg: "#ffffff",
  settings: Object.entries(CLASSES).map(([name, scope]) => ({
    scope: [...scope],
    settings: { foreground: colourOf(name) },
  })),
} satisfies ThemeRegistration;

export const codeTransformers: NonNullable<MarkdownOptions["codeTransformers"]> = [
  {
    name: "classes",
    span(node) {
      const name = names.find((candidate) => String(node.properties.style).toLowerCase().includes(colourOf(candidate)));
      delete node.properties.style;
      if (name !== undefined) this.addClassToHast(node, `token-${name}`);
    },
  },
];
