/** Shortens the start of a command of this repository. */
export function shortenStart(): void;
