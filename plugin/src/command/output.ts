/** What a subcommand comes to. */
export interface Output {
  readonly exitCode: 0 | 1 | 2;
  readonly stdout: string;
  readonly stderr: string;
}
export const failed = (stderr: string): Output => ({ exitCode: 1, stdout: "", stderr: `${stderr}\n` });
