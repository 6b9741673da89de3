/** What fuzzing has found and is not mended yet: counted apart. An entry goes with its fault; each is about TypeScript's message. */
export const KNOWN: readonly { readonly fault: RegExp; readonly what: string }[] = [];
