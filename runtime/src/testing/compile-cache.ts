const folder = process.env.NODE_COMPILE_CACHE;

/** For a process with a separate environment: the folder in which this run of the tests keeps Node's compiled code. */
export const compiled: Readonly<Record<string, string>> = folder === undefined ? {} : { NODE_COMPILE_CACHE: folder };
