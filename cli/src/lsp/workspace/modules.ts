// Finds a project's modules with resolvers of fields and messages, or with functions of expressions.
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { tryRead } from "protoc-gen-bff/compiler";
import type { Module } from "../../resolvers/member-uses.ts";
import { uriOf } from "./compiled-texts.ts";

const SKIPPED = /^(node_modules|dist|\..*)$/;
const MAX_FILES = 2_000;
const MAX_BYTES = 1_000_000;

/**
 * Returns the modules that use a `…Resolvers` or `…Functions` type of generated code and contain a word, in the folder
 * and below it.
 */
export function modulesWith(root: string, word: string): readonly Module[] {
  const pattern = new RegExp(`(?<![\\w$])${word}(?![\\w$])`);
  return [...modulesIn(root)].filter(({ text }) => pattern.test(text));
}

function* modulesIn(root: string): Generator<Module> {
  const folders = [root];
  let files = 0;
  for (let folder = folders.pop(); folder !== undefined && files < MAX_FILES; folder = folders.pop()) {
    for (const entry of entriesOf(folder)) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        if (!SKIPPED.test(entry.name)) folders.push(path);
      } else if (entry.name.endsWith(".ts") && !entry.name.endsWith("_bff.ts") && ++files <= MAX_FILES) {
        const text = textOf(path);
        if (text !== undefined) yield { uri: uriOf(path), text };
      }
    }
  }
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    // The folder was removed, or may not be read.
    return [];
  }
}

function textOf(path: string): string | undefined {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  const text = size > MAX_BYTES ? undefined : tryRead(path);
  return text !== undefined && /\b\w+(?:Resolvers|Functions)\b/.test(text) ? text : undefined;
}
