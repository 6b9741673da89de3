/** Parts of a caller that an rpc reads. */
export interface CallerFields {
  /** Proto names, sorted; undefined: the whole principal, because it is passed on or has a oneof that is read. */
  readonly fields: readonly string[] | undefined;
  /** True for a public rpc that does not read its caller: it answers all callers alike. */
  readonly isOpen: boolean;
}
