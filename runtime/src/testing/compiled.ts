const folder = process.env.NODE_COMPILE_CACHE;

/** For a process that has an environment of its own: where this run of the tests keeps what Node compiles. */
export const compiled: Readonly<Record<string, string>> = folder === undefined ? {} : { NODE_COMPILE_CACHE: folder };
