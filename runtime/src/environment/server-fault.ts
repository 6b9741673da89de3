/**
 * Takes what has gone wrong in the server itself, outside of any composition.
 *
 * @param what is a text of ours, the same for faults of one kind
 */
export type ServerFault = (what: string, cause: unknown) => void;
