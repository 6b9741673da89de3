/** What is known of one code. */
export interface Explanation {
  readonly code: string;
  readonly severity: "error" | "warning";
  /** A full sentence. */
  readonly meaning: string;
  /** An example: what is wrong, what is said of it, and how it is right. */
  readonly sections: readonly Section[];
}

export interface Section {
  readonly title: string;
  /** Of the text, as Markdown has it. */
  readonly language: string;
  readonly text: string;
}
