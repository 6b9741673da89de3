/** What fuzzing has found and is not mended yet: counted apart. An entry goes with its fault; each is about TypeScript's message. */
export const KNOWN: readonly { readonly fault: RegExp; readonly what: string }[] = [
  { fault: /error TS1117: /, what: "the same message is spread twice into the arguments of a compose" },
  { fault: /error TS6133: 'cx' is declared/, what: "a step of a service has the name of a parameter" },
  {
    fault: /resolver.*\n?.*error TS2322: .*is not assignable to type 'Page'/,
    what: "`resolver: false` counts as a source",
  },
  {
    fault: /error TS2367: This comparison appears to be unintentional/,
    what: "an expression compares what TypeScript, not the checker, knows never to be equal (behind cel.bind, or an error's code after an earlier rule)",
  },
];
