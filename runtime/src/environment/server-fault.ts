/**
 * Receives faults of the server itself, outside of any composition.
 *
 * @param what our own text, the same for faults of one kind
 */
export type ServerFault = (message: string, cause: unknown) => void;

/** Prints faults on standard error. */
export const printFault: ServerFault = (message, cause) => {
  if (cause === undefined) console.error(message);
  else console.error(`${message}:`, cause);
};
