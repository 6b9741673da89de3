/** Place of tokens in `authorization`. */
export const BEARER_PLACE = "jwt authorization";

/** The issuer by which a source recognises its credentials among those of its place. */
export interface SourceIssuer {
  /** Kind and place of its credentials: sources that differ in it never compete. */
  readonly place: string;
  readonly issuer: string;
  /** Variables that filled the issuer, by name. */
  readonly variables: readonly string[];
}
