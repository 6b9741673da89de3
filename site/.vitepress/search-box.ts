// Corrects the roles in VitePress's search box, which axe-core refuses: a button around inputs, and links within options. Adds missing names.
import type { Plugin } from "vite";

const CORRECTIONS: readonly (readonly [from: RegExp, to: string])[] = [
  [
    /role="button"\s+:aria-owns="[^"]*"\s+aria-expanded="true"\s+aria-haspopup="listbox"/,
    'role="dialog" aria-modal="true"',
  ],
  [/aria-autocomplete="both"/, 'aria-autocomplete="list" role="combobox" :aria-expanded="results?.length > 0"'],
  [/:id="'localsearch-item-' \+ index"\s+:aria-selected="([^"]*)"\s+role="option"/, 'role="presentation"'],
  [
    /:aria-label="\[[^"]*"/,
    `role="option" :id="'localsearch-item-' + index" :aria-selected="selectedIndex === index ? 'true' : 'false'"`,
  ],
  // The label of the box has no text.
  [/aria-labelledby="localsearch-label"|:aria-labelledby="results[^"]*"/g, ':aria-label="buttonText"'],
  [/<kbd /g, '<kbd role="img" '],
  [/<span class="title-icon">/, '<span class="title-icon" aria-hidden="true">'],
];

export const searchBox: Plugin = {
  name: "search-box",
  enforce: "pre",
  transform(code, id) {
    if (!id.endsWith("/VPLocalSearchBox.vue")) return undefined;
    return CORRECTIONS.reduce((text, [from, to]) => {
      const corrected = text.replace(from, to);
      if (corrected === text) throw new Error(`VPLocalSearchBox.vue of this VitePress has no ${from}`);
      return corrected;
    }, code);
  },
};
