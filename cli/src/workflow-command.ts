// Workflow commands of GitHub Actions: https://docs.github.com/actions/reference/workflow-commands-for-github-actions

/** Escapes the message of a command. */
export const escaped = (text: string): string => text.replace(/%/g, "%25").replace(/\r/g, "%0D").replace(/\n/g, "%0A");
/** Escapes the value of a command's property. */
export const property = (text: string): string => escaped(text).replace(/:/g, "%3A").replace(/,/g, "%2C");
