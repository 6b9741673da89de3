/** Control, format and separator characters, among them escape sequences of terminals and changes of direction. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu;

/** Returns the text with escapes of JSON for characters that a terminal or an editor may not show. Keeps ends of lines. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (found) => (found === "\n" ? found : escapesOf(found)));
}

/** Returns the same on one line: a text of a capture cannot begin another line. */
export function printableLine(text: string): string {
  return text.replace(UNPRINTABLE, escapesOf);
}

function escapesOf(text: string): string {
  let escapes = "";
  for (let i = 0; i < text.length; i++) escapes += `\\u${text.charCodeAt(i).toString(16).padStart(4, "0")}`;
  return escapes;
}
