/** More names than this has no certificate that is meant for a service. */
const MOST_NAMES = 100;
/**
 * One entry of what node makes of a certificate's alternative names (RFC 5280, 4.2.1.6): values with anything in them that could be taken for
 * another entry stand in quotes.
 */
const ENTRY = /(?:^|, )([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^",]*)(?=, |$)/y;

/**
 * The URI and DNS names of a certificate, as they stand there: URIs first.
 *
 * @param text as `X509Certificate.subjectAltName`
 */
export function certificateNames(text: string): readonly string[] {
  const uris: string[] = [];
  const names: string[] = [];
  ENTRY.lastIndex = 0;
  while (ENTRY.lastIndex < text.length) {
    const [, kind, value = ""] = ENTRY.exec(text) ?? [];
    if (kind === undefined || uris.length + names.length === MOST_NAMES) return []; // nothing that we can read all of
    // No name of a service needs quotes. Whoever may have one kind of name given may not have it read as the other.
    if (kind === "URI" && URI.test(value)) uris.push(value);
    if (kind === "DNS" && DNS_NAME.test(value)) names.push(value);
  }
  // X.509-SVID, 2 and 5.2: with several URIs it is nobody's.
  const isAmbiguous = uris.length > 1 && uris.some((uri) => /^spiffe:/i.test(uri));
  return isAmbiguous ? names : [...uris, ...names];
}

const URI = /^[a-z][a-z0-9+.-]*:/i;
const DNS_NAME = /^[^":/]+$/;
