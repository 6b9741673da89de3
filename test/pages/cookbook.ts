// The recipes of docs/cookbook.md, cut out of the page: what it shows is what is tested.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { GoldenCase } from "../support/golden.ts";

export const COOKBOOK = fileURLToPath(new URL("../../docs/cookbook.md", import.meta.url));

const UPSTREAMS = fileURLToPath(new URL("cookbook", import.meta.url));

export interface Recipe extends GoldenCase {
  readonly title: string;
  /** As the page shows it. */
  readonly plan: string;
  /** Files of the user, in TypeScript: name → text. */
  readonly beside: Readonly<Record<string, string>>;
}

const blocks = (text: string, language: string): string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms"))].map(([, block = ""]) => block);

/** The recipes in the page's order, and the protos of test/pages/cookbook by name. */
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
  const names = readdirSync(UPSTREAMS, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".proto"));
  const upstreams = names.sort().map((name) => [name, readFileSync(join(UPSTREAMS, name), "utf8")] as const);
  return { recipes, upstreams: Object.fromEntries(upstreams) };
}
