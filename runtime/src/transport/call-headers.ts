/** Headers as they came: lower-case names, without those that begin with `:`; several values of a name are joined with ", ". */
export type ReceivedHeaders = Readonly<Record<string, string | readonly string[] | number | undefined>>;

/** Headers by lower-case name; values of `-bin` names are base64. */
export type OutgoingHeaders = Readonly<Record<string, string>>;
