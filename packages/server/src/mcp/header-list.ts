/**
 * Reads credentials: `authorization=Bearer x,tenant=y`, with `\,` for a comma in a value.
 *
 * @returns undefined for a text that is none
 */
export function readHeaders(text: string): ReadonlyMap<string, string> | undefined {
  const headers = new Map<string, string>();
  for (const part of text.split(/(?<!\\),/)) {
    const [, name, value] = /^\s*([\w!#$%&'*+.^`|~-]+)=(.*)$/s.exec(part) ?? [];
    if (name === undefined || value === undefined) return undefined;
    headers.set(name.toLowerCase(), value.trim().replaceAll("\\,", ","));
  }
  return headers;
}
