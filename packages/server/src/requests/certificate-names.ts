/** Maximum number of names. No certificate that is meant for a service has more. */
const MAX_NAMES = 100;
/**
 * One entry of node's text of a certificate's alternative names (RFC 5280, 4.2.1.6). Node quotes values that could be
 * mistaken for another entry.
 */
const ENTRY = /(?:^|, )([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^",]*)(?=, |$)/y;

/**
 * Returns the URI and DNS names of a certificate, in their order: URIs first.
 *
 * @param text as `X509Certificate.subjectAltName`
 */
export function certificateNames(text: string): readonly string[] {
  const uris: string[] = [];
  const names: string[] = [];
  ENTRY.lastIndex = 0;
  while (ENTRY.lastIndex < text.length) {
    const [, kind, value = ""] = ENTRY.exec(text) ?? [];
    if (kind === undefined || uris.length + names.length === MAX_NAMES) return []; // nothing that we can read all of
    // No name of a service needs quotes. A certificate owner who may choose one kind of name must not forge the other
    // kind.
    if (kind === "URI" && URI.test(value)) uris.push(value);
    if (kind === "DNS" && DNS_NAME.test(value)) names.push(value);
  }
  // X.509-SVID, 2 and 5.2: several URIs identify no workload.
  const isAmbiguous = uris.length > 1 && uris.some((uri) => /^spiffe:/i.test(uri));
  return isAmbiguous ? names : [...uris, ...names];
}

const URI = /^[a-z][a-z0-9+.-]*:/i;
const DNS_NAME = /^[^":/]+$/;
