/** Argument of a server that serves its tools over standard input and output, and opens no port. */
export const STDIO = "--mcp-stdio";
export const isStdio = ({ argv }: Pick<NodeJS.Process, "argv">): boolean => argv.includes(STDIO);
