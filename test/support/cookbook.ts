// The recipes of docs/cookbook.md, cut out of the page: what it shows is what is tested.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { GoldenCase } from "./golden.ts";

export const COOKBOOK = fileURLToPath(new URL("../../docs/cookbook.md", import.meta.url));

export interface Recipe extends GoldenCase {
  readonly title: string;
  /** As the page shows it. */
  readonly plan: string;
  /** Files of the user, in TypeScript: name → text. */
  readonly beside: Readonly<Record<string, string>>;
}

const blocks = (text: string, language: string): string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms"))].map(([, block = ""]) => block);

/** The recipes in the page's order, and the protos of its upstreams by name. */
export function cookbook(page = readFileSync(COOKBOOK, "utf8")): {
  readonly recipes: readonly Recipe[];
  readonly upstreams: Readonly<Record<string, string>>;
} {
  const [head = "", ...sections] = page.split(/^(?=## )/m);
  const [header = ""] = blocks(head, "proto");
  const recipes = sections.flatMap((section) => {
    const [, title] = /^## \d+\. (.+)$/m.exec(section) ?? [];
    if (title === undefined) return [];
    const name = title.toLowerCase().replace(/[^a-z0-9]+/g, "-");
    const protos = { "shop/v1/shop.proto": `${header}\n${blocks(section, "proto").join("\n")}` };
    const beside = Object.fromEntries(blocks(section, "ts").map((text) => ["resolvers.ts", text]));
    return [{ name, title, protos, plan: blocks(section, "text").join("\n"), beside }];
  });
  const upstreams = page.matchAll(/^`([\w/]+\.proto)`[^\n]*:\n\n```proto\n(.*?)^```$/gms);
  return { recipes, upstreams: Object.fromEntries([...upstreams].map(([, name = "", text]) => [name, text ?? ""])) };
}
