// Finds a project's TypeScript functions: resolvers of fields and messages, and functions of expressions.
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { tryRead } from "protoc-gen-bff/compiler";
import type { Location } from "vscode-languageserver";
import { TextDocument } from "vscode-languageserver-textdocument";
import type { Module } from "../../resolvers/member-uses.ts";
import { uriOf } from "./compiled-texts.ts";

const SKIPPED = /^(node_modules|dist|\..*)$/;
const MOST_FILES = 2_000;
const MOST_BYTES = 1_000_000;

/**
 * Returns the members of that name in modules that use a `…Resolvers` or `…Functions` type of generated code, in the
 * folder and below it.
 *
 * @param which the places that declare a member, or all that name it
 */
export function memberPlaces(root: string, member: string, which: "declarations" | "uses"): readonly Location[] {
  return [...modulesIn(root)].flatMap((module) => membersIn(module, member, which));
}

/** Returns the modules with a `…Functions` type, or of resolvers, that contain a word. */
export function modulesWith(root: string, word: string): readonly Module[] {
  const pattern = new RegExp(`(?<![\\w$])${word}(?![\\w$])`);
  return [...modulesIn(root)].filter(({ text }) => pattern.test(text));
}

function* modulesIn(root: string): Generator<Module> {
  const folders = [root];
  let files = 0;
  for (let folder = folders.pop(); folder !== undefined && files < MOST_FILES; folder = folders.pop()) {
    for (const entry of entriesOf(folder)) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        if (!SKIPPED.test(entry.name)) folders.push(path);
      } else if (entry.name.endsWith(".ts") && !entry.name.endsWith("_bff.ts") && ++files <= MOST_FILES) {
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
  const text = size > MOST_BYTES ? undefined : tryRead(path);
  return text !== undefined && /\b\w+(?:Resolvers|Functions)\b/.test(text) ? text : undefined;
}

function membersIn({ uri, text }: Module, member: string, which: "declarations" | "uses"): readonly Location[] {
  const document = TextDocument.create(uri, "typescript", 0, text);
  const named = {
    declarations: new RegExp(`^[ \\t]*(?:async[ \\t]+)?(${member})[ \\t]*[:(,]`, "gm"),
    uses: new RegExp(`(?<![\\w$])${member}(?![\\w$])`, "g"),
  }[which];
  return [...text.matchAll(named)].map((match) => {
    const from = match.index + match[0].indexOf(member);
    const range = { start: document.positionAt(from), end: document.positionAt(from + member.length) };
    return { uri: document.uri, range };
  });
}
