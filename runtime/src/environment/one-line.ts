import { inspect } from "node:util";

/** Of what others say, no more than this goes into a line, in characters. */
const MOST_CHARACTERS = 500;
/** Of what was thrown, with its stack and causes. */
const MOST_THROWN = 8_000;
const MOST_CAUSES = 5;

/** Control characters of both sets, C0 and C1, and what else ends a line. */
const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}]+/gu;

/** Another party's words, on one line and not too long. */
export function tame(text: string): string {
  return cut(text.replace(CONTROLS, " "), MOST_CHARACTERS);
}

/** The same in quotes, as messages show a value. */
export function quoted(text: string): string {
  return JSON.stringify(cut(text, 60)).replace(CONTROLS, " ");
}

function partOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.stack ?? thrown.message;
  return typeof thrown === "string" ? thrown : inspect(thrown);
}

/** What was thrown: of errors the stack, and those of their causes; several lines, none with control characters. */
export function thrownText(thrown: unknown): string {
  const parts: string[] = [];
  try {
    const seen = new Set<unknown>();
    for (let at = thrown; !seen.has(at) && parts.length < MOST_CAUSES; at = at.cause) {
      seen.add(at);
      parts.push(partOf(at));
      if (!(at instanceof Error) || at.cause === undefined) break;
    }
  } catch {
    parts.push("something that cannot be shown");
  }
  const lines = parts.join("\ncaused by: ").split(/\r?\n/);
  return cut(lines.map((line) => line.replace(CONTROLS, " ")).join("\n"), MOST_THROWN);
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}
