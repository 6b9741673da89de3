/** Who waits for whom in a BFF of `proto/example`, as the plugin has planned it. `file` is `web/v1/web.proto` or `mobile/v1/mobile.proto`. */
export function planText(file: string): string {
  // to be wired to describePlan of protoc-gen-bff
  return `(no plan of ${file} yet)`;
}
