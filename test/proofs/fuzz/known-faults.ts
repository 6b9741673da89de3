/**
 * Known faults that fuzzing has found: counted separately. An entry is removed with its fault; each matches
 * TypeScript's message.
 */
export const KNOWN: readonly { readonly fault: RegExp; readonly what: string }[] = [];
