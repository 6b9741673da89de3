/**
 * Receives faults of the server itself, outside of any composition.
 *
 * @param what our own text, the same for faults of one kind
 */
export type ServerFault = (message: string, cause: unknown) => void;
