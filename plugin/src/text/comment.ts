import { getComments } from "@bufbuild/protoplugin";

/** Its leading comment, without what only tools read. */
export function commentOf(desc: Parameters<typeof getComments>[0]): string | undefined {
  const text = getComments(desc)
    .leading?.split("\n")
    .map((line) => line.trim())
    .filter((line) => !line.startsWith("buf:lint:"))
    .join("\n")
    .trim();
  return text === undefined || text === "" || /^(@exclude|protobff:)/.test(text) ? undefined : text;
}
