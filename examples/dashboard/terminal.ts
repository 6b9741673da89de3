// Bold and dim text, on terminals that show it.
const colourful = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;

export const bold = (text: string): string => (colourful ? `\u001b[1m${text}\u001b[0m` : text);
export const dim = (text: string): string => (colourful ? `\u001b[2m${text}\u001b[0m` : text);

/** Prints a text with an indent. */
export function show(text: string): void {
  console.log(text.replace(/^(?=.)/gm, "   "));
}
