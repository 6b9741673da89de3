/** More names than this has no certificate that is meant for a service. */
const MOST_NAMES = 100;
/**
 * One entry of what node makes of a certificate's alternative names (RFC 5280, 4.2.1.6): values with anything in them that could be taken for
 * another entry stand in quotes.
 */
const ENTRY = /(?:^|, )([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^",]*)(?=, |$)/y;

/**
 * The URI and DNS names of a certificate, as they stand there.
 *
 * @param text as `X509Certificate.subjectAltName`
 */
export function certificateNames(text: string): readonly string[] {
  const names: string[] = [];
  ENTRY.lastIndex = 0;
  while (ENTRY.lastIndex < text.length) {
    const [, kind, value = ""] = ENTRY.exec(text) ?? [];
    if (kind === undefined || names.length === MOST_NAMES) return []; // nothing that we can read all of
    // No name of a service needs quotes.
    if ((kind === "URI" || kind === "DNS") && value !== "" && !value.startsWith('"')) names.push(value);
  }
  return names;
}
