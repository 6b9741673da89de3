import { inspect } from "node:util";

/** Maximum length of foreign text in a line, in characters. */
const MAX_CHARACTERS = 500;
/** Maximum length of a thrown value, with its stack and causes, in characters. */
const MAX_THROWN_CHARACTERS = 8_000;
const MAX_CAUSES = 5;

/** Control characters of both sets, C0 and C1, and all other ends of lines. */
const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}]+/gu;
/** Most texts, which need no change. */
const PLAIN = /^[\x20-\x7e]*$/;

/** Another party's words, on one line and not too long. */
export function tame(text: string): string {
  if (text.length <= MAX_CHARACTERS && PLAIN.test(text)) return text;
  return cut(text.replace(CONTROLS, " "), MAX_CHARACTERS);
}

/** The same in quotes, as messages show a value. */
export function quoted(text: string): string {
  return JSON.stringify(cut(text, 60)).replace(CONTROLS, " ");
}

function partOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.stack ?? thrown.message;
  return typeof thrown === "string" ? thrown : inspect(thrown);
}

/**
 * Returns the text of a thrown value: for errors the stack, and the stacks of their causes. It has several lines,
 * without control characters.
 */
export function thrownText(thrown: unknown): string {
  const parts: string[] = [];
  try {
    const seen = new Set<unknown>();
    for (let at = thrown; !seen.has(at) && parts.length < MAX_CAUSES; at = at.cause) {
      seen.add(at);
      parts.push(partOf(at));
      if (!(at instanceof Error) || at.cause === undefined) break;
    }
  } catch {
    parts.push("something that cannot be shown");
  }
  const lines = parts.join("\ncaused by: ").split(/\r?\n/);
  return cut(lines.map((line) => line.replace(CONTROLS, " ")).join("\n"), MAX_THROWN_CHARACTERS);
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}
